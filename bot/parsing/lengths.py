"""Lengths that are said in more than one number: input and output, mixes, products of length and batch, audio."""

from __future__ import annotations

from math import inf

from bot.parsing.items import Claim, Item, Sentence
from bot.parsing.numbers import Number
from bot.parsing.split import NO_BREAK
from bot.query import Problem
from bot.words import comparing, fold

BETWEEN = (
    "link",
    "place",
    "filler",
    "equals",
    "users",
    "requests",
    "tokens",
    "concurrent",
    "sequence",
    "each",
    "mix",
    "cards",
    "plus",
    "rest",
)
WHOLE_PERCENT = 100
SHARES_ADD_UP = 0.011
"""How far the shares of a mix may be from 1: 33% three times is a whole."""


def bind_durations(sentence: Sentence) -> None:
    """Seconds and minutes are the length of the audio, never tokens; "5m audio" is minutes."""
    for index, item in sentence.of("number"):
        if item.value.unit == "m" and _next_to(sentence, index, "audio"):
            item.value = Number(item.value.amount * 60, "seconds")
        if item.value.unit == "seconds":
            sentence.claim("audio_seconds", item.value.amount, item)


def _next_to(sentence: Sentence, index: int, role: str) -> bool:
    places = [sentence.beside(index, step) for step in (1, -1)]
    return any(place is not None and sentence.items[place].role == role for place in places)


def bind_products(sentence: Sentence) -> None:
    """ "32k x 64" and "64 x 4096": the length is the one with k, or the one that is no batch."""
    for index, item in sentence.of("times"):
        if 0 < index < len(sentence.items) - 1:
            left, right = _left_side(sentence, index), sentence.items[index + 1]
            counts_cards = left.end < item.start and item.end == right.start
            if all(side.role == "number" and not side.used for side in (left, right)) and not counts_cards:
                _bind_product(sentence, left, right, item)


def _left_side(sentence: Sentence, index: int) -> Item:
    """The number before "x", its unit passed over: "16k tokens x 4"."""
    before, unit = sentence.items[max(index - 2, 0)], sentence.items[index - 1]
    passed = unit.role in ("tokens", "sequence") and unit.gap == NO_BREAK and sentence.items[index].gap == NO_BREAK
    return before if passed and before.role == "number" and is_length(before.value) else unit


def _bind_product(sentence: Sentence, left: Item, right: Item, times: Item) -> None:
    lengths = [side for side in (left, right) if is_length(side.value)]
    counts = [side for side in (left, right) if is_count(side.value)]
    if len(lengths) == 1 and len(counts) == 1:
        sentence.claim("sequence_tokens", lengths[0].value.tokens(), lengths[0])
        sentence.claim("batch", counts[0].value.count(), counts[0], times)


SMALLEST_BARE_LENGTH = 512
LENGTH_STEP = 64


def is_length(number: Number) -> bool:
    """12k, or a whole number that looks like a length: at least 512, a multiple of 64 or round."""
    if number.unit in ("k", "m"):
        return True
    amount = number.grouped or number.amount
    return not number.unit and amount >= SMALLEST_BARE_LENGTH and (amount % LENGTH_STEP == 0 or amount % 500 == 0)


def is_count(number: Number) -> bool:
    """A plain whole number that is too small for a length."""
    return not number.unit and 0 < number.amount < SMALLEST_BARE_LENGTH and number.amount == int(number.amount)


def bind_mix(sentence: Sentence) -> None:
    """ "70% 4k, 30% 8k" in either order, and "half 2k half 8k"."""
    shares = [(index, item) for index, item in _shares(sentence)]
    if len(shares) < 2:
        _bind_split(sentence)
        return
    pairs = _pairs(sentence, shares, 1) or _pairs(sentence, shares, -1)
    if not pairs:
        return
    _fill_rest(pairs)
    items = [item for _, share, length in pairs for item in (share, length)]
    mix = tuple((share, int(length.value.tokens())) for share, _, length in pairs)
    if abs(sum(share for share, _ in mix) - 1) > SHARES_ADD_UP:
        sentence.problems.append(Problem("out_of_range", "mix", (sentence.words(*items),)))
    sentence.claim("mix", mix, *items)


