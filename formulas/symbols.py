"""Every symbol of the laws once: its name, unit, meaning and what sympy may assume of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy

Unit = Literal["bytes", "tokens", "blocks", "sequences", "GPUs", "layers", "heads", "parameters", "bits", "ratio", "1"]

QUANTITIES: dict[str, Quantity] = {}
"""Filled by quantity(), one entry per name."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One symbol: what it counts and in which unit."""

    symbol: sympy.Symbol
    unit: Unit
    meaning: str


def quantity(name: str, unit: Unit, meaning: str, *, real: bool = False) -> sympy.Symbol:
    """Register a symbol; whole and not negative unless real. Raises ValueError where the name means something else."""
    symbol = (
        sympy.Symbol(name, real=True, nonnegative=True) if real else sympy.Symbol(name, integer=True, nonnegative=True)
    )
    known = QUANTITIES.setdefault(name, Quantity(symbol, unit, meaning))
    if (known.symbol, known.unit, known.meaning) != (symbol, unit, meaning):
        raise ValueError(f"symbol {name!r} is already defined as: {known.meaning} [{known.unit}]")
    return known.symbol


hidden_size = quantity("hidden_size", "1", "width of the residual stream")
vocab_size = quantity("vocab_size", "1", "entries of the token vocabulary")
num_hidden_layers = quantity("num_hidden_layers", "layers", "layers on this GPU")
num_key_value_heads = quantity("num_key_value_heads", "heads", "key/value heads of one layer")
head_dim = quantity("head_dim", "1", "width of one key head, as the config gives it")
value_head_dim = quantity("value_head_dim", "1", "width of one value head")
tensor_parallel = quantity("tensor_parallel", "GPUs", "GPUs that share each layer")
batch = quantity("batch", "sequences", "sequences in flight at once on one replica")
sequence_tokens = quantity("sequence_tokens", "tokens", "tokens of one sequence, input and output")
block_size = quantity("block_size", "tokens", "tokens in one page of the KV cache")
element_bits = quantity("element_bits", "bits", "bits of one cached number", real=True)
element_bytes = quantity("element_bytes", "bytes", "bytes of one activation or 16-bit cache number", real=True)
max_batched_tokens = quantity("max_batched_tokens", "tokens", "tokens the engine schedules in one step")
max_sequences = quantity("max_sequences", "sequences", "sequences the engine schedules in one step")
page_bytes = quantity("page_bytes", "bytes", "one page of the KV pool on one GPU, all layers that share it")
pages_per_request = quantity("pages_per_request", "blocks", "pages that one request of this length reserves")
visible_bytes = quantity("visible_bytes", "bytes", "memory of the card as CUDA reports it")
utilization = quantity("utilization", "ratio", "share of the card that the engine may take", real=True)
weights_bytes = quantity("weights_bytes", "bytes", "weights on this GPU")
activation_bytes = quantity("activation_bytes", "bytes", "largest transient memory of one step")
overhead_bytes = quantity("overhead_bytes", "bytes", "CUDA graphs, communication buffers and other fixed memory")
pool_bytes = quantity("pool_bytes", "bytes", "memory left for the KV cache on one GPU")
cache_groups = quantity("cache_groups", "1", "groups of layers that share the pool")
pool_pages = quantity("pool_pages", "blocks", "pages in the KV pool")
