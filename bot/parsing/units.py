"""Numbers joined with the unit word behind them: "80 GB", "90 percent", "12 k", "5 minutes"."""

from __future__ import annotations

from itertools import zip_longest

from bot.parsing.items import Item
from bot.parsing.numbers import BYTES_PER, Number
from bot.parsing.split import NO_BREAK

SECONDS_PER = {"second": 1, "minute": 60, "hour": 3600}
SIZES = {"gigabytes": "gb", "gibibytes": "gib", "megabytes": "mb", "mebibytes": "mib"}
"""Role of a unit word -> its unit."""
KEYED = ("equals", "number")
MULTIPLIERS = {"thousand": 10**3, "million": 10**6}


def join_units(items: list[Item]) -> list[Item]:
    """Numbers joined with the unit word behind them: "80 GB", "90 percent", "12 k", "5 minutes", "30s"."""
    joined: list[Item] = []
    for item, behind in zip_longest(items, items[1:]):
        before = joined[-1] if joined else None
        if (
            before
            and before.role == "number"
            and item.gap == NO_BREAK
            and not isinstance(before.value, float)
            and not (before.end < item.start and _is_key(item, behind))
        ):
            number = _scaled(before.value, item)
            if number:
                joined[-1] = Item("number", before.start, item.end, number, before.gap)
                continue
        if item.role == "number" and isinstance(item.value, float):
            item.value = Number(item.value, spoken=True)
        if item.role == "percent" or item.role in SIZES:
            item.role = "memory" if item.role in SIZES else "filler"
        joined.append(item)
    return joined


def _is_key(item: Item, behind: Item | None) -> bool:
    """ "20 s=12k": a single letter with its own value is no unit of the number before it."""
    return item.end - item.start == 1 and behind is not None and behind.gap == NO_BREAK and behind.role in KEYED


def _scaled(number: Number, item: Item) -> Number | None:
    if number.unit not in ("", "m"):
        return None
    if item.role in SECONDS_PER:
        return Number(number.amount * SECONDS_PER[item.role], "seconds")
    if number.unit:
        return None
    if item.role == "thousand" and item.end - item.start == 1:
        return Number(number.amount, "k")
    if item.role in MULTIPLIERS:
        return Number(number.amount * MULTIPLIERS[item.role])
    if item.role == "percent":
        return Number(number.amount, "%")
    if item.role in SIZES:
        return Number(number.amount * BYTES_PER[SIZES[item.role]], "bytes")
    return None
