"""Mixture-of-experts decoders with ordinary attention."""

from __future__ import annotations

from functools import partial

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.style import (
    LAYER_NORM,
    Style,
    read_styled,
    styled_layer,
    styled_readers,
)
from catalog.types import Architecture, Moe


def all_layers(config: Config) -> tuple[bool, ...]:
    return (True,) * blocks.layers(config)


def stepped(config: Config) -> tuple[bool, ...]:
    """Every decoder_sparse_step-th layer, except those of mlp_only_layers (Qwen)."""
    step, dense = config.size("decoder_sparse_step", 1) or 1, set(config.sizes("mlp_only_layers"))
    return tuple(index not in dense and (index + 1) % step == 0 for index in range(blocks.layers(config)))


def interval(config: Config) -> tuple[bool, ...]:
    """From moe_layer_start_index on, every moe_layer_interval-th layer (ERNIE)."""
    step, first = config.size("moe_layer_interval", 1), config.size("moe_layer_start_index", 0)
    last = config.size("moe_layer_end_index", blocks.layers(config) - 1)
    return tuple((index + 1) % step == 0 and first <= index <= last for index in range(blocks.layers(config)))


def wide_experts(config: Config) -> Moe:
    """Experts of intermediate_size, none shared (Mixtral)."""
    return blocks.moe(config, moe_intermediate_size=config.size("intermediate_size"), shared_expert_intermediate_size=0)


def qwen_experts(config: Config) -> Moe:
    """Qwen 2 and 3: one shared expert of its own width behind a gate, or none."""
    shared = config.size("shared_expert_intermediate_size", 0)
    return blocks.moe(config, shared_expert_intermediate_size=shared, shared_expert_gate=bool(shared))


def corrected_experts(config: Config) -> Moe:
    """Experts with a score correction per expert in the router."""
    return blocks.moe(config, router_bias=True)


def granite_experts(config: Config) -> Moe:
    """Granite: experts of intermediate_size, a shared one of shared_intermediate_size where there is one."""
    shared = config.size("shared_intermediate_size", 0)
    width = config.size("intermediate_size")
    return blocks.moe(config, moe_intermediate_size=width, shared_expert_intermediate_size=shared)


def minimax_experts(config: Config) -> Moe:
    return blocks.moe(
        config,
        moe_intermediate_size=config.first_size("moe_intermediate_size", "intermediate_size"),
        shared_expert_intermediate_size=config.size("shared_intermediate_size", 0),
        router_bias=config.flag("use_routing_bias"),
    )


def gpt_oss_experts(config: Config) -> Moe:
    width = config.size("intermediate_size")
    return blocks.moe(config, moe_intermediate_size=width, expert_bias=True, router_bias=True)


def first_of(config: Config, name: str) -> int:
    """A size that is given once or once per layer with equal values (Hunyuan)."""
    value = config.raw(name)
    return config.whole(name, value[0] if isinstance(value, list) and value else value)


def hunyuan_experts(config: Config) -> Moe:
    width = first_of(config, "moe_intermediate_size")
    shared = first_of(config, "num_shared_expert") if config.flag("use_mixed_mlp_moe") else 0
    return Moe(
        num_experts=config.size("num_experts"),
        num_experts_per_tok=first_of(config, "moe_topk"),
        moe_intermediate_size=width,
        shared_expert_intermediate_size=shared * width,
    )


def ernie_experts(config: Config) -> Moe:
    shared = config.size("moe_num_shared_experts", 0) * config.size("moe_intermediate_size")
    return blocks.moe(config, shared_expert_intermediate_size=shared, router_bias=True)


def sinks(config: Config) -> int:
    """One learned attention sink per head (gpt-oss)."""
    return config.size("num_attention_heads")


GLM_MOE = Style(output_bias=False, sparse=blocks.sparse_layers, experts=corrected_experts, nextn_copies=True)

