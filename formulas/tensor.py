"""One weight matrix: its shape, how tensor and expert parallelism divide it, and what quantization recipes call it.

Rows are output features, columns input features, as in the linear layers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Role = Literal[
    "embedding", "lm_head", "attention", "mla_down", "indexer", "linear_attention", "dense_mlp", "experts",
    "shared_experts", "router", "norm", "table", "tower", "encoder", "cross_attention", "other",
]  # fmt: skip
Shard = Literal["rows", "columns", "replicated", "vocab", "experts", "kv_rows"]

VOCABULARY_PADDING = 64
"""Rows to which vLLM pads embedding and head (vocab_parallel_embedding.py, DEFAULT_VOCAB_PADDING_SIZE)."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One weight matrix, or `copies` equal ones."""

    role: Role
    rows: int
    columns: int
    copies: int = 1
    shard: Shard = "replicated"
    group: str = ""
    """What a quantization recipe calls it (catalog.types.WEIGHT_GROUPS); empty: never quantized."""
    kv_heads: int = 0
    """Heads (or state groups) in the rows of a kv_rows matrix: it is divided down to one of them."""
    inner: Literal["rows", "columns", ""] = ""
    """Side of an expert matrix that is the inner width, which tensor parallelism divides."""

    @property
    def count(self) -> int:
        """Parameters in all copies."""
        return self.rows * self.columns * self.copies

    def times(self, copies: int) -> Tensor:
        return replace(self, copies=self.copies * copies)


def ceil_div(value: int, divisor: int) -> int:
    return -(-value // divisor)


def padded_vocabulary(rows: int) -> int:
    return ceil_div(rows, VOCABULARY_PADDING) * VOCABULARY_PADDING


def on_rank(tensor: Tensor, *, tensor_parallel: int, expert_parallel: int = 1) -> Tensor:
    """The part of a tensor that the fullest GPU holds; expert_parallel counts the GPUs over which experts spread."""
    t = tensor_parallel
    if tensor.shard == "rows":
        return replace(tensor, rows=ceil_div(tensor.rows, t))
    if tensor.shard == "columns":
        return replace(tensor, columns=ceil_div(tensor.columns, t))
    if tensor.shard == "vocab":
        return replace(tensor, rows=ceil_div(padded_vocabulary(tensor.rows), t))
    if tensor.shard == "kv_rows":
        return replace(tensor, rows=tensor.rows // tensor.kv_heads * ceil_div(tensor.kv_heads, t))
    if tensor.shard == "experts":
        return _experts_on_rank(tensor, t, expert_parallel)
    return tensor


def _experts_on_rank(tensor: Tensor, tensor_parallel: int, expert_parallel: int) -> Tensor:
    if expert_parallel > 1:
        return replace(tensor, copies=ceil_div(tensor.copies, expert_parallel))
    if tensor.inner == "rows":
        return replace(tensor, rows=ceil_div(tensor.rows, tensor_parallel))
    if tensor.inner == "columns":
        return replace(tensor, columns=ceil_div(tensor.columns, tensor_parallel))
    return tensor
