"""The phase of a failure that the log does not settle, as the person tells it around the log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from catalog.kept import toml

FILE = Path(__file__).with_name("common.toml")
LONGEST_TOLD = 20_000
"""Characters before a failure, and behind it, in which a person may have told it."""
LONGEST_SENTENCE = 400
BESIDE = 60
"""Characters between words of a failure and of the phase that they tell."""
LOADING, SERVING = "weights", "serving"
"""People say "loading the model" of every step of a start, so a step that they name counts before it."""
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?;。！？](?=\s|$)|(?=\n)|$)")


class _Words(NamedTuple):
    failed: re.Pattern[str]
    ended: re.Pattern[str]
    out_of_memory: re.Pattern[str]
    supposed: re.Pattern[str]
    phases: dict[str, re.Pattern[str]]


@cache
def _words() -> _Words:
    file = toml(FILE)["told"]
    phases = {phase: _any(words) for phase, words in file["phases"].items()}
    return _Words(**{name: _any(file[name]) for name in _Words._fields if name != "phases"}, phases=phases)


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


def told_phase(text: str, place: int) -> str | None:
    """The phase told in a sentence with a failure, else right before the failure at this place.

    None where none is told, or two are.
    """
    around = text[max(0, place - LONGEST_TOLD) : place + LONGEST_TOLD]
    told = [phase for sentence in _failing(around) if (phase := _nearest(sentence))]
    if not told:
        told = [phase for sentence in _before(text, place) if (phase := _nearest(sentence))]
    return told[0] if len(set(told)) == 1 else None


def told_end(before: str) -> bool:
    """Whether the words before a log say that the server ended."""
    return _words().ended.search(before[-LONGEST_TOLD:]) is not None


def told_out_of_memory(text: str) -> str | None:
    """The phase in which a person says that memory ran out, of a text without a log; None where none is told."""
    words = _words()
    told = [sentence for sentence in _failing(text[:LONGEST_TOLD]) if words.out_of_memory.search(sentence)]
    return next((phase for each in told if not words.supposed.search(each) and (phase := _nearest(each))), None)


def _failing(text: str) -> Iterator[str]:
    """Sentences that tell of a failure."""
    for found in _SENTENCE.finditer(text):
        if found.end() - found.start() <= LONGEST_SENTENCE and _words().failed.search(found[0]):
            yield found[0]


def _before(text: str, place: int) -> list[str]:
    """The last sentence before a place, on its line or the one before."""
    before = text[max(0, place - LONGEST_SENTENCE) : place].rstrip()
    return [before.rpartition("\n")[2]] if before else []


def _nearest(sentence: str) -> str | None:
    """The phase whose words stand beside those of the failure, else nearest to them; None where two stand beside."""
    failed = [found.start() for found in _words().failed.finditer(sentence)] or [0]
    away = {
        phase: min(abs(found.start() - place) for found in pattern.finditer(sentence) for place in failed)
        for phase, pattern in _words().phases.items()
        if pattern.search(sentence)
    }
    beside = {phase for phase in away if away[phase] <= BESIDE}
    if len(beside) > 1 and beside != {LOADING, SERVING}:
        beside -= {LOADING}
    if len(beside) > 1:
        return None
    return min(beside or away, key=lambda phase: away[phase], default=None)
