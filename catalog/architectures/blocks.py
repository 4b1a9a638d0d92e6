"""Pieces that most readers share: attention, feed-forward blocks, stacks of layers and the whole decoder."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from catalog.architectures.config import Config, dtype
from catalog.types import Architecture, Attention, Layer, Mlp, Moe

Key = TypeVar("Key", bound=Hashable)

CLASSIFIER_SUFFIXES = ("ForSequenceClassification", "ForTokenClassification")
"""Endings of class names in `architectures` that carry a classification head instead of a language-model head."""

HEAD_SUFFIXES = ("LMHeadModel", "ChatGLMModel")
"""Class names that end in Model and carry a language-model head all the same."""

DEFAULT_LABELS = 2
"""Labels of a classifier whose config names none (class default of transformers)."""


def head_dim(config: Config) -> int:
    """Width of one attention head: given, or the class rule hidden_size / heads where the config leaves it out."""
    given = config.optional("head_dim")
    return given or config.size("hidden_size") // config.size("num_attention_heads")


def kv_heads(config: Config) -> int:
    return config.size("num_key_value_heads", config.size("num_attention_heads"))


def attention(config: Config, **changes: Any) -> Attention:
    """Grouped-query attention with the config's heads; `changes` name what the family does differently."""
    facts: dict[str, Any] = {
        "num_attention_heads": config.size("num_attention_heads"),
        "num_key_value_heads": kv_heads(config),
        "head_dim": head_dim(config),
    }
    return Attention(**{**facts, **changes})


def mlp(config: Config, **changes: Any) -> Mlp:
    """Gated feed-forward block of the config's width."""
    width = changes.pop("intermediate_size", None) or config.size("intermediate_size")
    return Mlp(**{"intermediate_size": width, "bias": config.flag("mlp_bias"), **changes})


def moe(config: Config, **changes: Any) -> Moe:
    """Mixture of experts; shared experts are as wide as n_shared_experts routed ones unless `changes` differs."""
    width = changes.pop("moe_intermediate_size", None) or config.size("moe_intermediate_size")
    facts: dict[str, Any] = {
        "num_experts": config.size("num_experts"),
        "num_experts_per_tok": config.size("num_experts_per_tok"),
        "moe_intermediate_size": width,
        "shared_expert_intermediate_size": config.size("n_shared_experts", 0) * width,
    }
    return Moe(**{**facts, **changes})


def stack(keys: Iterable[Key], build: Callable[[Key], Layer]) -> dict[str, tuple[Any, ...]]:
    """`kinds` and `order` of an Architecture: one Layer for each different key."""
    order: list[int] = []
    index: dict[Key, int] = {}
    for key in keys:
        order.append(index.setdefault(key, len(index)))
    return {"kinds": tuple(build(key) for key in index), "order": tuple(order)}


def has_lm_head(config: Config) -> bool:
    """False if the config names a bare model or a classifier; True where it does not say."""
    names = tuple(config.inner_types())
    bare = any(name.endswith("Model") and not name.endswith(HEAD_SUFFIXES) for name in names)
    return not bare and not is_classifier(config)


def is_classifier(config: Config) -> bool:
    return any(name.endswith(CLASSIFIER_SUFFIXES) for name in config.inner_types())


def labels(config: Config) -> int:
    """Outputs of a classification head."""
    named = config.raw("id2label")
    return config.size("num_labels", len(named) if isinstance(named, dict) and named else DEFAULT_LABELS)


def score_parameters(config: Config) -> int:
    """The bias-free score head of a decoder that classifies."""
    return labels(config) * config.size("hidden_size") if is_classifier(config) else 0


def tied(config: Config, default: bool) -> bool:
    """Whether embedding and head are one matrix; the class default where no level of the config says."""
    value = config.inherited("tie_word_embeddings")
    return default if value is None else bool(value)


def decoder(config: Config, keys: Iterable[Key], build: Callable[[Key], Layer], **changes: Any) -> Architecture:
    """A decoder from its layers; `changes` override single facts."""
    facts: dict[str, Any] = {
        "model_type": config.model_type,
        "hidden_size": config.size("hidden_size"),
        "vocab_size": config.size("vocab_size"),
        "tie_word_embeddings": tied(config, default=False),
        "max_position_embeddings": config.optional("max_position_embeddings"),
        "lm_head": has_lm_head(config),
        "final_parameters": config.size("hidden_size") + score_parameters(config),
        "dtype": dtype(config),
        **stack(keys, build),
        **changes,
    }
    return Architecture(**facts)


def layers(config: Config) -> int:
    return config.count("num_hidden_layers")


def repeats(config: Config, value: Any) -> int:
    """How often a part of a pattern is repeated: never more than there are layers."""
    return min(config.whole("attention_types", value), layers(config))


def layer_types(config: Config, name: str = "layer_types") -> tuple[str, ...]:
    """The per-layer list of kinds, cut to the number of layers; empty where the config has none."""
    return tuple(map(str, config.items(name)))[: layers(config)]


def every(count: int, period: int, *, offset: int) -> tuple[bool, ...]:
    """True at layers offset, offset + period, ... of `count`."""
    return tuple(index % period == offset for index in range(count))


def window_pattern(config: Config, period: int) -> tuple[str, ...]:
    """`layer_types`, or its older form: every period-th layer looks at everything, the rest at a window."""
    whole = every(layers(config), period, offset=period - 1)
    return layer_types(config) or tuple("full_attention" if full else "sliding_attention" for full in whole)


def is_windowed(kind: str) -> bool:
    return "sliding" in kind or "local" in kind


def sparse_layers(config: Config) -> tuple[bool, ...]:
    """Which layers hold experts, from whichever of the usual keys the config uses."""
    count = layers(config)
    frequency = config.raw("moe_layer_freq")
    if isinstance(frequency, list):
        return tuple(bool(value) for value in frequency[:count])
    if config.has("mlp_layer_types"):
        return tuple(kind == "sparse" for kind in layer_types(config, "mlp_layer_types"))
    first = config.size("first_k_dense_replace", 0)
    step = config.size("moe_layer_freq", 1) or 1
    return tuple(index >= first and index % step == 0 for index in range(count))


def pairs(*columns: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """Keys of a stack from several per-layer columns of the same length."""
    return tuple(zip(*columns, strict=True))
