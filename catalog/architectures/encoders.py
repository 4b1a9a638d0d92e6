"""Encoders behind embedding models and rerankers: BERT, RoBERTa, XLM-R, ModernBERT, gte and Nomic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from catalog.architectures import blocks
from catalog.architectures.config import Config, UnknownArchitecture, dtype
from catalog.architectures.style import LAYER_NORM
from catalog.types import Architecture, Layer, Table


def pooler(config: Config) -> int:
    hidden = config.size("hidden_size")
    return hidden * hidden + hidden


def masked_head(config: Config) -> int:
    """Transform, layer norm and output bias of a masked-language head; its matrix is the embedding."""
    return pooler(config) + LAYER_NORM * config.size("hidden_size") + config.size("vocab_size")


def bert_head(config: Config) -> int:
    """What stands behind the last layer of a BERT, by the class that the config names."""
    if any(name.endswith("ForMaskedLM") for name in config.inner_types()):
        return masked_head(config)
    if blocks.is_classifier(config):
        return pooler(config) + blocks.labels(config) * (config.size("hidden_size") + 1)
    return pooler(config)


def tables(config: Config) -> tuple[Table, ...]:
    """Learned positions and token types, where the config has them."""
    hidden = config.size("hidden_size")
    rows = {"token_types": config.size("type_vocab_size", 0)}
    if config.text("position_embedding_type", "absolute") == "absolute":
        rows["positions"] = config.size("max_position_embeddings")
    return tuple(Table(name=name, rows=count, columns=hidden) for name, count in rows.items() if count)


def encoder(
    config: Config, *, layer: Callable[[int], Layer], keys: tuple[int, ...], tables: tuple[Table, ...], final: int
) -> Architecture:
    """An encoder without an output head; `keys` tell its layers apart."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    return Architecture(
        model_type=config.model_type,
        role="encoder",
        hidden_size=config.size("hidden_size"),
        vocab_size=config.size("vocab_size"),
        tie_word_embeddings=True,
        max_position_embeddings=config.optional("max_position_embeddings"),
        lm_head=False,
        tables=tables,
        final_parameters=final,
        dtype=dtype(config),
        **blocks.stack(keys, layer),
    )


def bert_layer(config: Config) -> Layer:
    """Post-norm block with a bias on every linear."""
    return Layer(
        mixer=blocks.attention(config, qkv_bias=True, output_bias=True),
        feed_forward=blocks.mlp(config, gated=False, bias=True),
        norm_parameters=2 * LAYER_NORM * config.size("hidden_size"),
    )


def bert(config: Config, *, reserved_positions: int = 0) -> Architecture:
    """BERT and its kin; RoBERTa reserves the first rows of the position table (pad index + 1)."""
    found = encoder(
        config,
        layer=lambda key: bert_layer(config),
        keys=(0,) * blocks.layers(config),
        tables=tables(config),
        final=LAYER_NORM * config.size("hidden_size") + bert_head(config),
    )
    usable = (found.max_position_embeddings or 0) - reserved_positions
    return found.model_copy(update={"max_position_embeddings": usable}) if usable > 0 else found


