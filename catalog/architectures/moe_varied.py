"""Mixture-of-experts decoders whose attention differs from layer to layer: MiniMax-M3, MiMo-V2, Step-3."""

from __future__ import annotations

from typing import Any

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.moe import corrected_experts, minimax_experts
from catalog.architectures.style import nextn, window_kinds
from catalog.types import Architecture, Attention, FeedForward, Layer


def minimax_m3(config: Config) -> Architecture:
    """MiniMax-M3: dense layers first, then experts with a shared one; some layers carry a key index."""
    sparse_attention = config.part("sparse_attention_config")
    indexed = sparse_attention.sizes("sparse_attention_freq") if sparse_attention else ()
    keys = blocks.pairs(blocks.sparse_layers(config), indexed or (0,) * blocks.layers(config))

    def build(key: tuple[bool, int]) -> Layer:
        sparse, index = key
        width = config.first_size("dense_intermediate_size", "intermediate_size")
        block = minimax_experts(config) if sparse else blocks.mlp(config, intermediate_size=width)
        return Layer(
            mixer=blocks.attention(config, qk_norm="head" if config.flag("use_qk_norm") else "none"),
            feed_forward=block,
            norm_parameters=2 * config.size("hidden_size"),
            other_parameters=index_parameters(config, sparse_attention) if index and sparse_attention else 0,
        )

    return blocks.decoder(config, keys, build)


def index_parameters(config: Config, sparse_attention: Config) -> int:
    """Query and key projections of MiniMax-M3's block index, with their norms."""
    width, heads = sparse_attention.size("sparse_index_dim"), sparse_attention.size("sparse_num_index_heads")
    return (heads + 1) * width * config.size("hidden_size") + 2 * width


def mimo_v2(config: Config) -> Architecture:
    """MiMo-V2: windowed layers have heads of their own (swa_*), the value heads are narrower than the key heads."""
    window = config.size("sliding_window")
    kinds = tuple(bool(value) for value in config.sizes("hybrid_layer_pattern"))[: blocks.layers(config)]

    def mixer(windowed: bool) -> Attention:
        if not windowed:
            return blocks.attention(
                config, v_head_dim=config.optional("v_head_dim"), qkv_bias=config.flag("attention_bias")
            )
        return Attention(
            num_attention_heads=config.size("swa_num_attention_heads"),
            num_key_value_heads=config.size("swa_num_key_value_heads"),
            head_dim=config.size("swa_head_dim"),
            v_head_dim=config.optional("swa_v_head_dim"),
            sliding_window=window,
        )

    def build(key: tuple[bool, bool]) -> Layer:
        windowed, sparse = key
        sink_heads = config.size("swa_num_attention_heads") if windowed else 0
        return Layer(
            mixer=mixer(windowed),
            feed_forward=corrected_experts(config) if sparse else blocks.mlp(config),
            norm_parameters=2 * config.size("hidden_size") + sink_heads * config.flag("add_swa_attention_sink_bias"),
        )

    return blocks.decoder(config, blocks.pairs(kinds, blocks.sparse_layers(config)), build)


def step3_heads(config: Config, windowed: bool) -> int:
    """Query heads: windowed layers may have more of them."""
    heads = config.size("num_attention_heads")
    other = config.part("attention_other_setting")
    wide = config.size("num_sliding_attention_heads", other.size("num_attention_heads") if other else heads)
    return wide if windowed else heads


def step3_layer(config: Config, *, window: int | None, windowed: bool, sparse: bool) -> Layer:
    """Norms on queries and keys, one output gate a head, experts with a shared one or a dense block."""
    heads, hidden = step3_heads(config, windowed), config.size("hidden_size")
    block: FeedForward = blocks.mlp(config)
    if sparse:
        shared, corrected = config.size("share_expert_dim", 0), config.flag("use_moe_router_bias", True)
        block = blocks.moe(config, shared_expert_intermediate_size=shared, router_bias=corrected)
    return Layer(
        mixer=blocks.attention(config, num_attention_heads=heads, sliding_window=window, qk_norm="head"),
        feed_forward=block,
        norm_parameters=2 * hidden,
        other_parameters=heads * hidden,
    )


def step3(config: Config) -> Architecture:
    """Step-3.5 and 3.7: dense layers first; prediction layers are dense, windowed, and carry their own head."""
    window = config.optional("sliding_window")
    windowed = tuple(blocks.is_windowed(kind) for kind in window_kinds(config, 0))

    def build(key: tuple[bool, bool]) -> Layer:
        local, sparse = key
        return step3_layer(config, window=window if local else None, windowed=local, sparse=sparse)

    draft: dict[str, Any] = nextn(config, build((True, False)))
    if draft:
        draft["nextn_extras"] += config.size("vocab_size") * config.size("hidden_size")
    return blocks.decoder(config, blocks.pairs(windowed, blocks.sparse_layers(config)), build, **draft)


READERS = {
    "minimax_m3": minimax_m3,
    "mimo_v2_flash": mimo_v2,
    **dict.fromkeys(("step3p5", "step3p7_text"), step3),
}
