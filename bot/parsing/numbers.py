"""Numbers as people write them: 12,288 and 12.288, 0,9 and .92, 12k, 90%, 40GiB, 30s.

`k` and `m` after a number of tokens are 1,024 and 1,048,576; after a number of people they are thousands and millions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor, isfinite, isnan, nan
from typing import Literal

Unit = Literal["", "k", "m", "%", "bytes", "seconds"]

TOKENS_PER: dict[str, int] = {"": 1, "k": 2**10, "m": 2**20}
COUNT_PER: dict[str, int] = {"": 1, "k": 10**3, "m": 10**6}
BYTES_PER: dict[str, int] = {
    "g": 10**9, "gb": 10**9, "gbs": 10**9, "gig": 10**9, "gigs": 10**9, "tb": 10**12, "mb": 10**6,
    "gi": 2**30, "gib": 2**30, "mib": 2**20, "tib": 2**40,
}  # fmt: skip
"""IEC 80000-13 prefixes; plain GB is 10^9 bytes."""

_NUMBER = re.compile(r"([-+]?)(\d[\d.,]*|\.\d+)(e[-+]?\d+)?(%|[a-z]*)\Z")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*\Z")
_UNDERSCORES = re.compile(r"\d{1,3}(?:_\d{3})+")
"""Thousands as programs write them: 12_288."""
_FRACTION = re.compile(r"(\d)/(\d)([km]?)\Z")
"""1/2, and ½ as Unicode spells it out; 8/16 and 1k/1k are two numbers."""
_NOT_NUMBERS = {"nan": nan, "inf": float("inf"), "infinity": float("inf"), "infinite": float("inf")}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written and what it may mean."""

    amount: float
    unit: Unit = ""
    grouped: float | None = None
    """The other reading of one dot and three digits: 12.288 is also 12,288."""
    spoken: bool = False
    """Written as a word ("two", "dual")."""

    @property
    def share(self) -> float:
        """As a part of one: 90% is 0.9."""
        return self.amount / 100 if self.unit == "%" else self.amount

    def tokens(self) -> float:
        """As a number of tokens; whole unless it was written as a plain fraction."""
        return self._whole(TOKENS_PER)

    def count(self) -> float:
        """As a number of things that are not tokens."""
        return self._whole(COUNT_PER)

    def _whole(self, per: dict[str, int]) -> float:
        amount = self.grouped if self.grouped is not None and not self.unit else self.amount
        scaled = amount * per.get(self.unit, 1)
        return float(floor(scaled)) if self.unit and isfinite(scaled) else scaled


def read_number(word: str) -> Number | None:
    """A folded word as a number, or None."""
    if word in _NOT_NUMBERS:
        return Number(_NOT_NUMBERS[word])
    if fraction := _fraction(word):
        return fraction
    match = _NUMBER.match(word.replace("_", "") if _UNDERSCORES.match(word) else word)
    if match is None:
        return None
    sign, digits, exponent, unit = match.groups()
    if unit and unit not in TOKENS_PER and unit not in BYTES_PER and unit != "%":
        return None
    read = _digits(digits.rstrip(".,"), exponent or "")
    if read is None:
        return None
    amount, grouped = read
    amount = -amount if sign == "-" else amount
    if unit in BYTES_PER:
        return Number(amount * BYTES_PER[unit], "bytes")
    return Number(amount, unit, grouped)  # type: ignore[arg-type]


def _fraction(word: str) -> Number | None:
    match = _FRACTION.match(word)
    if match is None or not 0 < int(match[1]) < int(match[2]):
        return None
    return Number(int(match[1]) / int(match[2]), match[3])  # type: ignore[arg-type]


def _digits(digits: str, exponent: str) -> tuple[float, float | None] | None:
    """(value, other reading) of digits with dots and commas."""
    grouping = _THOUSANDS.match(digits)
    if grouping and not digits.startswith("0"):
        whole = float(digits.replace(",", "").replace(".", ""))
        one_dot = grouping.group(1) == "." and digits.count(".") == 1
        return (float(digits), whole) if one_dot and not exponent else (whole, None)
    if digits.count(",") + digits.count(".") > 1:
        return None
    return float(digits.replace(",", ".") + exponent), None


def is_whole(value: float) -> bool:
    """A finite whole number."""
    return isfinite(value) and not isnan(value) and value == int(value)
