"""What the stages of reading hand to each other: items in the order of the text, and the claims drawn from them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from bot.commands.command import Command
from bot.logs.observation import Observation
from bot.parsing.links import Link
from bot.parsing.names import Finder
from bot.parsing.split import HARD_BREAK, NO_BREAK, SOFT_BREAK
from bot.query import Problem, Said
from catalog.types import Machine

_SPACED = re.compile(r"[ ]+([,;?!])")
"""A mark that lost the word before it."""
PARTS = frozenset({"input", "output"})
"""Slots that a number of tokens is a part of."""


@dataclass(slots=True)
class Item:
    """A word, phrase, name or number with its place in the text."""

    role: str
    """A role of bot.words, or: model gpu machine format engine version number release
    times plus slash equals unsettled_model unsettled_gpu unsettled_format unknown."""
    start: int
    end: int
    value: Any = None
    gap: int = NO_BREAK
    """The break before it."""
    vague: bool = False
    used: bool = False
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One value for one slot, and the part of the text that said it."""

    value: Any
    start: int
    end: int
    vague: bool = False


class Tried(NamedTuple):
    """What words beside a command change in it."""

    words: str
    claims: dict[str, Claim]
    extra: dict[str, Any]


@dataclass(slots=True)
class Sentence:
    """A text being read."""

    text: str
    """The cleaned text that starts and ends refer to."""
    finder: Finder
    items: list[Item]
    language: str
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    machines: list[tuple[Item, Machine]] = field(default_factory=list)
    """Items that name a machine, each with its row."""
    rates: list[tuple[float, list[Item]]] = field(default_factory=list)
    """Requests a second, each with the items that said so; 0 where it counts something else."""
    command: Command | None = None
    log: Observation | None = None
    tried: list[Tried] = field(default_factory=list)
    _present: set[str] = field(init=False)
    """Roles that any item may have."""

    def __post_init__(self) -> None:
        self._present = {item.role for item in self.items}

    def words(self, *items: Item) -> str:
        """The text from the first of these items to the last."""
        return self.text[min(item.start for item in items) : max(item.end for item in items)]

    def claim(self, slot: str, value: Any, *items: Item, vague: bool = False) -> None:
        """These items say that the slot has this value."""
        start, end = items[0].start, items[0].end
        for item in items:
            item.used = True
            start, end = min(start, item.start), max(end, item.end)
        self.claims.setdefault(slot, []).append(Claim(value, start, end, vague))

    def forget(self, claim: Claim) -> None:
        """Leave the words of a claim unread."""
        for item in self.within(claim.start, claim.end):
            item.used = False

    def within(self, start: int, end: int) -> list[Item]:
        """Items that begin between two places of the text."""
        first, behind = self.places(start, end)
        return self.items[first:behind]

    def places(self, start: int, end: int) -> tuple[int, int]:
        """Index of the first of these items, and of the one behind the last."""
        first, behind = (bisect_left(self.items, place, key=attrgetter("start")) for place in (start, end))
        return first, behind

    def said(self, slot: str) -> bool:
        return slot in self.claims

    def of(self, *roles: str) -> list[tuple[int, Item]]:
        """Items of these roles that nothing has used yet, with their index."""
        if self._present.isdisjoint(roles):
            return []
        return [(index, item) for index, item in enumerate(self.items) if item.role in roles and not item.used]

    def recast(self, item: Item, role: str, value: Any) -> None:
        """Take an item for something else."""
        item.role, item.value = role, value
        self._present.add(role)

    def beside(self, index: int, step: int, skip: Iterable[str] = ("link",), over: int = SOFT_BREAK) -> int | None:
        """Index of the nearest item that is not of a role to skip, across breaks up to `over`; None at the edge."""
        items, at = self.items, index
        while True:
            crossed = items[at if step < 0 else at + 1].gap if 0 <= at + step < len(items) else HARD_BREAK + 1
            if crossed > over:
                return None
            at += step
            if items[at].role not in skip:
                return at


def said_of(claim: Claim, text: str, whole: bool) -> Said[Any]:
    """The claim as Query holds it; a whole number where the slot takes one."""
    words = text[claim.start : claim.end] or (claim.value if isinstance(claim.value, str) else "")
    return Said(int(claim.value) if whole else claim.value, words, claim.vague)


def replaced(text: str, claim: Claim, words: str = "") -> str:
    """The question with other words where a claim stands."""
    corrected = text[: claim.start] + words + text[claim.end :]
    return _SPACED.sub(r"\1", " ".join(corrected.split())).strip(" ,;")
