"""Decoders with multi-head latent attention: DeepSeek, Kimi, GLM-5 and MiniCPM3."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.style import nextn
from catalog.types import Architecture, FeedForward, Indexer, LatentAttention, Layer, Mixer


def latent_attention(config: Config, *, indexed: bool = False) -> LatentAttention:
    """Latent attention with the config's ranks; `indexed` adds the sparse-attention key index."""
    nope = config.size("qk_nope_head_dim")
    return LatentAttention(
        num_attention_heads=config.size("num_attention_heads"),
        q_lora_rank=config.optional("q_lora_rank"),
        kv_lora_rank=config.size("kv_lora_rank"),
        qk_nope_head_dim=nope,
        qk_rope_head_dim=config.size("qk_rope_head_dim"),
        v_head_dim=config.size("v_head_dim", nope),
        indexer=indexer(config) if indexed else None,
    )


def indexer(config: Config) -> Indexer:
    return Indexer(index_n_heads=config.size("index_n_heads"), index_head_dim=config.size("index_head_dim"))


INDEX_OFFSET = 2
"""Class default of index_skip_topk_offset: layers before it all compute their own index."""


def indexed_layers(config: Config) -> tuple[bool, ...]:
    """Layers that compute an index of their own; those of kind "shared" reuse one."""
    if not config.has("index_head_dim"):
        return (False,) * blocks.layers(config)
    kinds = blocks.layer_types(config, "indexer_types")
    if kinds:
        return tuple(kind == "full" for kind in kinds)
    every, offset = config.size("index_topk_freq", 1) or 1, config.size("index_skip_topk_offset", INDEX_OFFSET)
    return tuple(max(index - offset + 1, 0) % every == 0 for index in range(blocks.layers(config)))


def mixer(config: Config, indexed: bool) -> Mixer:
    """Latent attention, or plain attention in the small members without kv_lora_rank (DeepSeek-VL2 tiny)."""
    if not config.optional("kv_lora_rank"):
        return blocks.attention(config)
    return latent_attention(config, indexed=indexed)


def latent_decoder(config: Config, *, corrected: bool, copies: bool = True) -> Architecture:
    """DeepSeek-style decoder; `corrected`: the router holds a score correction per expert."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")

    def feed_forward(sparse: bool) -> FeedForward:
        return blocks.moe(config, router_bias=corrected) if sparse else blocks.mlp(config)

    def build(key: tuple[bool, bool]) -> Layer:
        indexed, sparse = key
        norms = 2 * config.size("hidden_size")
        return Layer(mixer=mixer(config, indexed), feed_forward=feed_forward(sparse), norm_parameters=norms)

    sparse = blocks.sparse_layers(config) if config.optional("num_experts") else (False,) * blocks.layers(config)
    keys = blocks.pairs(indexed_layers(config), sparse)
    last = (config.has("index_head_dim"), sparse[-1])
    return blocks.decoder(config, keys, build, **nextn(config, build(last), copies=copies))


def minicpm3(config: Config) -> Architecture:
    """MiniCPM3: latent attention over dense blocks, tied embedding, value heads as wide as the nope part."""
    return latent_decoder(config, corrected=False).model_copy(
        update={"tie_word_embeddings": blocks.tied(config, default=True)}
    )


CORRECTED: Callable[[Config], Architecture] = partial(latent_decoder, corrected=True)

READERS = {
    "deepseek_v2": partial(latent_decoder, corrected=False),
    **dict.fromkeys(("deepseek_v3", "deepseek_v32", "kimi_k2", "glm4_moe_lite", "mistral4"), CORRECTED),
    "glm_moe_dsa": partial(latent_decoder, corrected=True, copies=False),
    "minicpm3": minicpm3,
}
