"""Names -> rows: exact, alias, or folded; never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Generic, TypeVar

from catalog.cache import DAY_SECONDS, HOUR_SECONDS, Cache, open_cache
from catalog.index import Kind, Named
from catalog.load import Catalog, load
from catalog.names import compact
from catalog.suggest import MOST, near_names
from catalog.types import Fact, Gpu, Machine, Model, NotFound, NumberFormat

Item = TypeVar("Item", Model, Gpu, NumberFormat, Machine)

MAX_WORDS = 8
MAX_CHARACTERS = 200
"""Longer texts name nothing."""

VENDORS = ("nvidia", "geforce", "tesla", "amd", "radeon", "instinct", "intel", "apple")
"""Words that may stand before a card's name without changing what it means."""
OLD_BRAND, NEW_BRAND = "gtx", "rtx"
"""What people call cards by that NVIDIA sells as RTX: GTX 4060 Ti."""

ROUNDED = 0.05
"""How far a size that people say may be from the parameter total ("phi-4 14b" has 14.7 billion)."""

_SIZE_OR_VERSION = re.compile(r"(?P<billions>\d+(?:\.\d+)?)b|\d+x\d+b|a\d+(?:\.\d+)?b|[vr]\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Found(Generic[Item]):
    """A row and how it was named."""

    item: Item
    vague: bool
    """The name is shared and this is its usual reading: to be listed as assumed."""
    alias: str
    """The name as typed."""


@dataclass(frozen=True, slots=True)
class Match:
    """The longest run of words that is a name."""

    kind: Kind
    key: str
    """Model id, GPU or machine name, or format key; empty where the words name no single row."""
    words_used: int
    vague: bool = False
    candidates: tuple[str, ...] = ()
    """With an empty key: the rows that share the name; none where no row has it."""


class Lookup(Fact):
    """What a text names, as it is remembered."""

    key: str = ""
    vague: bool = False
    suggestions: tuple[str, ...] = ()


class Finder:
    """Looks names up in one catalog and remembers the answers in one cache."""

    def __init__(self, catalog: Catalog, cache: Cache) -> None:
        self.catalog = catalog
        self._cache = cache

    def find_model(self, text: str) -> Found[Model] | NotFound:
        """The model of a Hugging Face id, an alias, or a short name that only one row implies."""
        return self._find("model", text, self.catalog.models)

    def find_gpu(self, text: str) -> Found[Gpu] | NotFound:
        """The card of a catalog name or an alias, with or without its vendor and memory size."""
        return self._find("gpu", text, self.catalog.gpus)

    def find_format(self, text: str) -> Found[NumberFormat] | NotFound:
        """The number format of a key or an alias."""
        return self._find("format", text, self.catalog.formats)

    def find_machine(self, text: str) -> Found[Machine] | NotFound:
        """The machine of an instance type's or a server's name."""
        return self._find("machine", text, self.catalog.machines)

    def longest(self, words: Sequence[str], start: int = 0) -> Match | None:
        """The longest run of at most 8 words from start that is a name; None where no run is.

        Words are compared folded (see names.compact), so hyphens, colons and spaces inside a name are alike.
        No number of the question is drawn into a card's name: "a100-80" and "a100 80gb" are one card, in
        "a100 80 users" the card is "a100", and "a 4000" is no A4000.
        A name that several rows share comes back with an empty key and the candidates. A model's own size behind its
        name counts as part of it ("phi-4 14b"); another size, or a version, makes it a name that no row has: an empty
        key without candidates ("phi-4 70b"). Counts ("2xh100", "h100*4") must be split off before.
        """
        best: Match | None = None
        key = previous = ""
        for used, word in enumerate(words[start : start + MAX_WORDS], 1):
            chunk = compact(word)
            if not chunk and not key:
                return None
            if len(previous) == 1 and previous == key and chunk[:1].isdigit():
                break
            number_after_number = chunk.isdigit() and key[-1:].isdigit()
            key = f"{key}-{chunk}" if key[-1:].isdigit() and chunk[:1].isdigit() else key + chunk
            match = self._match(key, used) if chunk else None
            if match and not (number_after_number and match.kind == "gpu"):
                best = match
            previous = chunk
        return self._continued(best, words, start) if best and best.kind == "model" else best

    def _match(self, key: str, used: int) -> Match | None:
        named = self._named(key)
        if named:
            return Match(named.kind, named.key, used, named.vague)
        shared = self.catalog.shared.get(key)
        return Match(shared[0].kind, "", used, candidates=tuple(named.key for named in shared)) if shared else None

    def _continued(self, match: Match, words: Sequence[str], start: int) -> Match:
        """The match, with the next word where that is the model's size; unsettled where it is another or a version."""
        following = words[start + match.words_used : start + match.words_used + 1]
        said = _SIZE_OR_VERSION.fullmatch(compact(following[0])) if following else None
        if not said:
            return match
        used = match.words_used + 1
        return (
            replace(match, words_used=used) if self._has_size(match.key, said["billions"]) else Match("model", "", used)
        )

    def _has_size(self, key: str, billions: str | None) -> bool:
        parameters = self.catalog.models[key].published_parameters if key and billions else None
        return bool(parameters and billions and abs(parameters - float(billions) * 1e9) <= ROUNDED * parameters)

    def _named(self, key: str) -> Named | None:
        """The row of a folded name; the vendor of a card or machine before its name is passed over."""
        named = self.catalog.named(key)
        if named is None and key.startswith(OLD_BRAND):
            named = self.catalog.named(key.replace(OLD_BRAND, NEW_BRAND, 1))
        if named or not key.startswith(VENDORS):
            return named
        bare = key
        while vendor := next((vendor for vendor in VENDORS if bare.startswith(vendor)), ""):
            bare = bare.removeprefix(vendor)
        named = self.catalog.named(bare)
        return named if named and named.kind in ("gpu", "machine") else None

    def _find(self, kind: Kind, text: str, rows: Mapping[str, Item]) -> Found[Item] | NotFound:
        lookup = self._remembered(kind, text)
        if lookup.key:
            return Found(rows[lookup.key], lookup.vague, text)
        return NotFound(what=kind, text=text, suggestions=lookup.suggestions)

    def _remembered(self, kind: Kind, text: str) -> Lookup:
        key = compact(text) if len(text) <= MAX_CHARACTERS else ""
        if not key:
            return Lookup()
        name = f"find:{self.catalog.digest}:{kind}:{blake2b(key.encode(), digest_size=16).hexdigest()}"
        lookup = self._cache.get(name, Lookup)
        if lookup is None or (lookup.key and lookup.key not in self.catalog.rows(kind)):
            lookup = self._looked_up(kind, key)
            self._cache.set(name, lookup, DAY_SECONDS if lookup.key else HOUR_SECONDS)
        return lookup

    def _looked_up(self, kind: Kind, key: str) -> Lookup:
        named = self._named(key)
        if named and named.kind == kind:
            return Lookup(key=named.key, vague=named.vague)
        shared = [named for named in self.catalog.shared.get(key, ()) if named.kind == kind]
        if len(shared) == 1:
            return Lookup(key=shared[0].key, vague=shared[0].vague)
        if shared:
            return Lookup(suggestions=tuple(named.key for named in shared[:MOST]))
        return Lookup(suggestions=near_names(self.catalog.rows_by_name[kind], key))


_finders: list[Finder] = []


def finder() -> Finder:
    """The shipped catalog; remembers in this process, unless remember_in said otherwise."""
    if not _finders:
        remember_in(open_cache())
    return _finders[0]


def remember_in(cache: Cache) -> None:
    """Let the look-ups of this module remember their answers in this cache; for the start of a program."""
    _finders[:] = [Finder(load(), cache)]


def find_model(text: str) -> Found[Model] | NotFound:
    """Finder.find_model over the shipped catalog."""
    return finder().find_model(text)


def find_gpu(text: str) -> Found[Gpu] | NotFound:
    """Finder.find_gpu over the shipped catalog."""
    return finder().find_gpu(text)


def find_format(text: str) -> Found[NumberFormat] | NotFound:
    """Finder.find_format over the shipped catalog."""
    return finder().find_format(text)


def find_machine(text: str) -> Found[Machine] | NotFound:
    """Finder.find_machine over the shipped catalog."""
    return finder().find_machine(text)


def longest(words: Sequence[str], start: int = 0) -> Match | None:
    """Finder.longest over the shipped catalog."""
    return finder().longest(words, start)
