"""LFM2: gated short convolutions between a few attention layers."""

from __future__ import annotations

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.state import ATTENTION_NAMES
from catalog.types import Architecture, FeedForward, Layer, Mixer, Mlp, ShortConv


def rounded_width(config: Config) -> int:
    """LFM2's feed-forward width: two thirds, times a factor, rounded up to a multiple."""
    width = config.first_size("block_ff_dim", "intermediate_size")
    if not config.flag("block_auto_adjust_ff_dim", True):
        return width
    multiple = config.size("block_multiple_of", 256)
    scaled = int(config.number("block_ffn_dim_multiplier", 1) * (2 * width // 3))
    return -(-scaled // multiple) * multiple


def lfm2_kinds(config: Config) -> tuple[str, ...]:
    listed = blocks.layer_types(config)
    attending = set(config.sizes("full_attn_idxs"))
    return listed or tuple("full_attention" if index in attending else "conv" for index in range(blocks.layers(config)))


LFM2_KERNEL = 3
"""Class default of conv_L_cache."""


def lfm2(config: Config) -> Architecture:
    """LFM2 and its expert version: gated short convolutions between a few attention layers."""
    conv = ShortConv(conv_kernel=config.size("conv_L_cache", LFM2_KERNEL), bias=config.flag("conv_bias"))
    first = config.size("num_dense_layers", 0)

    def build(key: tuple[str, bool]) -> Layer:
        kind, sparse = key
        width = config.size("intermediate_size") if config.has("num_experts") else rounded_width(config)
        block: FeedForward = (
            blocks.moe(config, router_bias=config.flag("use_expert_bias")) if sparse else Mlp(intermediate_size=width)
        )
        mixer: Mixer = blocks.attention(config, qk_norm="head") if kind in ATTENTION_NAMES else conv
        return Layer(mixer=mixer, feed_forward=block, norm_parameters=2 * config.size("hidden_size"))

    sparse = tuple(config.has("num_experts") and index >= first for index in range(blocks.layers(config)))
    tied = blocks.tied(config, config.flag("tie_embedding", True))
    return blocks.decoder(config, blocks.pairs(lfm2_kinds(config), sparse), build, tie_word_embeddings=tied)


READERS = dict.fromkeys(("lfm2", "lfm2_moe"), lfm2)
