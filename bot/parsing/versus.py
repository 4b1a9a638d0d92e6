"""The second of two values that a word sets against each other: "batch 20 vs 40", "kv fp8 or bf16"."""

from __future__ import annotations

from typing import Any

from bot.parsing.items import Claim, Item, Sentence
from bot.parsing.numbers import Number
from bot.parsing.slots import LENGTH_SLOTS, share
from bot.parsing.split import NO_BREAK
from bot.words import comparing, fold

COUNTED = ("number", "release")
LENGTHS = LENGTH_SLOTS | {"max_batched_tokens"}


def bind_versus(sentence: Sentence) -> None:
    """Numbers and releases; those that both have a word of their own are two claims already."""
    bind_second(sentence, COUNTED)


def bind_second(sentence: Sentence, roles: tuple[str, ...]) -> None:
    """Claim the unclaimed one of two values for what the other one is: along "batch 4 vs 8 vs 16", and back."""
    places = range(1, len(sentence.items) - 1)
    for index in (*places, *reversed(places)):
        word, sides = sentence.items[index], (sentence.items[index - 1], sentence.items[index + 1])
        joined = word.gap == sides[1].gap == NO_BREAK and fold(sentence.words(word)) in comparing()
        if not joined or sides[0].role != sides[1].role or sides[0].role not in roles:
            continue
        for one, other in (sides, sides[::-1]):
            said = _said(sentence, one)
            if said and one.used and not other.used and _may_be(said[0], other):
                sentence.claim(said[0], _value(sentence, said[0], other), other, vague=other.vague)


def _may_be(slot: str, item: Item) -> bool:
    """ "10 users with 16k vs 20 users": 16k counts no users."""
    return not isinstance(item.value, Number) or item.value.unit not in ("k", "m") or slot in LENGTHS


def _said(sentence: Sentence, item: Item) -> tuple[str, Claim] | None:
    """The slot that an item is a value of."""
    claimed = ((slot, claim) for slot, claims in sentence.claims.items() for claim in claims)
    return next(((slot, claim) for slot, claim in claimed if claim.start <= item.start < claim.end), None)


def _value(sentence: Sentence, slot: str, item: Item) -> Any:
    if slot == "engine_version":
        return sentence.words(item).lower().lstrip("vb")
    if not isinstance(item.value, Number):
        return item.value
    if slot == "utilization":
        return share(item.value)
    return item.value.tokens() if slot in LENGTHS else item.value.count()
