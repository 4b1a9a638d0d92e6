"""How the value of a flag is read: numbers, shares, JSON, pairs, switches."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ON = frozenset({"true", "1", "on", "yes", "enabled", ""})
OFF = frozenset({"false", "0", "off", "no", "disabled"})
SWITCH_WORDS = (ON | OFF | {"auto"}) - {""}
TRUTH = frozenset({"true", "false"})
LONGEST_JSON = 20_000
_BARE_WORD = re.compile(r"(?<!\\)\"(?:[^\"\\]|\\.)*\"|'[^']*'|(#[^\n]*)|,(\s*[}\]])|([A-Za-z_/][^\s,:{}\[\]\"']*)")
"""A string, a comment, a comma behind the last item, a word without quotes."""
_CONSTANTS = frozenset({"true", "false", "null", "True", "False", "None"})


def read_whole(text: str) -> float | None:
    """A plain whole number."""
    try:
        return float(int(text.replace(",", "").replace("_", ""))) if len(text) < 25 else None
    except ValueError:
        return None


def read_share(text: str) -> float | None:
    """A plain decimal."""
    try:
        return float(text.replace(",", ".")) if len(text) < 25 else None
    except ValueError:
        return None


def read_number(text: str) -> float | int | None:
    """A number as written: whole where it is."""
    number = read_share(text)
    return int(number) if number is not None and number == number and number == int(number) else number


def read_loose(text: str) -> float | int | str:
    """A number, or the word that stands for one (-ngl all)."""
    number = read_number(text)
    return text if number is None else number


def read_switch(text: str) -> bool | None:
    """on, off and their like; None for auto."""
    word = text.lower()
    return True if word in ON else False if word in OFF else None


def read_json(text: str) -> dict[str, Any]:
    """The object that a JSON value (or a Python dict) says; empty where it says none."""
    if "{" not in text or len(text) >= LONGEST_JSON:
        return {}
    for read in (json.loads, ast.literal_eval, _read_loosely):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict):
            return value
    return {}


def _read_loosely(text: str) -> Any:
    """An object as PowerShell and YAML hand it on, or one in a program: words without quotes, comments."""
    without_comments = _BARE_WORD.sub(_quoted, text.replace("'", '"'))
    return json.loads(_BARE_WORD.sub(_quoted, without_comments))


def _quoted(match: re.Match[str]) -> str:
    comment, closing, word = match.groups()
    if comment or closing:
        return closing or ""
    if word is None:
        return match.group()
    return word.lower().replace("none", "null") if word in _CONSTANTS else f'"{word}"'


def read_pairs(text: str) -> dict[str, Any] | str:
    """ "image=5,video=0" or the same as JSON; the text itself where it is neither."""
    if found := read_json(text):
        return found
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(sign for _, sign, _ in pairs):
        return text
    return {key.strip(): read_loose(value) for key, _, value in pairs}


def inside(value: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """(name, value) of every key of `names` that stands in a nested object."""
    waiting: list[Mapping[str, Any]] = [value]
    while waiting:
        for key, held in waiting.pop().items():
            if key in names and not isinstance(held, Mapping):
                yield names[key], held
            elif isinstance(held, Mapping):
                waiting.append(held)


READ: dict[str, Callable[[str], Any]] = {
    "whole": read_whole,
    "share": read_share,
    "number": read_number,
    "loose": read_loose,
    "pairs": read_pairs,
    "format": str,
    "text": str,
}
"""By kind; lengths are read by the engine, switches and JSON by the reader."""