STYLES: dict[str, Style] = {
    "mixtral": Style(sparse=all_layers, experts=wide_experts),
    "phimoe": Style(
        norms=2 * LAYER_NORM, final_norms=LAYER_NORM, lm_head_bias=True, sparse=all_layers, experts=wide_experts
    ),
    "qwen2_moe": Style(qkv_bias=True, output_bias=False, sparse=stepped, experts=qwen_experts),
    "qwen3_moe": Style(qk_norm="head", sparse=stepped, experts=qwen_experts),
    "granitemoe": Style(tied=True, sparse=all_layers, experts=granite_experts),
    "granitemoeshared": Style(tied=True, sparse=all_layers, experts=granite_experts),
    "olmoe": Style(qk_norm="full", sparse=all_layers, experts=wide_experts),
    "deepseek": Style(sparse=blocks.sparse_layers),
    "minimax_m2": Style(qk_norm="full", sparse=all_layers, experts=minimax_experts),
    "dots1": Style(qk_norm="head", sparse=blocks.sparse_layers, experts=corrected_experts),
    "hunyuan_v1_moe": Style(qk_norm="head", tied=True, sparse=all_layers, experts=hunyuan_experts),
    "gpt_oss": Style(
        bias_default=True, extra_vectors=sinks, sparse=all_layers, experts=gpt_oss_experts, window_period=2
    ),
}  # fmt: skip


ERNIE = Style(
    qkv_bias="use_bias", output_bias="use_bias", mlp_bias="use_bias", tied=True, sparse=interval, experts=ernie_experts
)


def ernie(config: Config) -> Architecture:
    """ERNIE 4.5: its prediction layer is dense, with two joining norms instead of three."""
    found = read_styled(config, ERNIE)
    if not found.num_nextn_predict_layers:
        return found
    dense = styled_layer(config, ERNIE, window=None, sparse=False)
    return found.model_copy(
        update={"nextn_layer": dense, "nextn_extras": found.nextn_extras - config.size("hidden_size")}
    )


def glm4_moe(config: Config) -> Architecture:
    """GLM-4.5 to 4.7: bias on queries, keys and values; norms on queries and keys where use_qk_norm says so."""
    norm = "head" if config.flag("use_qk_norm") else "none"
    return read_styled(config, Style(**{**vars(GLM_MOE), "qk_norm": norm}))


def dbrx(config: Config) -> Architecture:
    """DBRX keeps heads and experts in nested parts."""
    heads, experts = config.part("attn_config"), config.part("ffn_config")
    if heads is None or experts is None:
        config.need("attn_config", "ffn_config")
        raise config.malformed("attn_config")
    flat = {**config.values, **heads.values, **experts.values, "model_type": config.model_type}
    style = Style(sparse=all_layers, experts=lambda c: blocks.moe(c, moe_intermediate_size=c.size("ffn_hidden_size")))
    return read_styled(Config(flat, parent=config.parent), style)


def bailing(config: Config) -> Architecture:
    """Ling and Ring: shared experts, norms on queries and keys where use_qk_norm says so."""
    corrected = config.flag("moe_router_enable_expert_bias")
    style = Style(
        qkv_bias="use_qkv_bias",
        output_bias="use_bias",
        qk_norm="head" if config.flag("use_qk_norm") else "none",
        sparse=blocks.sparse_layers,
        experts=partial(blocks.moe, router_bias=corrected),
    )
    return read_styled(config, style)


READERS = {
    **dict.fromkeys(("bailing_moe", "bailing_moe_v2"), bailing),
    **styled_readers(STYLES),
    "glm4_moe": glm4_moe,
    "glm4v_moe_text": partial(read_styled, style=GLM_MOE),
    **dict.fromkeys(("qwen3_vl_moe_text", "qwen3_omni_moe_text"), partial(read_styled, style=STYLES["qwen3_moe"])),
    "ernie4_5_moe": ernie,
    "dbrx": dbrx,
}
