"""Words that are one slip away from a word that counts or measures: "32 concurent", "usres", "contxt"."""

from __future__ import annotations

from functools import cache
from string import ascii_lowercase

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
        near = _near(word)
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


def _near(word: str) -> set[str]:
    """Known words that are one slip away: such a pair is alike where each lacks a letter at most."""
    alike = (read for short in _shorter(word) for read in _by_shorter().get(short, ()))
    return {read for read in alike if _is_slip(word, read)}


@cache
def _by_shorter() -> dict[str, list[str]]:
    """A known word, or one without a letter of it -> the known words that it is of."""
    found: dict[str, list[str]] = {}
    for word in _known():
        for short in _shorter(word):
            found.setdefault(short, []).append(word)
    return found


def _shorter(word: str) -> set[str]:
    """A word, and it without each of its letters."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _is_slip(typed: str, read: str) -> bool:
    """Whether one letter was left out, doubled, hit wrong, or swapped with its neighbour."""
    pairs = enumerate(zip(typed, read, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(typed), len(read)))
    typed, read = typed[same:], read[same:]
    is_swapped = typed[:2] == read[1::-1] and typed[2:] == read[2:]
    is_beside = read[:1] in ascii_lowercase and read[1:] in (typed, typed[1:])
    return typed[1:] == read or is_swapped or is_beside
