"""Every name of the catalog, folded, with the one row it stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from catalog.names import compact, machine_names, model_names, plural, sized_names

Kind = Literal["model", "gpu", "format", "machine"]

STATED, SHORT, IMPLIED, RUN_TOGETHER = range(4)
"""How close a name is to what the row says; a closer claim wins over any number of looser ones."""


class Named(NamedTuple):
    """The row behind a name."""

    kind: Kind
    key: str
    """Model id, GPU or machine name, or format key."""
    vague: bool = False
    """Several rows share the name and this one is its usual reading."""


@dataclass(slots=True)
class Index:
    """Names that settle one row, and names that several rows claim."""

    names: dict[str, Named] = field(default_factory=dict)
    shared: dict[str, tuple[Named, ...]] = field(default_factory=dict)

    def clashes(self) -> dict[str, tuple[Named, ...]]:
        """Shared names that rows state outright: mistakes in the data, unlike names that are merely implied."""
        return {key: claims for key, claims in self.shared.items() if key in self.stated_twice}

    stated_twice: frozenset[str] = frozenset()


def build(rows: Mapping[Kind, Mapping[str, Any]]) -> Index:
    """Settle every name of these rows (kind -> id, name or key -> raw row)."""
    claims: dict[str, dict[Named, int]] = defaultdict(dict)
    for name, named, rank in _claims(rows):
        if key := compact(name):
            claims[key][named] = min(rank, claims[key].get(named, rank))
    for key in [key for key in claims if "-" in key]:
        for named, rank in claims[key].items():
            if named.kind == "model":
                claims[key.replace("-", "")].setdefault(named, RUN_TOGETHER + rank)
    return _settle(claims)


def _settle(claims: Mapping[str, Mapping[Named, int]]) -> Index:
    index, twice = Index(), set()
    for key, ranks in claims.items():
        best = min(ranks.values())
        winners = _rows(named for named, rank in ranks.items() if rank == best)
        if len(winners) == 1:
            index.names[key] = winners[0]
            continue
        index.shared[key] = winners
        if best == STATED:
            twice.add(key)
    index.stated_twice = frozenset(twice)
    return index


def _rows(winners: Iterable[Named]) -> tuple[Named, ...]:
    """One claim per row; a row that both states a name and calls it vague means it as vague."""
    rows: dict[tuple[str, str], Named] = {}
    for named in sorted(winners, key=lambda named: named.vague):
        rows[named.kind, named.key] = named
    return tuple(rows.values())


def _claims(rows: Mapping[Kind, Mapping[str, Any]]) -> Iterator[tuple[str, Named, int]]:
    for kind, of_kind in rows.items():
        for key, row in of_kind.items():
            yield from _stated(kind, key, row)
            if kind == "model":
                yield from _implied_model_names(key)
            elif kind == "gpu":
                yield from _implied_gpu_names(key, row)
            elif kind == "machine":
                yield from ((name, Named("machine", key), IMPLIED) for name in machine_names(key))


def _implied_model_names(key: str) -> Iterator[tuple[str, Named, int]]:
    short, *implied = model_names(key)
    yield short, Named("model", key), SHORT
    yield from ((name, Named("model", key), IMPLIED) for name in implied)


def _stated(kind: Kind, key: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Named, int]]:
    for name in (key, *row.get("aliases", ())):
        yield name, Named(kind, key), STATED
    for name in row.get("vague_aliases", ()):
        yield name, Named(kind, key, True), STATED


def _implied_gpu_names(key: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Named, int]]:
    aliases, vague = row.get("aliases", ()), row.get("vague_aliases", ())
    for name in sized_names((*aliases, *vague, *row.get("series", ())), row.get("marketed_gb", 0)):
        yield name, Named("gpu", key), IMPLIED
    for name in aliases:
        yield plural(name), Named("gpu", key), IMPLIED
    for name in vague:
        yield plural(name), Named("gpu", key, True), IMPLIED
