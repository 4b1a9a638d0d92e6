"""Llama descendants whose layers differ from one another: Llama 4 and Nemotron's searched architectures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.types import Architecture, Attention, FeedForward, Layer, Mlp

DEFAULT_CHUNK = 8192
"""Class default of attention_chunk_size."""

DEFAULT_FULL_EVERY = 4
"""Class default of no_rope_layer_interval: every fourth layer is full and without positions."""


def chunked_layers(config: Config) -> tuple[bool, ...]:
    """Layers with positions attend within a chunk; those without attend to everything."""
    count = blocks.layers(config)
    listed = blocks.layer_types(config)
    if listed:
        return tuple("chunked" in kind for kind in listed)
    given = config.sizes("no_rope_layers")[:count]
    period = config.size("no_rope_layer_interval", DEFAULT_FULL_EVERY)
    return tuple(map(bool, given)) or tuple(not full for full in blocks.every(count, period, offset=period - 1))


def llama4(config: Config) -> Architecture:
    """Llama 4 text model: chunked attention 3 to 1, experts every interleave_moe_layer_step layers, one shared."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    step = config.size("interleave_moe_layer_step", 1)
    sparse = blocks.every(blocks.layers(config), step, offset=step - 1)
    width = config.size("intermediate_size")
    chunk = config.size("attention_chunk_size", DEFAULT_CHUNK)

    def build(key: tuple[bool, bool]) -> Layer:
        chunked, routed = key
        block: FeedForward = Mlp(intermediate_size=config.size("intermediate_size_mlp", width))
        if routed:
            block = blocks.moe(config, moe_intermediate_size=width, shared_expert_intermediate_size=width)
        mixer = blocks.attention(config, attention_chunk_size=chunk if chunked else None)
        return Layer(mixer=mixer, feed_forward=block, norm_parameters=2 * config.size("hidden_size"))

    return blocks.decoder(config, blocks.pairs(chunked_layers(config), sparse), build)


WIDTH_MULTIPLE = 256
"""Searched feed-forward widths are rounded up to a multiple of this."""


def searched_width(config: Config, factor: float) -> int:
    exact = int(2 * factor * config.size("hidden_size") / 3)
    return -(-exact // WIDTH_MULTIPLE) * WIDTH_MULTIPLE


def searched_layer(config: Config, key: tuple[int, bool, float, bool]) -> Layer:
    """One searched block: grouped attention, one linear or nothing, then a feed-forward of its own width or nothing."""
    group, attention_linear, factor, feed_forward_linear = key
    hidden = config.size("hidden_size")
    heads = config.size("num_attention_heads")
    mixer: Attention | None = blocks.attention(config, num_key_value_heads=heads // group) if group else None
    block = Mlp(intermediate_size=searched_width(config, factor)) if factor else None
    linears = attention_linear + feed_forward_linear
    return Layer(
        mixer=mixer,
        feed_forward=block,
        norm_parameters=(bool(mixer) + bool(block) + linears) * hidden,
        other_parameters=linears * hidden * hidden,
    )


def block_key(config: Config, part: Any) -> tuple[int, bool, float, bool]:
    if not isinstance(part, Mapping):
        raise config.malformed("block_configs")
    attention, feed_forward = part.get("attention") or {}, part.get("ffn") or {}
    group = 0 if attention.get("no_op") or attention.get("replace_with_linear") else attention.get("n_heads_in_group")
    factor = 0 if feed_forward.get("no_op") or feed_forward.get("replace_with_linear") else feed_forward.get("ffn_mult")
    return (
        config.whole("n_heads_in_group", group or 0),
        bool(attention.get("replace_with_linear")),
        float(factor or 0),
        bool(feed_forward.get("replace_with_linear")),
    )


def nemotron_nas(config: Config) -> Architecture:
    """Nemotron Super and Ultra: block_configs says for every layer what it is."""
    config.need("hidden_size", "num_attention_heads", "vocab_size", "block_configs")
    keys = [block_key(config, part) for part in config.items("block_configs")]
    return blocks.decoder(config, keys, lambda key: searched_layer(config, key))


READERS = {"llama4_text": llama4, "nemotron-nas": nemotron_nas, "deci": nemotron_nas}
