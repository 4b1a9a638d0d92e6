"""A file of catalog rows as text: its rows, and values changed in place, every other line as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

HEAD = "[[model]]"
_TABLE = re.compile(r"\[(?P<path>[^\[\]]+)\]\s*(?:#.*)?\Z")
_KEY = re.compile(r"(?P<key>[A-Za-z0-9_-]+)\s*=\s*")

Changes = Mapping[str, Any]
"""Dotted path within a row -> its new value."""


def rows(text: str) -> Iterator[tuple[int, int]]:
    """First line and the line behind the last of every row."""
    starts = [number for number, line in enumerate(text.splitlines()) if line.strip() == HEAD]
    yield from zip(starts, [*starts[1:], len(text.splitlines())], strict=True)


def changed(text: str, identifier: str, changes: Changes) -> str:
    """The text with these values in the row of this id."""
    lines = text.splitlines()
    for first, end in rows(text):
        if f'id = "{identifier}"' in lines[first:end]:
            lines[first:end] = _row(lines[first:end], changes)
    return "\n".join(lines) + "\n"


def _row(lines: list[str], changes: Changes) -> list[str]:
    table, found = "", []
    for line in lines:
        if head := _TABLE.match(line):
            table = head["path"].removeprefix("model").removeprefix(".")
        key = _KEY.match(line)
        path = ".".join(part for part in (table, key["key"]) if part) if key else ""
        found.append(f"{line[: key.end()]}{written(changes[path])}" if key and path in changes else line)
    return found


def written(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False)
