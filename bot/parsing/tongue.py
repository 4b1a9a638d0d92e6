"""The language of a text, and with it the role of every phrase in it."""

from __future__ import annotations

from bot.parsing.items import Item
from bot.words import DEFAULT_LANGUAGE, Vocabulary, spaced, vocabulary

LETTER_WEIGHT = 3
"""A letter that one language alone writes says more than a word."""


def settle_language(text: str, items: list[Item]) -> str:
    """The language of a text, by votes; phrases then get the role that they have in it."""
    words = vocabulary()
    votes = {DEFAULT_LANGUAGE: 0} | dict.fromkeys(words.letters, 0)
    for item in items:
        if item.role == "word":
            first = item.value.readings[0].language
            if first and all(reading.language == first for reading in item.value.readings):
                votes[first] += 1
    if not text.isascii():
        _letter_votes(text, votes, words)
    language = max(votes, key=lambda code: (votes[code], code == DEFAULT_LANGUAGE))
    for item in items:
        if item.role == "word":
            readings = item.value.readings
            shared = len(readings) > 1
            reading = item.value.read(spaced(text[item.start : item.end]), language) if shared else readings[0]
            item.role, item.value = reading.role, reading.value
    return language


def _letter_votes(text: str, votes: dict[str, int], words: Vocabulary) -> None:
    letters = set(text.lower())
    for code, own in words.letters.items():
        if letters & own:
            votes[code] += LETTER_WEIGHT
