"""Qwen3-Next and Qwen3.5: Gated DeltaNet layers between gated attention."""

from __future__ import annotations

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.moe import qwen_experts, stepped
from catalog.architectures.state import ATTENTION_NAMES, state_dtype
from catalog.architectures.style import nextn
from catalog.types import Architecture, FeedForward, GatedDeltaNet, Layer, Mixer

DEFAULT_INTERVAL = 4
"""Class default of full_attention_interval."""


def interleaved(config: Config, default: int) -> tuple[str, ...]:
    """`layer_types`, or full attention every full_attention_interval layers."""
    period = config.size("full_attention_interval", default)
    full = blocks.every(blocks.layers(config), period, offset=period - 1)
    return blocks.layer_types(config) or tuple("full_attention" if here else "linear_attention" for here in full)


def delta_net(config: Config) -> GatedDeltaNet:
    return GatedDeltaNet(
        linear_num_key_heads=config.size("linear_num_key_heads"),
        linear_num_value_heads=config.size("linear_num_value_heads"),
        linear_key_head_dim=config.size("linear_key_head_dim"),
        linear_value_head_dim=config.size("linear_value_head_dim"),
        linear_conv_kernel_dim=config.size("linear_conv_kernel_dim"),
        state_dtype=state_dtype(config),
    )


def qwen_hybrid(config: Config) -> Architecture:
    """Qwen3-Next and Qwen3.5: three DeltaNet layers to one of gated attention."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "linear_num_value_heads")

    def build(key: tuple[bool, bool]) -> Layer:
        full, sparse = key
        mixer: Mixer = delta_net(config)
        if full:
            mixer = blocks.attention(config, qk_norm="head", output_gate=config.flag("attn_output_gate", True))
        block: FeedForward = qwen_experts(config) if sparse else blocks.mlp(config)
        return Layer(mixer=mixer, feed_forward=block, norm_parameters=2 * config.size("hidden_size"))

    full = tuple(kind in ATTENTION_NAMES for kind in interleaved(config, DEFAULT_INTERVAL))
    sparse = stepped(config) if config.optional("num_experts") else (False,) * len(full)
    keys = blocks.pairs(full, sparse)
    return blocks.decoder(config, keys, build, **nextn(config, build((True, sparse[-1]))))


READERS = dict.fromkeys(("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"), qwen_hybrid)
