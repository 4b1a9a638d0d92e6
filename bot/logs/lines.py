"""Rows of a log table on a text: where they match, and the numbers that they read there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

MOST_PER_ROW = 24
"""Matches of one row that are looked at: one per GPU and a few restarts."""
MOST_LOOKED_AT = 100
"""Places of one row's anchor that are looked at: several rows may share one."""
LONGEST_LINE = 4_000
"""Characters around an anchor that a pattern sees."""
WRAPPED = 400
"""Characters around the anchor of a failure, whatever lines they stand on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line that an engine prints."""

    anchor: str
    pattern: str = ""
    enters: str = ""
    fails: str = ""
    phase: str = ""
    usual: str = ""
    recurs: bool = False
    weak: bool = False
    harmless: bool = False
    clears: bool = False
    config: bool = False
    begins: bool = False

    @property
    def wraps(self) -> bool:
        """Whether the message may stand on several lines: a failure's, unless its pattern is about where lines end."""
        return bool(self.fails) and not self.pattern.startswith("(?m)")


@dataclass(frozen=True, slots=True)
class Matched:
    """A row on a line of the text."""

    row: Row
    start: int
    line_start: int
    line_end: int
    end: int
    """Where what the row reads of the line ends."""
    facts: Mapping[str, Any]


def matches(row: Row, text: str, flat: str) -> Iterator[Matched]:
    """Every line that a row matches, up to MOST_PER_ROW; messages of failures may be wrapped over lines.

    flat: the text with every line break as a space.
    """
    source = flat if row.wraps else text
    at, places = source.find(row.anchor), set[int]()
    for _ in range(MOST_LOOKED_AT):
        if at < 0 or len(places) == MOST_PER_ROW:
            return
        line_start = max(text.rfind("\n", 0, at) + 1, at - LONGEST_LINE)
        line_end = text.find("\n", at + len(row.anchor))
        line_end = min(len(text) if line_end < 0 else line_end, at + LONGEST_LINE)
        found = _search(row, source, flat, at, line_start, line_end)
        place = found.start() if found else at
        if (found or not row.pattern) and place not in places:
            places.add(place)
            facts = dict(facts_of(found)) if found else {}
            end = max(at + len(row.anchor), min(found.end(), line_end) if found else 0)
            yield Matched(row, at, line_start, line_end, end, facts)
        at = source.find(row.anchor, line_end)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when its anchor is first seen: a plain question never needs one."""
    return re.compile(pattern)


def _search(row: Row, source: str, flat: str, at: int, start: int, end: int) -> re.Match[str] | None:
    """The pattern on its line, else behind its anchor on a line that was wrapped."""
    if not row.pattern:
        return None
    pattern = _compiled(row.pattern)
    found = pattern.search(source, *_window(row, at, start, end))
    return found or pattern.search(flat, at, at + len(row.anchor) + WRAPPED)


def _window(row: Row, at: int, start: int, end: int) -> tuple[int, int]:
    return (max(0, at - WRAPPED), at + len(row.anchor) + WRAPPED) if row.wraps else (start, end)


_SIZE = re.compile(r"([\d.]+) ([KMGT]?)(?:iB|ytes|B)?\Z")
_PREFIX = {"": "bytes", "K": "kib", "M": "mib", "G": "gib", "T": "tib"}


def facts_of(found: re.Match[str]) -> Iterator[tuple[str, Any]]:
    """Named groups as facts: "1.74 GiB" under tried_to_allocate becomes tried_to_allocate_gib = 1.74."""
    groups = found.groupdict()
    device = re.sub(r"\D", "", groups.get("key__device") or "") or groups.get("key__device")
    device = groups.get("key__name") or device
    for group, text in groups.items():
        if text is None or group.startswith("key__"):
            continue
        kind, _, plain = group.rpartition("__")
        name, value = _fact(kind, re.sub(r"_2\Z", "", plain), text)
        yield name, {device: value} if kind == "by" else value


def _fact(kind: str, name: str, text: str) -> tuple[str, Any]:
    """Name and value of a group, by what stands before its name: list, sm, by or nothing."""
    if kind == "list":
        numbers = [float(part) for part in re.findall(r"[\d.]+", text)]
        return name, numbers if len(numbers) > 1 else numbers[0]
    if kind == "sm":
        digits = re.sub(r"\D", "", text)
        return name, float(f"{digits[:-1]}.{digits[-1]}")
    if name.startswith("q_"):
        return name, text
    size = _SIZE.match(text.replace("bytes", "ytes"))
    return (f"{name}_{_PREFIX[size.group(2)]}", float(size.group(1))) if size else (name, number(text))


def number(text: str) -> int | float | str | list[int]:
    """A printed number; a range "1~3" is both its ends; other text stays."""
    plain = text.replace(",", "")
    if re.fullmatch(r"-?\d{1,18}", plain):
        return int(plain)
    if re.fullmatch(r"-?\d+\.\d+", plain):
        return float(plain)
    if re.fullmatch(r"\d+~\d+", plain):
        return [int(part) for part in plain.split("~")]
    return text
