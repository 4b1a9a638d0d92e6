"""How vLLM arranges layer caches in one pool: groups of layers with one page size, and pages per request.

Groups are formed over the whole model; a pipeline stage holds its layers of every group. Source: vLLM
v1/core/kv_cache_utils.py, from 0.33 v1/core/kv_cache_planning.py; v1/kv_cache_interface.py for pages per request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from formulas.engines.vllm_cache_rules import CacheRules
from formulas.kv_cache import Kind, LayerCache


@dataclass(frozen=True, slots=True)
class Reserve:
    """How a windowed layer reserves pages for tokens in flight."""

    in_flight_batches: int
    max_batched_tokens: int


class Kept(NamedTuple):
    """What one layer keeps; `layer` counts from the first of the model."""

    layer: int
    kind: Kind
    size: int
    span: int


class Group(NamedTuple):
    """Equal layers that take pages together."""

    kind: str
    span: int
    block: int
    groups: int


Members = tuple[tuple[int, int], ...]
"""(layer, bytes of its page) of every layer in one group."""


@dataclass(frozen=True, slots=True)
class CachePlan:
    """The pool of one GPU: bytes of one page, and pages that one request reserves."""

    page_bytes: int
    block_size: int
    groups: tuple[Group, ...]
    members: tuple[Members, ...] = ()
    rules: CacheRules | None = None

    @property
    def group_count(self) -> int:
        return sum(group.groups for group in self.groups)

    @property
    def _one_table(self) -> bool:
        """The V0 engine: one table of pages for all layers."""
        return self.rules is not None and not self.rules.states_in_pool

    def stage(self, first: int, end: int) -> CachePlan:
        """The same groups on the pipeline stage that holds layers first to end - 1."""
        sizes = [sum(size for layer, size in group if first <= layer < end) for group in self.members]
        return replace(self, page_bytes=max(sizes, default=0))

    def pages(self, sequence_tokens: int, reserve: Reserve, laws: Any) -> int:
        """Pages that one request of this length reserves."""
        return sum(group.groups * self._group_pages(group, sequence_tokens, reserve, laws) for group in self.groups)

    def _group_pages(self, group: Group, sequence_tokens: int, reserve: Reserve, laws: Any) -> int:
        flight = {"in_flight_batches": reserve.in_flight_batches, "max_batched_tokens": reserve.max_batched_tokens}
        held = {"sequence_tokens": sequence_tokens, "block_size": group.block}
        match group.kind:
            case "full":
                return int(laws.full_pages(**held))
            case "window" if self._one_table:
                return int(laws.window_table_pages(sliding_window=group.span, **held))
            case "window":
                return int(laws.window_pages(sliding_window=group.span, **held, **flight))
            case "chunk":
                return int(laws.chunk_pages(attention_chunk_size=group.span, **held, **flight))
            case "cross":
                positions = group.span if self._one_table else max(group.span, reserve.max_batched_tokens)
                return int(laws.cross_pages(encoder_positions=positions, block_size=group.block))
        return self._state_pages(held, laws)

    def _state_pages(self, held: Mapping[str, int], laws: Any) -> int:
        assert self.rules is not None
        every = int(laws.full_pages(**held)) if self.rules.state_every_page else 0
        return every + self.rules.state_pages


def cache_plan(kept: Iterable[Kept], rules: CacheRules, laws: Any) -> CachePlan:
    """The pool for these layers. Layers of several kinds share pages of one size, in groups of equal length."""
    layers = _allocated(list(kept), rules)
    if not layers:
        return CachePlan(0, rules.block_size, ())
    if not rules.states_in_pool:
        return _one_table(layers, rules, laws)
    if len({(layer.kind, layer.span) for layer in layers}) == 1 and layers[0].kind != "state":
        return _uniform(layers, rules, laws)
    return _unified(layers, rules, laws)


def empty_plan(rules: CacheRules) -> CachePlan:
    """The pool of a model that keeps nothing."""
    return CachePlan(0, rules.block_size, ())


def _allocated(layers: list[Kept], rules: CacheRules) -> list[Kept]:
    """Layers as the manager allocates them: without the hybrid manager, windows beside full attention count as full."""
    if not rules.states_in_pool:
        layers = [layer for layer in layers if layer.kind != "state"]
    if rules.hybrid_manager or not any(layer.kind == "full" for layer in layers):
        return layers
    return [layer._replace(kind="full", span=0) if layer.kind in ("window", "chunk") else layer for layer in layers]


def _uniform(layers: Sequence[Kept], rules: CacheRules, laws: Any) -> CachePlan:
    """One group of all layers, each with a page of its own size."""
    page = int(laws.page_bytes(layer_bytes=sum(layer.size for layer in layers), block_size=rules.block_size))
    members = tuple((layer.layer, layer.size * rules.block_size) for layer in layers)
    group = Group(layers[0].kind, layers[0].span, rules.block_size, 1)
    return CachePlan(page, rules.block_size, (group,), (members,), rules)


def _one_table(layers: Sequence[Kept], rules: CacheRules, laws: Any) -> CachePlan:
    """The V0 engine: a page of every layer, self and cross attention of one layer in the same one."""
    own = {layer.layer for layer in layers if layer.kind != "cross"}
    plan = _uniform([layer for layer in layers if layer.kind != "cross" or layer.layer not in own], rules, laws)
    kinds = dict.fromkeys((layer.kind, layer.span) for layer in layers)
    return replace(plan, groups=tuple(Group(kind, span, rules.block_size, 1) for kind, span in kinds))


def _unified(layers: Sequence[Kept], rules: CacheRules, laws: Any) -> CachePlan:
    """Groups of as many layers each, with pages of one size."""
    kinds: dict[tuple[Kind, int, int], list[int]] = defaultdict(list)
    for layer in layers:
        kinds[layer.kind, layer.size, layer.span].append(layer.layer)
    caches = [LayerCache(kind, size, span, len(found)) for (kind, size, span), found in kinds.items()]
    page, blocks = _common_page(caches, rules, laws)
    size = _layers_in_group([cache.count for cache in caches], rules.group_tolerance)
    groups, members = [], []
    for cache, block, found in zip(caches, blocks, kinds.values(), strict=True):
        count = -(-cache.count // size)
        groups.append(Group(cache.kind, cache.span, block, count))
        members += [tuple((layer, page) for layer in found[start::count]) for start in range(count)]
    return CachePlan(page * size, min(blocks), tuple(groups), tuple(members), rules)


def _layers_in_group(counts: Sequence[int], tolerance: float) -> int:
    longest, shortest = max(counts), min(counts)
    return longest if longest < shortest * tolerance else shortest


def _common_page(layers: Sequence[LayerCache], rules: CacheRules, laws: Any) -> tuple[int, list[int]]:
    """Bytes of one page of one layer, and the tokens it holds for each kind."""
    states = [layer.size for layer in layers if layer.kind == "state"]
    attention = [layer.size for layer in layers if layer.kind != "state"]
    if not attention:
        return max(states), [rules.block_size] * len(layers)
    widest, block = max(attention), rules.block_size
    if states:
        block = max(block, rules.state_alignment * -(-max(states) // (rules.state_alignment * widest)))
        return int(laws.page_bytes(layer_bytes=widest, block_size=block)), [block] * len(layers)
    page = int(laws.page_bytes(layer_bytes=widest, block_size=block))
    return page, [_scaled_block(layer.size, widest, block) for layer in layers]


def _scaled_block(size: int, widest: int, block_size: int) -> int:
    """Tokens of a page as wide as the widest layer's; a page that does not divide it is padded."""
    return block_size * (widest // size if widest % size == 0 else 1)
