"""Words that are one slip away from a word that counts or measures: "32 concurent", "usres", "contxt"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bot.parsing.items import Item
from bot.words import fold, vocabulary

ROLES = frozenset({"users", "requests", "prompts", "concurrent", "batch", "sequence", "tokens", "input", "output"})
"""Roles of words without which a number beside them would be lost."""
SHORTEST = 5
"""Letters; shorter words are too near to others."""


def settle_typos(items: list[Item], text: str) -> tuple[tuple[str, str], ...]:
    """Give unknown words beside a number the role of the one word that they miss; (typed, read) of each."""
    found = []
    for index, item in enumerate(items):
        word = fold(text[item.start : item.end])
        if item.role != "unknown" or len(word) < SHORTEST or not word.isalpha() or not _counts(items, index):
            continue
        near = {read for read in _slips(word) if read in _known()}
        if len({_known()[read] for read in near}) == 1:
            read = min(near)
            item.role = _known()[read]
            found.append((text[item.start : item.end], read))
    return tuple(found)


def _counts(items: list[Item], index: int) -> bool:
    return any(item.role == "number" for item in (*items[max(index - 1, 0) : index], *items[index + 1 : index + 2]))


@cache
def _known() -> dict[str, str]:
    """Word -> its one role, of words that count or measure."""
    rows = [(key, meaning) for listed in vocabulary().first.values() for key, meaning in listed]
    roles = {key[0]: {reading.role for reading in meaning.readings} for key, meaning in rows if len(key) == 1}
    return {word: min(found) for word, found in roles.items() if len(found) == 1 and found <= ROLES}


def _slips(word: str) -> Iterator[str]:
    """What was meant, if one letter was left out, doubled, hit wrong, or swapped with its neighbour."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        yield from (before + letter + after for letter in letters)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in letters)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