def _bind_split(sentence: Sentence) -> None:
    """ "70/30 split 2k and 16k": two shares of a hundred, and as many lengths behind them in the same order."""
    for index, _ in sentence.of("slash") if sentence.of("mix") else ():
        sides = [side for side in sentence.items[max(index - 1, 0) : index + 2 : 2] if side.role == "number"]
        lengths = [item for place, item in sentence.of("number") if place > index + 1 and is_length(item.value)]
        if len(sides) == len(lengths) == 2 and sum(side.value.amount for side in sides) == WHOLE_PERCENT:
            shares = [side.value.amount / WHOLE_PERCENT for side in sides]
            mix = tuple((share, int(item.value.tokens())) for share, item in zip(shares, lengths, strict=True))
            sentence.claim("mix", mix, *sides, *lengths)
            return


def bind_counted_mix(sentence: Sentence) -> None:
    """ "20 users at 4k and 10 users at 16k" are 30 sequences, two thirds of them of 4k; with "or" they are none."""
    counts, lengths = sentence.claims.get("batch", []), sentence.claims.get("sequence_tokens", [])
    if len(counts) < 2 or len(counts) != len(lengths) or sentence.said("mix"):
        return
    ordered = sorted([*counts, *lengths], key=lambda claim: claim.start)
    alternate = all((claim in counts) == (ordered[0] in counts) for claim in ordered[::2])
    total = sum(claim.value for claim in counts)
    if not alternate or not 0 < total < inf or _said_as(sentence, "batch", counts):
        return
    start, end = ordered[0].start, ordered[-1].end
    if any(fold(sentence.words(item)) in comparing() for item in sentence.within(start, end)):
        return
    shares = tuple((count.value / total, int(length.value)) for count, length in zip(counts, lengths, strict=True))
    sentence.claims["mix"] = [Claim(shares, start, end)]
    sentence.claims["batch"] = [Claim(total, start, end)]
    del sentence.claims["sequence_tokens"]


def _said_as(sentence: Sentence, role: str, claims: list[Claim]) -> bool:
    """Whether a word of that role is part of one of these claims."""
    return any(
        item.role == role and any(claim.start <= item.start < claim.end for claim in claims) for item in sentence.items
    )


def _shares(sentence: Sentence) -> list[tuple[int, Item]]:
    """Percentages and the words half and rest."""
    return [
        (index, item)
        for index, item in sentence.of("number", "half", "rest")
        if (item.role == "rest" and not _beside_percentage(sentence, index))
        or item.role == "half"
        or (item.role == "number" and item.value.unit == "%")
    ]


def _beside_percentage(sentence: Sentence, index: int) -> bool:
    """ "the remaining 30%": the percentage says how much the rest is."""
    places = [sentence.beside(index, step, (), NO_BREAK) for step in (1, -1)]
    items = [sentence.items[place] for place in places if place is not None]
    return any(item.role == "number" and item.value.unit == "%" for item in items)


def _pairs(sentence: Sentence, shares: list[tuple[int, Item]], step: int) -> list[tuple[float, Item, Item]]:
    """(share, its item, length item) with the length on one side of each share, or nothing."""
    pairs = []
    for index, item in shares:
        place = sentence.beside(index, step, BETWEEN)
        length = sentence.items[place] if place is not None else None
        if length is None or length.role != "number" or length.used or not is_length(length.value):
            return []
        pairs.append((_share(item), item, length))
    return pairs


def _share(item: Item) -> float:
    return {"half": 0.5, "rest": 0.0}[item.role] if item.role != "number" else round(item.value.share, 6)


def _fill_rest(pairs: list[tuple[float, Item, Item]]) -> None:
    left = 1 - sum(share for share, _, _ in pairs)
    for place, (_, item, length) in enumerate(pairs):
        if item.role == "rest":
            pairs[place] = (round(left, 6), item, length)