def distilbert(config: Config) -> Architecture:
    """DistilBERT: a BERT without token types and pooler, under names of its own."""
    names = {"intermediate_size": "hidden_dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
    values = {**config.values, **{new: config.raw(old) for new, old in names.items()}, "type_vocab_size": 0}
    found = bert(Config(values, parent=config.parent))
    return found.model_copy(update={"final_parameters": found.final_parameters - pooler(config)})


def mpnet(config: Config) -> Architecture:
    """MPNet: a BERT without token types, with one table of relative positions for all layers."""
    found = bert(Config({**config.values, "type_vocab_size": 0}), reserved_positions=ROBERTA_RESERVED_POSITIONS)
    buckets = config.size("relative_attention_num_buckets", RELATIVE_BUCKETS) * config.size("num_attention_heads")
    return found.model_copy(update={"final_parameters": found.final_parameters + buckets})


def deberta(config: Config) -> Architecture:
    """DeBERTa v2 and v3: relative positions in one table shared by all layers, no absolute ones, no pooler."""
    hidden = config.size("hidden_size")
    if not config.flag("share_att_key") or config.optional("conv_kernel_size"):
        raise UnknownArchitecture(config.model_type, strange=("share_att_key", "conv_kernel_size"))
    spans = max(config.size("position_buckets", 0), 0) or config.size("max_relative_positions", 0)
    spans = spans or config.size("max_position_embeddings")
    relative = 2 * spans * hidden + LAYER_NORM * hidden * ("layer_norm" in config.text("norm_rel_ebd"))
    values = {**config.values, "position_embedding_type": "relative"}
    found = bert(Config(values, parent=config.parent))
    return found.model_copy(update={"final_parameters": found.final_parameters - pooler(config) + relative})


RELATIVE_BUCKETS = 32
"""Class default of relative_attention_num_buckets in MPNet."""

ROBERTA_RESERVED_POSITIONS = 2
"""Positions of RoBERTa start after the padding index 1: 514 rows serve 512 tokens."""


def gte(config: Config) -> Architecture:
    """gte and Snowflake's "new" encoder: rotary positions, gated block with one bias, post-norm."""
    hidden = config.size("hidden_size")

    def layer(key: int) -> Layer:
        return Layer(
            mixer=blocks.attention(config, qkv_bias=True, output_bias=True),
            feed_forward=blocks.mlp(config, bias=False),
            norm_parameters=2 * LAYER_NORM * hidden + hidden,
        )

    head = blocks.labels(config) * (hidden + 1) if config.has("num_labels") or blocks.is_classifier(config) else 0
    return encoder(
        config, layer=layer, keys=(0,) * blocks.layers(config), tables=tables(config), final=LAYER_NORM * hidden + head
    )


def nomic(config: Config) -> Architecture:
    """Nomic's BERT: rotary positions, gated block, no biases but in the norms."""
    values = {
        "intermediate_size": config.size("intermediate_size", 4 * config.size("hidden_size")),
        "position_embedding_type": "rope",
    }
    inner = Config({**config.values, **values})

    def layer(key: int) -> Layer:
        norms = 2 * LAYER_NORM * inner.size("hidden_size")
        return Layer(mixer=blocks.attention(inner), feed_forward=blocks.mlp(inner, bias=False), norm_parameters=norms)

    final = LAYER_NORM * inner.size("hidden_size")
    return encoder(inner, layer=layer, keys=(0,) * blocks.layers(inner), tables=tables(inner), final=final)


GLOBAL_EVERY = 3
"""Class default of global_attn_every_n_layers in ModernBERT."""


def modernbert(config: Config) -> Architecture:
    """ModernBERT: no biases, local layers between global ones, no attention norm before the first layer."""
    hidden, window = config.size("hidden_size"), config.optional("local_attention")
    period = config.size("global_attn_every_n_layers", GLOBAL_EVERY)

    def layer(key: int) -> Layer:
        return Layer(
            mixer=blocks.attention(config, sliding_window=window if key == LOCAL else None),
            feed_forward=blocks.mlp(config, bias=False),
            norm_parameters=(1 if key == FIRST else 2) * hidden,
        )

    keys = (FIRST, *(GLOBAL if index % period == 0 else LOCAL for index in range(1, blocks.layers(config))))
    return encoder(config, layer=layer, keys=keys, tables=(), final=2 * hidden)


FIRST, GLOBAL, LOCAL = range(3)

ROBERTA = partial(bert, reserved_positions=ROBERTA_RESERVED_POSITIONS)

READERS = {
    **dict.fromkeys(("bert", "electra"), bert),
    **dict.fromkeys(("roberta", "xlm-roberta", "camembert"), ROBERTA),
    **dict.fromkeys(("new", "gte"), gte),
    "distilbert": distilbert,
    "mpnet": mpnet,
    "deberta-v2": deberta,
    "nomic_bert": nomic,
    "modernbert": modernbert,
}
