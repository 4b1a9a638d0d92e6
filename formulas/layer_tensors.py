"""The weight matrices of every kind of block: attention and its relatives, feed-forward blocks, experts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from catalog.types import (
    Attention,
    CompressedAttention,
    FeedForward,
    GatedDeltaNet,
    Indexer,
    KimiDeltaAttention,
    LatentAttention,
    Mamba1,
    Mamba2,
    Mlp,
    Moe,
    ShortConv,
)
from formulas.tensor import Role, Tensor


def vector(size: int) -> Iterator[Tensor]:
    """Norm weights, biases and other vectors, summed up as one replicated column."""
    if size:
        yield Tensor("norm", size, 1)


def attention_tensors(mixer: Attention, hidden: int, *, role: Role = "attention") -> Iterator[Tensor]:
    """Queries, keys and values (apart, so that keys and values can be replicated) and the output projection."""
    heads, groups, width = mixer.num_attention_heads, mixer.num_key_value_heads, mixer.head_dim
    value_width = mixer.v_head_dim or width
    queries = heads * width * (2 if mixer.output_gate else 1)
    yield Tensor(role, queries, hidden, shard="rows", group="attention")
    yield Tensor(role, groups * width, hidden, shard="kv_rows", group="attention", kv_heads=groups)
    if not mixer.key_is_value:
        yield Tensor(role, groups * value_width, hidden, shard="kv_rows", group="attention", kv_heads=groups)
    yield Tensor(role, hidden, heads * value_width, shard="columns", group="attention")
    yield from vector(attention_vectors(mixer, hidden, queries))


def attention_vectors(mixer: Attention, hidden: int, queries: int) -> int:
    """Biases and query and key norms."""
    groups, width = mixer.num_key_value_heads, mixer.head_dim
    keys_and_values = groups * (width + (mixer.v_head_dim or width))
    norms = {"none": 0, "head": 2 * width, "full": (mixer.num_attention_heads + groups) * width}
    return norms[mixer.qk_norm] + mixer.qkv_bias * (queries + keys_and_values) + mixer.output_bias * hidden


def latent_tensors(mixer: LatentAttention, hidden: int) -> Iterator[Tensor]:
    """Down-projections are replicated, the rest is divided by heads."""
    heads, rank, value = mixer.num_attention_heads, mixer.kv_lora_rank, mixer.v_head_dim
    queries = heads * (mixer.qk_nope_head_dim + mixer.qk_rope_head_dim)
    if mixer.q_lora_rank:
        yield Tensor("mla_down", mixer.q_lora_rank, hidden, group="attention")
    yield Tensor("attention", queries, mixer.q_lora_rank or hidden, shard="rows", group="attention")
    yield Tensor("mla_down", rank + mixer.qk_rope_head_dim, hidden, group="attention")
    yield Tensor("attention", heads * (mixer.qk_nope_head_dim + value), rank, shard="rows", group="attention")
    yield Tensor("attention", hidden, heads * value, shard="columns", group="attention")
    yield from vector((mixer.q_lora_rank or 0) + rank)
    if mixer.indexer:
        yield from indexer_tensors(mixer.indexer, mixer.q_lora_rank or hidden, hidden)


def indexer_tensors(indexer: Indexer, query_width: int, hidden: int) -> Iterator[Tensor]:
    """Index queries and keys, head weights, and the layer norm on the keys; all replicated."""
    width, heads = indexer.index_head_dim, indexer.index_n_heads
    yield Tensor("indexer", heads * width, query_width, group="attention")
    yield Tensor("indexer", width, hidden, group="attention")
    yield Tensor("indexer", heads, hidden)
    yield from vector(2 * width)


def compressor_tensors(width: int, hidden: int, ratio: int) -> Iterator[Tensor]:
    """Key compressor of DeepSeek-V4: overlapping at ratio 4, hence twice as wide; with positions and a norm."""
    wide = width * (2 if ratio == COMPRESS_OVERLAPPING else 1)
    yield Tensor("indexer", wide, hidden, copies=2)
    yield from vector(ratio * wide + width)


COMPRESS_OVERLAPPING = 4
"""The compress ratio whose blocks overlap, and which carries an index (DeepSeek-V4)."""


def compressed_tensors(mixer: CompressedAttention, hidden: int) -> Iterator[Tensor]:
    """DeepSeek-V4: queries by rank, one shared key-value vector, grouped low-rank output, compressor and index."""
    queries = mixer.num_attention_heads * mixer.head_dim
    yield Tensor("mla_down", mixer.q_lora_rank, hidden, group="attention")
    yield Tensor("attention", queries, mixer.q_lora_rank, shard="rows", group="attention")
    yield Tensor("mla_down", mixer.head_dim, hidden, group="attention")
    outputs = mixer.o_groups * mixer.o_lora_rank
    yield Tensor("attention", outputs, queries // mixer.o_groups, shard="rows", group="attention")
    yield Tensor("attention", hidden, outputs, shard="columns", group="attention")
    yield from vector(mixer.q_lora_rank + mixer.head_dim + mixer.num_attention_heads)
    if mixer.compress_ratio:
        yield from compressor_tensors(mixer.head_dim, hidden, mixer.compress_ratio)
    if mixer.indexer:
        width, heads = mixer.indexer.index_head_dim, mixer.indexer.index_n_heads
        yield Tensor("indexer", heads * width, mixer.q_lora_rank, group="attention")
        yield Tensor("indexer", heads, hidden)
        yield from compressor_tensors(width, hidden, mixer.compress_ratio)


def delta_net_tensors(mixer: GatedDeltaNet, hidden: int) -> Iterator[Tensor]:
    """Gated DeltaNet: projections, head scalars, convolution over q, k and v, decay, and a norm per value head."""
    keys = mixer.linear_num_key_heads * mixer.linear_key_head_dim
    values = mixer.linear_num_value_heads * mixer.linear_value_head_dim
    heads = mixer.linear_num_value_heads
    yield Tensor("linear_attention", 2 * keys + 2 * values, hidden, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", 2 * heads, hidden, shard="rows")
    yield Tensor("linear_attention", hidden, values, shard="columns", group="linear_attention")
    yield Tensor("linear_attention", 2 * keys + values, mixer.linear_conv_kernel_dim, shard="rows")
    yield from vector(2 * heads + mixer.linear_value_head_dim)


def kimi_delta_tensors(mixer: KimiDeltaAttention, hidden: int) -> Iterator[Tensor]:
    """Kimi delta attention: q, k, v, two low-rank gates, three convolutions, decay, and a norm per head."""
    inner, rank = mixer.num_heads * mixer.head_dim, mixer.head_dim
    yield Tensor("linear_attention", inner, hidden, copies=3, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", hidden, inner, shard="columns", group="linear_attention")
    yield Tensor("linear_attention", rank, hidden, copies=2, group="linear_attention")
    yield Tensor("linear_attention", inner, rank, copies=2, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", mixer.num_heads, hidden, shard="rows")
    yield Tensor("linear_attention", inner, mixer.conv_kernel, copies=3, shard="rows")
    yield from vector(mixer.num_heads + inner + mixer.head_dim)


def mamba1_tensors(mixer: Mamba1, hidden: int) -> Iterator[Tensor]:
    """Mamba: in, x, dt and out projections, convolution with bias, A and D, and the norms of Jamba."""
    inner, state, rank = mixer.inner_size, mixer.state_size, mixer.time_step_rank
    yield Tensor("linear_attention", 2 * inner, hidden, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", rank + 2 * state, inner, shard="columns", group="linear_attention")
    yield Tensor("linear_attention", inner, rank, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", hidden, inner, shard="columns", group="linear_attention")
    yield Tensor("linear_attention", inner, mixer.conv_kernel + state, shard="rows")
    yield from vector(3 * inner + (rank + 2 * state if mixer.inner_norms else 0))


def mamba2_tensors(mixer: Mamba2, hidden: int) -> Iterator[Tensor]:
    """Mamba-2: gate, input, B and C per group, time steps; convolution with bias; A, D, dt bias; gated norm."""
    inner, groups = mixer.num_heads * mixer.head_dim, mixer.n_groups
    shared = 2 * groups * mixer.state_size
    yield Tensor("linear_attention", 2 * inner + mixer.num_heads, hidden, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", shared, hidden, shard="kv_rows", group="linear_attention", kv_heads=groups)
    yield Tensor("linear_attention", hidden, inner, shard="columns", group="linear_attention")
    yield Tensor("linear_attention", inner, mixer.conv_kernel, shard="rows")
    yield Tensor("linear_attention", shared, mixer.conv_kernel, shard="kv_rows", kv_heads=groups)
    yield from vector(inner + shared + 3 * mixer.num_heads + (inner if mixer.gated_norm else 0))


def short_conv_tensors(mixer: ShortConv, hidden: int) -> Iterator[Tensor]:
    """LFM2: three gates in, one out, a convolution between."""
    yield Tensor("linear_attention", 3 * hidden, hidden, shard="rows", group="linear_attention")
    yield Tensor("linear_attention", hidden, hidden, shard="columns", group="linear_attention")
    yield Tensor("linear_attention", hidden, mixer.conv_kernel, shard="rows")
    yield from vector(5 * hidden if mixer.bias else 0)


MIXERS: dict[str, Callable[[Any, int], Iterator[Tensor]]] = {
    "attention": attention_tensors,
    "mla": latent_tensors,
    "compressed": compressed_tensors,
    "gated_delta_net": delta_net_tensors,
    "kimi_delta": kimi_delta_tensors,
    "mamba1": mamba1_tensors,
    "mamba2": mamba2_tensors,
    "short_conv": short_conv_tensors,
}


# --------------------------------------------------------------------------- channel mixers


def mlp_tensors(block: Mlp, hidden: int, *, role: Role = "dense_mlp") -> Iterator[Tensor]:
    """Gate, up and down projection."""
    width = block.intermediate_size
    ups = 2 if block.gated else 1
    yield Tensor(role, width, hidden, ups, shard="rows", group=role)
    yield Tensor(role, hidden, width, shard="columns", group=role)
    yield from vector(block.bias * (ups * width + hidden))


def moe_tensors(block: Moe, hidden: int) -> Iterator[Tensor]:
    """Routed experts, router, shared experts as one block, and the projections to a narrower expert width."""
    count, width, inside = block.num_experts, block.moe_intermediate_size, block.latent_size or hidden
    ups = 2 if block.gated else 1
    yield Tensor("experts", ups * width, inside, count, shard="experts", group="experts", inner="rows")
    yield Tensor("experts", inside, width, count, shard="experts", group="experts", inner="columns")
    if block.expert_bias:
        yield Tensor("experts", ups * width, 1, count, shard="experts", inner="rows")
        yield Tensor("experts", inside, 1, count, shard="experts")
    yield Tensor("router", count, hidden + block.router_bias)
    if block.latent_size:
        yield Tensor("other", block.latent_size, hidden, copies=2, group="dense_mlp")
    if block.shared_expert_intermediate_size:
        shared = Mlp(intermediate_size=block.shared_expert_intermediate_size, gated=block.gated)
        yield from mlp_tensors(shared, hidden, role="shared_experts")
    if block.shared_expert_gate:
        yield Tensor("router", 1, hidden)


def feed_forward_tensors(block: FeedForward, hidden: int) -> Iterator[Tensor]:
    return moe_tensors(block, hidden) if isinstance(block, Moe) else mlp_tensors(block, hidden)
