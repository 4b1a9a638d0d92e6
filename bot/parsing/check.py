"""Two values for one thing, and values that cannot be."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isfinite
from operator import attrgetter

from bot.parsing.items import Claim, Sentence, replaced
from bot.parsing.sides import KINDS, MOST_SIDES, sides_of
from bot.query import CustomCard, Problem
from bot.words import comparing, fold
from catalog.types import NotFound
from formulas.deployment import PARALLEL

LIMITS: dict[str, tuple[float, float]] = {
    "batch": (1, 10**6),
    "sequence_tokens": (1, 10**8),
    "gpu_count": (1, 10**5),
    "tensor_parallel": (1, 4096),
    "pipeline_parallel": (1, 4096),
    "data_parallel": (1, 4096),
    "max_batched_tokens": (1, 10**8),
    "max_sequences": (1, 10**6),
    "block_size": (1, 4096),
    "audio_seconds": (0.001, 10**6),
    "free_bytes": (1, 10**15),
    "utilization": (0.01, 1),
}
"""Least and greatest value that a question can mean; beyond lies a slip of the hand or of the keyboard."""
WHOLE = frozenset(LIMITS) - {"audio_seconds", "utilization"}
SUGGESTED = 3
"""Corrected questions that are offered for a contradiction."""


def check(sentence: Sentence) -> None:
    """Append a problem for each contradiction and each impossible value."""
    is_clear = not sentence.problems
    for slot, claims in list(sentence.claims.items()):
        sentence.claims[slot] = claims = _precise(sentence, slot, claims)
        _check_range(sentence, slot, claims)
        _check_conflict(sentence, slot, claims)
    _check_layouts(sentence)
    if is_clear and sentence.command is None and sentence.log is None:
        _set_side_by_side(sentence)


def _set_side_by_side(sentence: Sentence) -> None:
    """Offer the sides of a comparison in place of a question without one of the values."""
    slots = [str(problem.slot) for problem in sentence.problems]
    is_plain = bool(slots) and all(problem.code == "conflict" for problem in sentence.problems)
    if is_plain and (sides := sides_of(sentence, slots)):
        sentence.problems = [replace(problem, suggestions=sides, sides=True) for problem in sentence.problems]


def _precise(sentence: Sentence, slot: str, claims: list[Claim]) -> list[Claim]:
    """Without a vague GPU that another claim spells out ("h100 ... h100 nvl")."""
    if slot != "gpu" or len(claims) < 2:
        return claims
    words = [sentence.text[claim.start : claim.end].lower() for claim in claims]
    if together := _one_card(sentence, claims, words):
        return [together]
    distinct = set(words)
    spelled_out = {text for text in distinct if any(text in other and text != other for other in distinct)}
    kept = [claim for claim, text in zip(claims, words, strict=True) if not (claim.vague and text in spelled_out)]
    return kept or claims


def _one_card(sentence: Sentence, claims: list[Claim], words: list[str]) -> Claim | None:
    """ "mig 3g.40gb of an h100": two names that are one card's, taken together."""
    if len(claims) != 2 or len(set(map(_key, claims))) < 2:
        return None
    for first, second in (words, words[::-1]):
        found = sentence.finder.find_gpu(f"{first} {second}")
        if not isinstance(found, NotFound):
            start, end = min(claim.start for claim in claims), max(claim.end for claim in claims)
            return Claim(found.item.name, start, end, found.vague)
    return None


def _key(claim: Claim) -> object:
    return _comparable(claim.value)


def _check_range(sentence: Sentence, slot: str, claims: list[Claim]) -> None:
    if slot not in LIMITS:
        return
    least, most = LIMITS[slot]
    impossible = [claim for claim in claims if not _is_possible(slot, claim.value, least, most)]
    for number, claim in enumerate(impossible):
        words = sentence.text[claim.start : claim.end]
        suggestions = without(sentence.text, [claim]) if number < SUGGESTED else ()
        sentence.problems.append(Problem("out_of_range", slot, (words,), suggestions))  # type: ignore[arg-type]
    if impossible:
        claims[:] = [claim for claim in claims if _is_possible(slot, claim.value, least, most)]


def _is_possible(slot: str, value: float, least: float, most: float) -> bool:
    return isfinite(value) and least <= value <= most and (slot not in WHOLE or value == int(value))


def _check_conflict(sentence: Sentence, slot: str, claims: list[Claim]) -> None:
    if len(claims) < 2 or len({_comparable(claim.value) for claim in claims}) < 2:
        return
    words = tuple(dict.fromkeys(sentence.text[claim.start : claim.end] for claim in claims))
    values = list(dict.fromkeys(_comparable(claim.value) for claim in claims))
    values = values if slot in KINDS and len(values) <= MOST_SIDES else values[:SUGGESTED]
    suggestions = [
        corrected for value in values for corrected in without(sentence.text, _others(sentence, claims, value))
    ]
    sentence.problems.append(Problem("conflict", slot, words, tuple(suggestions)))  # type: ignore[arg-type]


def _check_layouts(sentence: Sentence) -> None:
    """ "tp 2 vs pp 2": two ways to share the cards, not one that has both."""
    said = [(slot, sentence.claims[slot]) for slot in PARALLEL if len(sentence.claims.get(slot, [])) == 1]
    if len(said) != 2:
        return
    first, second = sorted((claims[0] for _, claims in said), key=lambda claim: claim.start)
    between = [item for item in sentence.items if first.end <= item.start < second.start]
    if any(fold(sentence.words(item)) in comparing() for item in between) and _only_joins(
        sentence, first.end, second.start
    ):
        words = tuple(sentence.text[claim.start : claim.end] for claim in (first, second))
        joint = Claim(None, first.end, second.start)
        alone = [text for other in (second, first) for text in without(sentence.text, [other, joint])]
        sentence.problems.append(Problem("conflict", said[0][0], words, tuple(alone)))  # type: ignore[arg-type]


def _others(sentence: Sentence, claims: list[Claim], value: object) -> list[Claim]:
    """The claims of other values, each with the small words that join it to its neighbour ("h100 vs h200")."""
    ordered = sorted(claims, key=attrgetter("start"))
    others = [claim for claim in claims if _comparable(claim.value) != value]
    joints = [
        Claim(None, first.end, second.start)
        for first, second in pairwise(ordered)
        if {_comparable(first.value), _comparable(second.value)} != {value}
        and _only_joins(sentence, first.end, second.start)
    ]
    return others + joints


def _only_joins(sentence: Sentence, start: int, end: int) -> bool:
    """Whether nothing but small words stands between two values."""
    return start < end and all(item.role in ("filler", "link", "place") for item in sentence.within(start, end))


def _comparable(value: object) -> object:
    return value.visible_bytes if isinstance(value, CustomCard) else value


def without(text: str, claims: list[Claim]) -> tuple[str, ...]:
    """The question without the words of these claims."""
    left = list(text)
    for claim in claims:
        left[claim.start : claim.end] = " " * (claim.end - claim.start)
    corrected = replaced("".join(left), Claim(None, 0, 0))
    return (corrected,) if corrected else ()
