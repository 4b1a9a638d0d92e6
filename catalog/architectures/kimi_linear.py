"""Kimi Linear and Kimi K3: delta attention between layers of latent attention."""

from __future__ import annotations

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.mla import latent_attention
from catalog.types import Architecture, FeedForward, KimiDeltaAttention, Layer, Mixer


def delta_attention(linear: Config) -> KimiDeltaAttention:
    return KimiDeltaAttention(
        num_heads=linear.size("num_heads"),
        head_dim=linear.size("head_dim"),
        conv_kernel=linear.size("short_conv_kernel_size"),
    )


def full_rank_gate(linear: Config, hidden: int) -> int:
    """What a full-rank output gate weighs more than the low-rank one."""
    if not linear.flag("use_full_rank_gate"):
        return 0
    inner, rank = linear.size("num_heads") * linear.size("head_dim"), linear.size("head_dim")
    return hidden * inner - rank * (hidden + inner)


def experts(config: Config) -> FeedForward:
    latent = config.size("routed_expert_hidden_size", 0)
    return blocks.moe(config, router_bias=True, latent_size=latent)


def kimi_linear(config: Config) -> Architecture:
    """Layers named (from 1) in linear_attn_config; dense blocks first, then experts."""
    config.need("hidden_size", "num_hidden_layers", "vocab_size", "kv_lora_rank", "linear_attn_config")
    linear = config.part("linear_attn_config")
    if linear is None:
        raise config.malformed("linear_attn_config")
    hidden, full = config.size("hidden_size"), set(linear.sizes("full_attn_layers"))

    def build(key: tuple[bool, bool]) -> Layer:
        attends, sparse = key
        mixer: Mixer = latent_attention(config) if attends else delta_attention(linear)
        return Layer(
            mixer=mixer,
            feed_forward=experts(config) if sparse else blocks.mlp(config),
            norm_parameters=2 * hidden,
            other_parameters=0 if attends else full_rank_gate(linear, hidden),
        )

    kinds = tuple(index + 1 in full for index in range(blocks.layers(config)))
    return blocks.decoder(config, blocks.pairs(kinds, blocks.sparse_layers(config)), build)


READERS = {"kimi_linear": kimi_linear}
