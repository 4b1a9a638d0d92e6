"""How vLLM arranges layer caches in one pool: groups of layers with one page size, and pages per request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from formulas.deployment import Version, version
from formulas.kv_cache import Kind, LayerCache
from formulas.since import Since

BLOCK_SIZE = 16
STATE_ALIGNMENT = 16
"""Attention blocks of hybrid models grow by 16 tokens: vLLM platforms/interface.py _align_hybrid_block_size."""

HYBRID_MANAGER = version("0.9.2")
"""Before, windowed layers are allocated like full attention: vLLM v1/core/kv_cache_coordinator.py."""

GROUP_TOLERANCE: Since[float] = Since(
    {"0.0": 1.0, "0.11.1": 1.25, "0.18.0": 1.5},
    source="vLLM v1/core/kv_cache_utils.py: _get_kv_cache_groups_uniform_page_size",
)
STATE_PAGES: Since[int] = Since(
    {"0.0": 1, "0.20.1": 2},
    source="vLLM v1/kv_cache_interface.py: MambaSpec, mamba_cache_mode align with prefix caching",
)


@dataclass(frozen=True, slots=True)
class Reserve:
    """How a windowed layer reserves pages for tokens in flight."""

    in_flight_batches: int
    max_batched_tokens: int


class Group(NamedTuple):
    """Equal layers that take pages together."""

    kind: str
    span: int
    block: int
    groups: int


@dataclass(frozen=True, slots=True)
class CachePlan:
    """The pool of one GPU: bytes of one page, and pages that one request reserves."""

    page_bytes: int
    block_size: int
    groups: tuple[Group, ...]
    state_pages: int = 1

    @property
    def group_count(self) -> int:
        return sum(group.groups for group in self.groups)

    def pages(self, sequence_tokens: int, reserve: Reserve, laws: Any) -> int:
        """Pages that one request of this length reserves."""
        return sum(group.groups * self._group_pages(group, sequence_tokens, reserve, laws) for group in self.groups)

    def _group_pages(self, group: Group, sequence_tokens: int, reserve: Reserve, laws: Any) -> int:
        flight = {"in_flight_batches": reserve.in_flight_batches, "max_batched_tokens": reserve.max_batched_tokens}
        match group.kind:
            case "full":
                return int(laws.full_pages(sequence_tokens=sequence_tokens, block_size=group.block))
            case "window":
                return int(
                    laws.window_pages(
                        sequence_tokens=sequence_tokens, sliding_window=group.span, block_size=group.block, **flight
                    )
                )
            case "chunk":
                return int(
                    laws.chunk_pages(
                        sequence_tokens=sequence_tokens,
                        attention_chunk_size=group.span,
                        block_size=group.block,
                        **flight,
                    )
                )
            case "cross":
                positions = max(group.span, reserve.max_batched_tokens)
                return int(laws.cross_pages(encoder_positions=positions, block_size=group.block))
        return self.state_pages


def cache_plan(caches: Iterable[LayerCache], *, release: Version, block_size: int, laws: Any) -> CachePlan:
    """The pool for these layers. Layers of several kinds share pages of one size, in groups of equal length."""
    layers = _merge(caches, hybrid=release >= HYBRID_MANAGER)
    if not layers:
        return CachePlan(0, block_size, ())
    if len({(layer.kind, layer.span) for layer in layers}) == 1 and layers[0].kind != "state":
        layer_bytes = sum(layer.size * layer.count for layer in layers)
        page = int(laws.page_bytes(layer_bytes=layer_bytes, block_size=block_size))
        return CachePlan(page, block_size, (Group(layers[0].kind, layers[0].span, block_size, 1),))
    return _unify(layers, release=release, block_size=block_size, laws=laws)


def _merge(caches: Iterable[LayerCache], *, hybrid: bool) -> list[LayerCache]:
    counts: dict[tuple[Kind, int, int], int] = defaultdict(int)
    for layer in caches:
        kind, span = (layer.kind, layer.span) if hybrid or layer.kind not in ("window", "chunk") else ("full", 0)
        counts[kind, layer.size, span] += layer.count
    return [LayerCache(kind, size, span, count) for (kind, size, span), count in counts.items()]


def _unify(layers: list[LayerCache], *, release: Version, block_size: int, laws: Any) -> CachePlan:
    page, blocks = _common_page(layers, block_size, laws)
    counts = [layer.count for layer in layers]
    longest, shortest = max(counts), min(counts)
    size = longest if longest < shortest * GROUP_TOLERANCE.at(release) else shortest
    groups = tuple(
        Group(layer.kind, layer.span, block, -(-layer.count // size))
        for layer, block in zip(layers, blocks, strict=True)
    )
    return CachePlan(page * size, min(blocks), groups, STATE_PAGES.at(release))


def _common_page(layers: list[LayerCache], block_size: int, laws: Any) -> tuple[int, list[int]]:
    """Bytes of one page of one layer, and the tokens it holds for each kind."""
    states = [layer.size for layer in layers if layer.kind == "state"]
    attention = [layer.size for layer in layers if layer.kind != "state"]
    if not attention:
        return max(states), [block_size] * len(layers)
    if states:
        block = max(block_size, _hybrid_block(max(states), max(attention)))
        return max(attention) * block, [block] * len(layers)
    widest = max(attention)
    scale = partial(_scaled_block, widest=widest, block_size=block_size)
    return int(laws.page_bytes(layer_bytes=widest, block_size=block_size)), [scale(layer.size) for layer in layers]


def _hybrid_block(state: int, token_bytes: int) -> int:
    return STATE_ALIGNMENT * -(-state // (STATE_ALIGNMENT * token_bytes))


def _scaled_block(size: int, *, widest: int, block_size: int) -> int:
    return block_size * (widest // size if widest % size == 0 else 1)
