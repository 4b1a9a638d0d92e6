"""Phrases of the vocabulary in a row of words: the role of one word, the longest phrase that starts at one."""

from __future__ import annotations

from bot.parsing.split import NO_BREAK, Word
from bot.words import Meaning, spaced, vocabulary


def role_of(word: Word) -> str:
    """The role of one word by itself, in the first language that has it; empty for none."""
    meaning = single(word.folded)
    return meaning.readings[0].role if meaning else ""


def single(folded: str) -> Meaning | None:
    """What one folded word says by itself."""
    rows = vocabulary().first.get(folded, ())
    return next((meaning for key, meaning in rows if len(key) == 1), None)


def phrase_at(words: list[Word], index: int) -> tuple[Meaning, int] | None:
    """The longest phrase of any language that starts here, and how many words it takes.

    Where accents were typed, phrases with just these come first: "dùng lượng tử" is no "dung lượng".
    """
    rows = vocabulary().first.get(words[index].folded, ())
    found = [(meaning, len(key)) for key, meaning in rows if len(key) == 1 or _spells(words, index, key)]
    as_typed = (phrase for phrase in found if _is_as_typed(words[index : index + phrase[1]], phrase[0]))
    return next(as_typed, found[0]) if found else None


def _is_as_typed(words: list[Word], meaning: Meaning) -> bool:
    """Whether a phrase is spelled with the accents that were typed, if any were."""
    typed = " ".join(word.text for word in words)
    return typed.isascii() or any(reading.written == spaced(typed) for reading in meaning.readings)


def _spells(words: list[Word], index: int, key: tuple[str, ...]) -> bool:
    behind, rest = words[index + 1 : index + len(key)], key[1:]
    if len(behind) < len(rest) or behind[0].folded != rest[0]:
        return False
    return all(word.folded == part and word.gap == NO_BREAK for word, part in zip(behind, rest, strict=True))
