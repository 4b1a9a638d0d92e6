"""How GPUs can share a model: pipeline stages, head counts, valid layouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from catalog.types import Architecture, Attention, CompressedAttention, LatentAttention, Layer
from formulas.deployment import Layout


def stage_bounds(layers: int, stages: int) -> list[tuple[int, int]]:
    """First and last+1 layer of every stage: equal shares, the remainder to the later stages but the last.

    Source: vLLM distributed/utils.py get_pp_indices.
    """
    shares = [layers // stages] * stages
    for extra in range(layers % stages):
        shares[-(extra + 2) % stages] += 1
    starts = [sum(shares[:stage]) for stage in range(stages)]
    return [(start, start + share) for start, share in zip(starts, shares, strict=True)]


@lru_cache(maxsize=4096)
def stage_layers(architecture: Architecture, stages: int, stage: int) -> tuple[tuple[Layer, int], ...]:
    """Every kind of layer in one pipeline stage with its count."""
    if stages == 1:
        return architecture.counts
    first, last = stage_bounds(architecture.num_hidden_layers, stages)[stage]
    return tuple(
        (architecture.kinds[kind], count) for kind, count in sorted(Counter(architecture.order[first:last]).items())
    )


@lru_cache(maxsize=4096)
def attention_heads(architecture: Architecture) -> tuple[tuple[int, int], ...]:
    """(query heads, key/value heads) of every kind of attention layer; one shared head for latent attention."""
    found = []
    for layer in architecture.kinds:
        for mixer in (layer.mixer, layer.second_mixer):
            if isinstance(mixer, Attention):
                found.append((mixer.num_attention_heads, mixer.num_key_value_heads))
            elif isinstance(mixer, LatentAttention | CompressedAttention):
                found.append((mixer.num_attention_heads, 1))
    return tuple(dict.fromkeys(found))


TENSOR_PARALLEL = (1, 2, 4, 8)
"""Sizes inside one node."""


def layouts(
    gpu_count: int, *, per_node: int = 8, experts: bool = False, expert_parallel: bool = False
) -> Iterator[Layout]:
    """Layouts of exactly this many GPUs, as people deploy them first.

    Tensor parallelism over a node and pipelines over nodes; for mixtures of experts then one replica of the attention
    per GPU with the experts spread over all; then replicas; then the same with narrower tensor parallelism.
    """
    for index, tensor in enumerate(
        size for size in reversed(TENSOR_PARALLEL) if size <= per_node and gpu_count % size == 0
    ):
        rest = gpu_count // tensor
        yield Layout(tensor_parallel=tensor, pipeline_parallel=rest, expert_parallel=expert_parallel)
        if index == 0 and experts and gpu_count > 1:
            yield Layout(data_parallel=gpu_count, expert_parallel=True)
        if rest > 1:
            yield Layout(tensor_parallel=tensor, data_parallel=rest, expert_parallel=expert_parallel)
