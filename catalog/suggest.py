"""Near names for a name that the catalog does not have: shown to people, never used in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

MOST = 3
NEAR = 0.6
"""Least similarity worth showing: 1 - edits / length of the longer name (edits include swapped neighbours)."""
SHORTLIST = 60
PREFIX, PREFIX_LETTERS = 0.75, 3
"""Score of a name that only goes on where the text ends, and the shortest text that counts as such a beginning."""
SAME_NUMBERS, SAME_DIGITS, SAME_LETTERS = 0.12, 0.06, 0.06
"""Added to the similarity: a slip in the letters, a version left out ("llama 70b") or a swap of digits ranks before
another size or another family."""

_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_DIGITS = re.compile(r"[\d.\-]")


def near_names(rows: Mapping[str, Sequence[str]], name: str) -> tuple[str, ...]:
    """Up to three rows whose folded names are near this one, nearest first.

    rows: folded name -> ids, GPU names or format keys of the rows that have it.
    """
    ranked = sorted(_scored(list(rows), name), key=lambda scored: (-scored[0], len(scored[1]), scored[1]))
    near = dict.fromkeys(row for _, known in ranked for row in rows[known])
    return tuple(near)[:MOST]


def _scored(known: list[str], name: str) -> Iterator[tuple[float, str]]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extract(name, known, scorer=OSA.normalized_similarity, score_cutoff=NEAR, limit=SHORTLIST)
    yield from ((similarity + _agreement(name, other), other) for other, similarity, _ in near)
    if len(name) >= PREFIX_LETTERS:
        yield from ((PREFIX, other) for other in known if other.startswith(name))


def _agreement(name: str, other: str) -> float:
    """What the two have in common beyond their edit distance."""
    numbers, others = _NUMBERS.findall(name), _NUMBERS.findall(other)
    same_numbers = numbers == others or (bool(numbers) and set(numbers) <= set(others))
    same_digits = sorted(filter(str.isdigit, name)) == sorted(filter(str.isdigit, other))
    same_letters = _DIGITS.sub("", name) == _DIGITS.sub("", other)
    return SAME_NUMBERS * same_numbers + SAME_DIGITS * same_digits + SAME_LETTERS * same_letters
