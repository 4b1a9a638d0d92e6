"""Lengths by quantile, "p50 2k, p95 8k": half of the requests at most 2k, the others taken as long as the highest."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from bot.parsing.items import PARTS, Claim, Item, Sentence
from bot.parsing.lengths import is_length
from bot.parsing.split import NO_BREAK

BETWEEN = frozenset({"link", "filler", "place", "equals", "tokens", "sequence", "each", "requests", "prompts"}) | PARTS
"""What may stand between a quantile and its length."""
FARTHEST = 4
JOINTS = ("slash", "filler")
"""What joins quantiles, and lengths in the same order: "p50/p95 2k/8k"."""
READ = "quantile"
"""Claims whose values are (quantile, tokens, part)."""


def bind_quantiles(sentence: Sentence) -> None:
    """A length for every quantile; one that has none stays unread."""
    quantiles = [index for index, _ in sentence.of("quantile")]
    pairs = _in_order(sentence, quantiles) or [
        (index, place) for index in quantiles if (place := _length(sentence, index)) is not None
    ]
    for index, place in pairs:
        item, number = sentence.items[index], sentence.items[place]
        between = sentence.items[min(index, place) : max(index, place)]
        beside = sentence.items[place + 1 : place + 2]
        part = next((other.role for other in (*between, *beside) if other.role in PARTS and not other.gap), "")
        sentence.claim(READ, (item.value, number.value.tokens(), part), item, number)


def settle_quantiles(sentence: Sentence) -> None:
    """One quantile is the length, several are a mix; parts that are said otherwise are added to each."""
    claims = sentence.claims.pop(READ, [])
    if not claims:
        return
    whole = [claim for slot in PARTS for claim in sentence.claims.pop(slot, [])]
    more = sum(claim.value for claim in whole)
    lengths = [(quantile, int(tokens + more)) for quantile, tokens in _steps(claims)]
    items = [Item(READ, claim.start, claim.end) for claim in (*claims, *whole)]
    sentence.extra["quantiles"] = sentence.words(*items)
    if len(lengths) == 1:
        sentence.claim("sequence_tokens", lengths[0][1], *items, vague=True)
    else:
        sentence.claim("mix", _shares(lengths), *items)


def _steps(claims: list[Claim]) -> list[tuple[float, float]]:
    """Tokens at most at each quantile, rising; input and output of one quantile add up."""
    parts: dict[str, dict[float, float]] = defaultdict(dict)
    for claim in claims:
        quantile, tokens, part = claim.value
        parts["output" if part == "output" else "input"][quantile] = tokens
    quantiles = sorted({quantile for steps in parts.values() for quantile in steps})
    return [(quantile, sum(_at(steps, quantile) for steps in parts.values())) for quantile in quantiles]


def _at(steps: dict[float, float], quantile: float) -> float:
    """The length that so many stay within: that of the next higher quantile, else of the highest."""
    higher = [known for known in sorted(steps) if known >= quantile]
    return steps[higher[0] if higher else max(steps)]


def _shares(lengths: list[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    """Shares of the mix: up to the first quantile, between them, and all above the last but one."""
    edges = [0.0, *(quantile for quantile, _ in lengths[:-1]), 1.0]
    shares = [round(high - low, 6) for low, high in pairwise(edges)]
    return tuple(zip(shares, (tokens for _, tokens in lengths), strict=True))


def _length(sentence: Sentence, index: int) -> int | None:
    """The length ahead of a quantile, else right behind it."""
    for step, limit in ((1, FARTHEST), (-1, FARTHEST)):
        at = index
        for _ in range(limit):
            edge = at + 1 if step > 0 else at
            if not 0 <= at + step < len(sentence.items) or sentence.items[edge].gap != NO_BREAK:
                break
            at += step
            item = sentence.items[at]
            if item.role == "number" and not item.used and is_length(item.value):
                return at
            if item.role not in BETWEEN:
                break
    return None


def _in_order(sentence: Sentence, quantiles: list[int]) -> list[tuple[int, int]]:
    """ "p50/p95 2k/8k": as many lengths as quantiles, in their order, right behind them."""
    joined = len(quantiles) > 1 and all(_joins(sentence, *pair) for pair in pairwise(quantiles))
    numbers: list[int] = []
    at = quantiles[-1] if joined else len(sentence.items)
    while joined and at + 1 < len(sentence.items) and len(numbers) < len(quantiles):
        at += 1
        item = sentence.items[at]
        if item.role == "number" and is_length(item.value):
            numbers.append(at)
        elif item.role not in (*BETWEEN, *JOINTS):
            break
    return list(zip(quantiles, numbers, strict=True)) if len(numbers) == len(quantiles) and joined else []


def _joins(sentence: Sentence, first: int, second: int) -> bool:
    between = sentence.items[first + 1 : second]
    return all(item.role in JOINTS for item in between)
