"""Names in a row of words, by way of catalog.find."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from bot.parsing.split import Word


class Match(Protocol):
    """What catalog.find returns for the longest run of words that is a name."""

    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def words_used(self) -> int: ...
    @property
    def vague(self) -> bool: ...
    @property
    def candidates(self) -> tuple[str, ...]: ...


class Finder(Protocol):
    """Look-ups by name; what is not found comes back as catalog.types.NotFound with suggestions."""

    def longest(self, words: Sequence[str], start: int = 0) -> Match | None: ...
    def find_model(self, text: str) -> Any: ...
    def find_gpu(self, text: str) -> Any: ...
    def find_format(self, text: str) -> Any: ...
    def find_machine(self, text: str) -> Any: ...


class Name(NamedTuple):
    """A name at the start of a row of words."""

    kind: str
    key: str
    """Empty where the words name no single row."""
    length: int
    vague: bool
    candidates: tuple[str, ...]


_BRACKETS = re.compile(r"[\s()\[\]{}]+")
"""What may stand inside a name: "llama 3.1 70b (instruct)"."""
_MILLIONS = re.compile(r"\d+(?:\.\d+)?m\Z")


def default_finder() -> Finder:
    """The catalog that ships with the project."""
    from catalog.find import finder

    return finder()


def name_at(finder: Finder, words: Sequence[str], start: int) -> Name | None:
    """The longest name that starts here, without a format behind a model or a number behind a format."""
    match = finder.longest(words, start)
    if match is None:
        return None
    used = match.words_used
    if match.kind == "model" and used > 1 and _stands_alone(finder, words, start + used - 1):
        shorter = finder.longest(words[: start + used - 1], start)
        if shorter and shorter.kind == "model" and (shorter.key or not match.key):
            match = shorter
    if match.kind == "format" and used > 1 and words[start + used - 1].isdigit() and not _is_bits(words, start + used):
        match = finder.longest(words[: start + used - 1], start) or match
    return Name(match.kind, match.key, match.words_used, match.vague, match.candidates)


def _is_bits(words: Sequence[str], index: int) -> bool:
    """ "8 bit": in "awq 4 users" the 4 counts users."""
    return index < len(words) and words[index].lower().startswith("bit")


def _stands_alone(finder: Finder, words: Sequence[str], index: int) -> bool:
    """A number format, or a length such as 1M."""
    if _MILLIONS.match(words[index].lower()):
        return True
    last = finder.longest(words[: index + 1], index)
    return bool(last and last.kind == "format")


def is_name(finder: Finder, word: str) -> bool:
    """One word that names a model, card or format."""
    return finder.longest([word], 0) is not None


def run_of(words: Sequence[Word], start: int, ends: Container[str], text: str, limit: int = 8) -> list[str]:
    """The words from here to the next comma, operator or word of `ends`: no name goes beyond. Brackets are passed."""
    run = [words[start].text]
    for before, word in pairwise(words[start : start + limit]):
        apart = word.gap and not _BRACKETS.fullmatch(text, before.end, word.start)
        if apart or word.operator or word.folded in ends:
            break
        run.append(word.text)
    return run
