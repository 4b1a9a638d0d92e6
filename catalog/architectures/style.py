"""Decoders that are Llama with small differences: a Style names the differences, one function reads them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any, Literal

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.types import Architecture, FeedForward, Layer, Table

BiasRule = bool | str
"""Always, never, or the config key that tells."""

LAYER_NORM = 2
"""Vectors of one layer norm with bias: weight and bias."""


def no_layer(config: Config) -> tuple[bool, ...]:
    return (False,) * blocks.layers(config)


@dataclass(frozen=True)
class Style:
    """What one family does differently from Llama."""

    norms: int = 2
    """Vectors of hidden_size in a layer: norm weights, and norm biases where there are any."""
    final_norms: int = 1
    extra_vectors: Callable[[Config], int] = lambda config: 0
    """Other vector parameters of a layer (attention sinks, norms of another width)."""
    qkv_bias: BiasRule = "attention_bias"
    output_bias: BiasRule = "attention_bias"
    mlp_bias: BiasRule = "mlp_bias"
    bias_default: bool = False
    """What an absent bias key means."""
    qk_norm: Literal["none", "head", "full"] = "none"
    gated: bool = True
    tied: bool = False
    """Class default of tie_word_embeddings."""
    lm_head_bias: bool = False
    window_period: int = 0
    """Default of sliding_window_pattern: every so many layers one is full; 0: no such rule."""
    positions_from: int | None = None
    """Learned positions: rows beyond max_position_embeddings; None: no table."""
    width_scale: float = 1
    """Real width of the feed-forward block over intermediate_size."""
    width_factor: int = 0
    """Width of the feed-forward block over hidden_size where the config gives none."""
    sparse: Callable[[Config], tuple[bool, ...]] = no_layer
    experts: Callable[[Config], FeedForward] = blocks.moe
    dense_width: str = "intermediate_size"
    nextn_copies: bool = False
    """Prediction layers carry their own embedding and head."""


def bias(config: Config, rule: BiasRule, default: bool) -> bool:
    return config.flag(rule, default) if isinstance(rule, str) else rule


def pattern_kinds(config: Config, period: int) -> tuple[str, ...]:
    """Kinds by sliding_window_pattern: a period, or letters such as LLLG with G for a full layer."""
    pattern = config.raw("sliding_window_pattern") or config.raw("_sliding_window_pattern")
    if isinstance(pattern, str):
        letters = islice(cycle(pattern), blocks.layers(config))
        return tuple("full_attention" if letter == "G" else "sliding_attention" for letter in letters)
    return blocks.window_pattern(config, config.whole("sliding_window_pattern", pattern or period))


def window_kinds(config: Config, period: int) -> tuple[str, ...]:
    """Kind of every layer of a config that has a window, as vLLM reads it."""
    count = blocks.layers(config)
    listed = blocks.layer_types(config)
    if listed:
        return listed
    if period:
        return pattern_kinds(config, period)
    first = config.size("max_window_layers", 0) if config.flag("use_sliding_window") else 0
    return tuple("sliding_attention" if index >= first else "full_attention" for index in range(count))


def windows(config: Config, period: int = 0) -> tuple[int | None, ...]:
    """Window of every layer; None for full attention, and where the window covers every position."""
    window = config.optional("sliding_window")
    longest = config.size("max_position_embeddings", 0) or window
    if not window or window >= (longest or 0) or not config.flag("use_sliding_window", default=True):
        return (None,) * blocks.layers(config)
    return tuple(window if blocks.is_windowed(kind) else None for kind in window_kinds(config, period))


def dense_block(config: Config, style: Style) -> FeedForward:
    """The feed-forward block of a layer without experts."""
    fallback = style.width_factor * config.size("hidden_size") or None
    width = int(config.size(style.dense_width, fallback) * style.width_scale)
    gated = style.gated and "relu2" not in config.text("hidden_act")
    has_bias = bias(config, style.mlp_bias, style.bias_default)
    return blocks.mlp(config, intermediate_size=width, gated=gated, bias=has_bias)


def styled_layer(config: Config, style: Style, *, window: int | None, sparse: bool) -> Layer:
    mixer = blocks.attention(
        config,
        sliding_window=window,
        qkv_bias=bias(config, style.qkv_bias, style.bias_default),
        output_bias=bias(config, style.output_bias, style.bias_default),
        qk_norm=style.qk_norm,
    )
    return Layer(
        mixer=mixer,
        feed_forward=style.experts(config) if sparse else dense_block(config, style),
        norm_parameters=style.norms * config.size("hidden_size") + style.extra_vectors(config),
    )


def position_table(config: Config, style: Style) -> tuple[Table, ...]:
    if style.positions_from is None:
        return ()
    rows = config.size("max_position_embeddings") + style.positions_from
    return (Table(name="positions", rows=rows, columns=config.size("hidden_size")),)


JOINING_NORMS = 3
"""Norms of a prediction layer beside its block: on the embedding, on the hidden state, and the last one."""


def nextn(config: Config, layer: Layer, *, copies: bool = False) -> dict[str, Any]:
    """Multi-token-prediction layers: a block of the last kind behind a projection of hidden state and embedding."""
    count = config.size("num_nextn_predict_layers", 0)
    if not count:
        return {}
    hidden = config.size("hidden_size")
    extras = 2 * hidden * hidden + JOINING_NORMS * hidden
    if copies:
        extras += 2 * config.size("vocab_size") * hidden
    return {"num_nextn_predict_layers": count, "nextn_layer": layer, "nextn_extras": extras}


def read_styled(config: Config, style: Style, **changes: Any) -> Architecture:
    """A decoder of this style."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    keys = blocks.pairs(windows(config, style.window_period), style.sparse(config))
    facts: dict[str, Any] = {
        "tie_word_embeddings": blocks.tied(config, style.tied),
        "final_parameters": style.final_norms * config.size("hidden_size") + blocks.score_parameters(config),
        "lm_head_bias": style.lm_head_bias,
        "tables": position_table(config, style),
    }
    build = partial(_build, config, style)
    last = build(keys[-1])
    return blocks.decoder(config, keys, build, **{**facts, **nextn(config, last, copies=style.nextn_copies), **changes})


def _build(config: Config, style: Style, key: tuple[int | None, bool]) -> Layer:
    window, sparse = key
    return styled_layer(config, style, window=window, sparse=sparse)


def styled_readers(styles: Mapping[str, Style]) -> dict[str, Callable[[Config], Architecture]]:
    """A READERS table from a table of styles."""
    return {model_type: partial(read_styled, style=style) for model_type, style in styles.items()}
