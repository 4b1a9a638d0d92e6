"""The only place that turns bytes into GiB for people, and numbers into text."""

from __future__ import annotations

GIB = 2**30


def gib(size: int, *, digits: int = 1) -> str:
    """1_610_612_736 -> '1.5 GiB'. Small sizes keep two digits so that nothing shows as zero."""
    return f"{gib_number(size, digits=digits)} GiB"


def gib_number(size: int, *, digits: int = 1) -> str:
    """The number alone: '1.5'."""
    value = size / GIB
    if size and abs(value) < 1:
        digits = max(digits, 2)
    return f"{value:,.{digits}f}"


def count(number: int) -> str:
    """12288 -> '12,288'."""
    return f"{number:,}"


def tokens_short(number: int) -> str:
    """12288 -> '12k' where that is exact, else the number itself; for questions to send."""
    return f"{number // 1024}k" if number >= 1024 and number % 1024 == 0 else str(number)
