"""Gemma 3n and Gemma 4: global layers with heads of their own, layers that share a cache, per-layer embeddings."""

from __future__ import annotations

from typing import Any

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.style import window_kinds
from catalog.types import Architecture, Attention, FeedForward, Layer, Table

PERIOD = 6
"""Class default: every sixth layer is global."""


def shared_layers(config: Config) -> tuple[bool, ...]:
    """The last num_kv_shared_layers read an earlier layer's cache."""
    count = blocks.layers(config)
    first = count - config.size("num_kv_shared_layers", 0)
    return tuple(index >= first for index in range(count))


def gemma4_attention(config: Config, *, windowed: bool, shared: bool) -> Attention:
    """Window heads, or global heads of global_head_dim whose keys serve as values where attention_k_eq_v says so."""
    facts: dict[str, Any] = {"qk_norm": "head", "shares_cache": shared, "qkv_bias": config.flag("attention_bias")}
    if windowed:
        return blocks.attention(config, sliding_window=config.size("sliding_window"), **facts)
    merged = config.flag("attention_k_eq_v")
    groups = config.size("num_global_key_value_heads", 0) if merged else 0
    return blocks.attention(
        config,
        head_dim=config.size("global_head_dim", blocks.head_dim(config)),
        num_key_value_heads=groups or blocks.kv_heads(config),
        key_is_value=merged,
        **facts,
    )


def gemma4_block(config: Config, *, shared: bool) -> FeedForward:
    """Dense block, twice as wide in sharing layers if use_double_wide_mlp; with experts it runs beside them."""
    width = config.size("intermediate_size") * (2 if shared and config.flag("use_double_wide_mlp") else 1)
    if config.flag("enable_moe_block"):
        return blocks.moe(config, shared_expert_intermediate_size=width)
    return blocks.mlp(config, intermediate_size=width)


def expert_vectors(config: Config) -> int:
    """Three norms, the router's scale, and one scale per expert."""
    return 4 * config.size("hidden_size") + config.size("num_experts") if config.flag("enable_moe_block") else 0


def per_layer_gate(config: Config) -> int:
    """Gate and projection of the per-layer embedding."""
    return 2 * config.size("hidden_size_per_layer_input", 0) * config.size("hidden_size")


def per_layer_embedding(config: Config) -> tuple[tuple[Table, ...], int]:
    """The table of per-layer embeddings, and the weights that project the hidden state into them."""
    width = config.size("hidden_size_per_layer_input", 0)
    if not width:
        return (), 0
    columns = blocks.layers(config) * width
    rows = config.size("vocab_size_per_layer_input", config.size("vocab_size"))
    table = Table(name="per_layer_embedding", rows=rows, columns=columns)
    return (table,), columns * config.size("hidden_size") + width


def gemma4(config: Config) -> Architecture:
    """Gemma 4 text model."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "sliding_window")
    hidden = config.size("hidden_size")

    def build(key: tuple[bool, bool]) -> Layer:
        windowed, shared = key
        norms = (5 if config.size("hidden_size_per_layer_input", 0) else 4) * hidden
        return Layer(
            mixer=gemma4_attention(config, windowed=windowed, shared=shared),
            feed_forward=gemma4_block(config, shared=shared),
            norm_parameters=norms + expert_vectors(config) + LAYER_SCALAR,
            other_parameters=per_layer_gate(config),
        )

    windowed = tuple(blocks.is_windowed(kind) for kind in window_kinds(config, PERIOD))
    tables, projection = per_layer_embedding(config)
    return blocks.decoder(
        config,
        blocks.pairs(windowed, shared_layers(config)),
        build,
        tie_word_embeddings=blocks.tied(config, default=True),
        tables=tables,
        final_parameters=hidden + projection,
    )


LAYER_SCALAR = 1
"""Each layer's output scale, one number."""


def gemma3n_other(config: Config) -> int:
    """Matrices of a Gemma 3n layer beside attention and feed-forward: LAuReL, AltUp, per-layer embedding."""
    hidden, streams = config.size("hidden_size"), config.size("altup_num_inputs")
    laurel = 2 * hidden * config.size("laurel_rank")
    altup = streams * streams + streams**3 + streams * hidden
    return laurel + altup + per_layer_gate(config)


def gemma3n(config: Config) -> Architecture:
    """Gemma 3n text model: several parallel streams, a low-rank branch, a table of per-layer embeddings."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "sliding_window")
    hidden, streams = config.size("hidden_size"), config.size("altup_num_inputs")
    widths = config.raw("intermediate_size")
    width = widths[0] if isinstance(widths, list) and widths else widths

    def build(key: tuple[bool, bool]) -> Layer:
        windowed, shared = key
        window = config.size("sliding_window") if windowed else None
        return Layer(
            mixer=blocks.attention(config, qk_norm="head", shares_cache=shared, sliding_window=window),
            feed_forward=blocks.mlp(config, intermediate_size=config.whole("intermediate_size", width)),
            norm_parameters=GEMMA3N_VECTORS * hidden,
            other_parameters=gemma3n_other(config),
        )

    windowed = tuple(blocks.is_windowed(kind) for kind in window_kinds(config, GEMMA3N_PERIOD))
    tables, projection = per_layer_embedding(config)
    return blocks.decoder(
        config,
        blocks.pairs(windowed, shared_layers(config)),
        build,
        tie_word_embeddings=blocks.tied(config, default=True),
        tables=tables,
        final_parameters=hidden + projection + 2 * (streams - 1) * hidden * hidden,
    )


GEMMA3N_VECTORS = 8
"""Vectors of a layer: four norms, per-layer norm, LAuReL norm, AltUp norm and output scale."""

GEMMA3N_PERIOD = 5
"""Class default: every fifth layer is global."""

READERS = {"gemma4_text": gemma4, "gemma3n_text": gemma3n}
