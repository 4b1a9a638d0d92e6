"""DeepSeek-V4: a short window, compressed keys, experts everywhere, and hyper-connections around every block."""

from __future__ import annotations

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.mla import indexer
from catalog.architectures.style import nextn
from catalog.types import Architecture, CompressedAttention, Layer

INDEXED_RATIO = 4
"""The compress ratio of the layers that carry an index."""


def compressed_attention(config: Config, ratio: int) -> CompressedAttention:
    return CompressedAttention(
        num_attention_heads=config.size("num_attention_heads"),
        head_dim=config.size("head_dim"),
        q_lora_rank=config.size("q_lora_rank"),
        qk_rope_head_dim=config.size("qk_rope_head_dim", 64),
        o_lora_rank=config.size("o_lora_rank"),
        o_groups=config.size("o_groups"),
        compress_ratio=ratio,
        sliding_window=config.size("sliding_window"),
        indexer=indexer(config) if ratio == INDEXED_RATIO else None,
    )


def hyper_connection(config: Config, outputs: int, scales: int) -> int:
    """Mixing weights of one hyper-connection: a projection of all streams, its bias and its scales."""
    return outputs * config.size("hc_mult") * config.size("hidden_size") + outputs + scales


def around_a_layer(config: Config) -> int:
    """Hyper-connections before and after attention and experts."""
    streams = config.size("hc_mult")
    return 2 * hyper_connection(config, (2 + streams) * streams, scales=3)


def deepseek_v4(config: Config) -> Architecture:
    """Every layer by its compress ratio; the first num_hash_layers route by a table of token ids instead of scores."""
    config.need("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "compress_ratios")
    hidden, hashed = config.size("hidden_size"), config.size("num_hash_layers", 0)

    def build(key: tuple[int, bool]) -> Layer:
        ratio, by_hash = key
        return Layer(
            mixer=compressed_attention(config, ratio),
            feed_forward=blocks.moe(config, router_bias=not by_hash),
            norm_parameters=2 * hidden,
            other_parameters=around_a_layer(config),
        )

    ratios = config.sizes("compress_ratios")[: blocks.layers(config)]
    keys = blocks.pairs(ratios, tuple(index < hashed for index in range(len(ratios))))
    head = hyper_connection(config, config.size("hc_mult"), scales=1)
    draft = nextn(config, build((0, False)))
    if draft:
        draft["nextn_extras"] += head
    tables = hashed * config.size("vocab_size") * config.size("num_experts_per_tok")
    return blocks.decoder(config, keys, build, final_parameters=hidden + head + tables, **draft)


READERS = {"deepseek_v4": deepseek_v4, "deepseek_ref": deepseek_v4}
