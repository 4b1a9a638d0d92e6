"""Input and output as parts of one length: "2048 + 512", "1k/1k", "3000:1000", "4k in 1k out", and their ratio."""

from __future__ import annotations

import re

from bot.parsing.items import PARTS, Item, Sentence
from bot.parsing.lengths import is_length
from bot.parsing.split import NO_BREAK
from bot.query import Problem

SMALLEST_PART = 16
"""Least tokens of an input or output that is written as a bare sum."""
_PORT = re.compile(r"(?:-p|--publish|\bports?:?)[ =\"'-]*\Z")
"""What stands before 8000:8000 where it is ports."""
LONGEST_PORT = 20
MARKS = ("plus", "slash", "equals")
"""What stands between the two numbers of a sum; a colon reads as equals."""


def bind_part_pairs(sentence: Sentence) -> None:
    """ "input/output 3000/1000": two numbers behind both words, in the order of the words."""
    for index, first in sentence.of("number"):
        place = sentence.beside(index, 1, MARKS, NO_BREAK)
        words, second = _parts_before(sentence, index), sentence.items[place] if place is not None else first
        if words and second.role == "number" and second is not first and _is_part(first) and _is_part(second):
            for word, number in zip(words, (first, second), strict=True):
                sentence.claim(word.role, number.value.tokens(), number, word)


def bind_ratio(sentence: Sentence) -> None:
    """ "ratio 3:1 input output": how a length is divided changes no memory, so the words are read and left."""
    for index, mark in sentence.of("equals", "slash"):
        sides = _sides(sentence, index)
        words = [item for item in sentence.items[max(index - 4, 0) : index + 5] if item.role in PARTS]
        if len(sides) == 2 and {word.role for word in words} == PARTS and all(map(_is_small, sides)):
            for item in (*sides, *words, mark):
                item.used = True


def bind_sums(sentence: Sentence) -> None:
    """ "2048 + 512", "2048 -> 512", "1k/1k" and "3000:1000": input and output."""
    separators = _separators(sentence)
    for index, mark in sentence.of(*MARKS):
        sides = _sides(sentence, index)
        if (
            mark in separators
            or len(sides) != 2
            or (mark.role == "equals" and not all(is_length(side.value) for side in sides))
        ):
            continue
        if any(_counts_cards(sentence, side) for side in sides) or _is_port(sentence.text, sides[0].start):
            continue
        if sides[0].used != sides[1].used and sides[0].value.unit == sides[1].value.unit:
            sentence.problems.append(Problem("conflict", None, (sentence.words(*sides),)))
        elif all(map(_is_part, sides)):
            for slot, side in zip(("input", "output"), sides, strict=True):
                sentence.claim(slot, side.value.tokens(), side)


def _is_port(text: str, place: int) -> bool:
    return _PORT.search(text, max(place - LONGEST_PORT, 0), place) is not None


def _counts_cards(sentence: Sentence, side: Item) -> bool:
    """ "an epyc 7642 + 3x rtx 3090": a number of cards is part of no length."""
    return any(claim.start <= side.start < claim.end for claim in sentence.claims.get("gpu_count", []))


def _separators(sentence: Sentence) -> list[Item]:
    """ "qwen3-32b / fp8 / 20 / 8k": slashes with space around them, where there are several, add nothing up."""
    apart = [item for _, item in sentence.of("slash") if _is_apart(sentence.text, item)]
    return apart if len(apart) > 1 else []


def _is_apart(text: str, item: Item) -> bool:
    return text[item.start - 1 : item.start].isspace() and text[item.end : item.end + 1].isspace()


def bind_input_and_output(sentence: Sentence) -> None:
    """Input and output add up to the length of a sequence."""
    parts = [claim for slot in ("input", "output") for claim in sentence.claims.pop(slot, [])]
    if parts:
        items = [Item("number", claim.start, claim.end) for claim in parts]
        sentence.claim("sequence_tokens", sum(claim.value for claim in parts), *items, vague=len(parts) == 1)


def _sides(sentence: Sentence, index: int) -> list[Item]:
    """The numbers on both sides of a mark."""
    sides = sentence.items[max(index - 1, 0) : index + 2 : 2]
    return [side for side in sides if side.role == "number"]


def _parts_before(sentence: Sentence, number: int) -> list[Item]:
    """Input and output, in their order, right before the number at this index; nothing where one is missing."""
    skipped = (*MARKS, "link")
    last = sentence.beside(number, -1, skipped)
    first = sentence.beside(last, -1, (*skipped, "filler")) if last else None
    words = [sentence.items[place] for place in (first, last) if place is not None]
    return words if {word.role for word in words} == PARTS else []


def _is_part(item: Item) -> bool:
    return not item.used and item.value.unit in ("", "k") and item.value.tokens() >= SMALLEST_PART


def _is_small(item: Item) -> bool:
    return not item.used and not item.value.unit and item.value.amount < SMALLEST_PART
