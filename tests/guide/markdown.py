"""Markdown tables and amounts for the generated pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GB = 10**9
GIB = 2**30
MB = 10**6


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A pipe table; bars inside cells are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def gb(size: float, digits: int = 2) -> str:
    """Bytes in units of 10^9, without the unit."""
    return f"{size / GB:,.{digits}f}"


def gib(size: float) -> str:
    """Bytes in units of 2^30, without the unit."""
    return f"{size / GIB:,.2f}"


def mb(size: float) -> str:
    """Bytes in units of 10^6, without the unit."""
    return f"{size / MB:,.1f}"


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
