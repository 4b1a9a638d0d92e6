"""One weight matrix: its shape, which side parallelism divides, and what quantization recipes call it.

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
