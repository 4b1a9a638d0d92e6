"""The only place that turns bytes into GiB (or GB) for people, and numbers into text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from formulas.units import GIB, KIB, MIB

UNITS = {"GiB": GIB, "GB": 10**9}
"""Units that sizes are shown in: bytes of each."""

_shown: ContextVar[str] = ContextVar("unit", default="GiB")


@contextmanager
def shown_in(unit: str | None) -> Iterator[None]:
    """Within the block sizes are shown in this unit, GiB by default."""
    token = _shown.set(unit if unit in UNITS else "GiB")
    try:
        yield
    finally:
        _shown.reset(token)


def unit() -> str:
    """The unit that sizes are shown in now."""
    return _shown.get()


def in_units(size: int) -> float:
    """The size in the unit shown."""
    return size / UNITS[unit()]


def gib(size: int, *, digits: int = 1) -> str:
    """1_610_612_736 -> '1.5 GiB' (or '1.6 GB'). Small sizes keep two digits so that nothing shows as zero."""
    return f"{gib_number(size, digits=digits)} {unit()}"


def measured_size(size: int) -> str:
    """A size as logs print it, two digits: '3.12 GiB', '448 MiB', '64 KiB'."""
    if size >= UNITS["GiB"]:
        return gib(size, digits=2)
    return f"{size / MIB:,.0f} MiB" if size >= MIB else f"{size / KIB:,.0f} KiB"


def gib_number(size: int, *, digits: int = 1) -> str:
    """The number alone: '1.5'."""
    value = in_units(size)
    if size and abs(value) < 1:
        digits = max(digits, 2)
    return f"{value:,.{digits}f}"


def count(number: int) -> str:
    """12288 -> '12,288'."""
    return f"{number:,}"


def tokens_short(number: int) -> str:
    """12288 -> '12k' where that is exact, else the number itself; for questions to send."""
    return f"{number // 1024}k" if number >= 1024 and number % 1024 == 0 else str(number)
