"""JSON from outside, read within limits: its bytes, its depth, finite numbers only."""

from __future__ import annotations

import json
from typing import Any, NoReturn

DEEPEST = 32
"""Levels of nesting in any file that a model's publisher writes by hand or by tool."""


class Unreadable(ValueError):
    """Not JSON, or JSON beyond the limits."""


def read_json(text: bytes | str, *, most_bytes: int) -> Any:
    """The value of a JSON text. Raises Unreadable where it is damaged, larger than allowed, or out to do harm."""
    if len(text) > most_bytes:
        raise Unreadable(f"more than {most_bytes:,} bytes")
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if _depth(value) > DEEPEST:
        raise Unreadable("nested too deep")
    return value


def read_object(text: bytes | str, *, most_bytes: int) -> dict[str, Any]:
    """Like read_json, for a text that must be an object."""
    value = read_json(text, most_bytes=most_bytes)
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number beyond all bounds")
    return value


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion and no further than one beyond the limit."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        depth += 1
        level = [inner for each in level if isinstance(each, dict | list) for inner in _inside(each)]
    return depth


def _inside(value: dict[str, Any] | list[Any]) -> Any:
    return value.values() if isinstance(value, dict) else value
