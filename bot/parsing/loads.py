"""Of several numbers of people or requests, the one that is active at once: "1000 users, 50 concurrent"."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from bot.parsing.items import Claim, Sentence
from bot.parsing.split import NO_BREAK

AT_ONCE = frozenset({"concurrent", "batch", "batch_glued"})
"""Roles of words that say how many run at the same time."""
BESIDE = ("filler", "link", "users", "requests", "images")
"""What may stand between a number and such a word."""


def bind_images(sentence: Sentence) -> None:
    """ "3 images" come with each request; "20 images at once" are the requests."""
    for claim in sentence.claims.pop("images", []):
        if _is_at_once(sentence, claim):
            sentence.claims.setdefault("batch", []).append(claim)
        else:
            sentence.extra["images"] = int(claim.value)


def settle_loads(sentence: Sentence) -> None:
    """A share of all is taken of them; of a total and a part at once the total is no load."""
    claims = sentence.claims.get("batch", [])
    if len(claims) == 1:
        _take_share(sentence, claims)
    judged = [(claim, _is_at_once(sentence, claim)) for claim in claims]
    at_once, totals = ([claim for claim, is_one in judged if is_one is wanted] for wanted in (True, False))
    if len(at_once) == 1 and totals and all(total.value > at_once[0].value for total in totals):
        sentence.claims["batch"] = at_once
        sentence.extra["of_all"] = tuple(sentence.text[total.start : total.end] for total in totals)


def _take_share(sentence: Sentence, claims: list[Claim]) -> None:
    """ "500 employees, 10% active at once"."""
    for index, item in sentence.of("number"):
        beside = [sentence.beside(index, step, BESIDE, NO_BREAK) for step in (1, -1)]
        words = [sentence.items[place] for place in beside if place is not None]
        word = next((word for word in words if word.role == "concurrent"), None)
        if word and item.value.unit == "%" and 0 < item.value.share < 1:
            all_of_them = claims[0]
            item.used = word.used = True
            value = float(ceil(all_of_them.value * item.value.share))
            start, end = min(all_of_them.start, item.start), max(all_of_them.end, item.end)
            claims[0] = replace(all_of_them, value=value, start=start, end=end, vague=True)
            return


def _is_at_once(sentence: Sentence, claim: Claim) -> bool:
    """Whether a word for what runs at the same time is part of a claim, or stands beside it."""
    first, behind = sentence.places(claim.start, claim.end)
    if first == behind:
        return False
    around = [sentence.beside(first, -1, BESIDE, NO_BREAK), sentence.beside(behind - 1, 1, BESIDE, NO_BREAK)]
    places = (*range(first, behind), *(place for place in around if place is not None))
    return any(sentence.items[place].role in AT_ONCE for place in places)
