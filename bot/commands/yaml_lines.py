"""Container specifications (compose, Kubernetes) as a person pasted them, whole or broken: no YAML parser is needed.

Argument lists become lines of words, every character in its place, so that one reader serves shells and YAML.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.commands.shell import STRING

_KEY = re.compile(
    r"(?i)^(?P<before>[ \t]*(?:-[ \t]+)?)[\"']?"
    r"(?P<key>[\w.-]*(?:args|command|cmd|entrypoint)|commands|run|script)[\"']?"
    r"[ \t]*:(?!\S)[ \t]*"
)
SCRIPTS = frozenset({"commands", "run", "script"})
"""Keys whose items are commands of their own."""
_MAP = re.compile(r"([ \t]*)[^\n]*:[ \t]*\n(?:[ \t]*\n)?(?!\1[ \t]*-)\1[ \t]+[\"']?[\w.-]+[\"']?:(?:[ \t]|\n|\Z)")
"""A key with keys below it: engine_kwargs."""
_ITEM = re.compile(r"[ \t]*-[ \t]+")
_FLAG_ITEM = re.compile(r"[ \t]*-[ \t]+[\"']?--[a-zA-Z]\S*[ \t]*\Z")
_ARGUMENT = re.compile(r"[ \t]*-[ \t]+(?:\"[^\"]*\"|'[^']*'|\S+)[ \t]*\Z")
MOST_SWITCHES = 8
"""Flags without a value at the start of such a list."""
_PAIR = re.compile(r"[ \t]*-[ \t]+[\w.]+:(?:[ \t]|$)")
_BLOCK = re.compile(r"[ \t]*(?:-[ \t]+)?([|>])[+-]?[ \t]*$")
IMAGE = re.compile(r"(?m)^[ \t]*(?:-[ \t]+)?[\"']?image[\"']?:[ \t]*[\"']?([^\s\"']+)")
_CARDS = re.compile(
    r"(?:nvidia\.com/gpu|amd\.com/gpu|nvidia\.com/mig-\S+|gpus|requestGPU)[\"']?:[ \t]*[\"']?(\d{1,4})\b"
    r"|limits[\"']?:[ \t]*\n(?:[^\n]*\n){0,3}?[ \t]*gpu[\"']?:[ \t]*[\"']?(\d{1,4})\b"
    r"|driver:[ \t]*[\"']?nvidia[\"']?[ \t]*\n[ \t]*count:[ \t]*[\"']?(\d{1,4})\b"
    r"|count:[ \t]*[\"']?(\d{1,4})[\"']?[ \t]*\n[ \t]*capabilities:[ \t]*\[?[^\n]*gpu"
)
_DEVICES = re.compile(r"device_ids:[ \t]*\[([^\]\n]*)\]")

_AS_SPACES = {ord(mark): " " for mark in "[],"}


class Unfolded(NamedTuple):
    """A text whose argument lists stand on one line each, and where they are."""

    text: str
    regions: tuple[tuple[int, int], ...]


def unfold(text: str) -> Unfolded:
    """Argument lists of a specification as plain words."""
    lines = text.split("\n")
    breaks = ["\n"] * len(lines)
    regions: list[tuple[int, int]] = []
    at, row = 0, 0
    while row < len(lines):
        match = None if _MAP.match("\n".join(lines[row : row + 3])) else _KEY.match(lines[row])
        indent = len(match["before"]) if match else 0
        last = _last(lines, row, indent) if match else _last_item(lines, row)
        size = sum(len(line) + 1 for line in lines[row : last + 1])
        is_script = match is not None and match["key"].lower() in SCRIPTS
        if match or last > row:
            begins = match.end() if match else lines[row].index("-") + 1
            lines[row] = " " * begins + lines[row][begins:]
            _flatten(lines, breaks, row, last, indent, is_script=is_script)
            regions.append((at, at + size - 1))
        at, row = at + size, last + 1
    unfolded = "".join(line + end for line, end in zip(lines, breaks, strict=True))
    return Unfolded(unfolded[: len(text)], tuple(regions))


def _last(lines: list[str], row: int, indent: int) -> int:
    """The last line of the value of a key: deeper lines, list items beside the key, an open bracket's lines."""
    last, is_open = row, lines[row].count("[") > lines[row].count("]")
    for at in range(row + 1, len(lines)):
        line = lines[at]
        if not line.strip():
            continue
        item = _ITEM.match(line) and not _PAIR.match(line) and _depth(line) >= indent
        if not (is_open or item or _depth(line) > indent):
            break
        last = at
        is_open = is_open and "]" not in line
    return last


def _last_item(lines: list[str], row: int) -> int:
    """The last item of a list of flags and values whose key was cut off; the row itself where none starts here."""
    last, values = row, 0
    if not _FLAG_ITEM.match(lines[row]):
        return row
    for at in range(row + 1, len(lines)):
        if lines[at].strip() and not _ARGUMENT.match(lines[at]):
            break
        last = at if lines[at].strip() else last
        values += bool(lines[at].strip()) and not _FLAG_ITEM.match(lines[at])
        if not values and at - row > MOST_SWITCHES:
            break
    return last if values else row


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _flatten(lines: list[str], breaks: list[str], row: int, last: int, indent: int, *, is_script: bool) -> None:
    """Blank list marks and brackets, and join the lines; those of a literal block (|), or of a script, stay lines."""
    literal = -1
    for at in range(row, last + 1):
        line = lines[at]
        if literal >= 0 and (not line.strip() or _depth(line) > literal):
            continue
        block = _BLOCK.match(line)
        literal = (indent if at == row else _depth(line)) if block and block.group(1) == "|" else -1
        marker = None if block else _ITEM.match(line)
        if at < last and literal < 0 and not (is_script and _ITEM.match(lines[at + 1])):
            breaks[at] = " "
        if block:
            lines[at] = " " * len(line)
        elif marker and at > row:
            lines[at] = " " * marker.end() + _without_brackets(line[marker.end() :])
        else:
            lines[at] = _without_brackets(line)


def _without_brackets(line: str) -> str:
    """An inline list as words: '["--model", "x"]' -> '  "--model"   "x"  ', quotes or none."""
    if line.lstrip().startswith("[") and not STRING.search(line):
        return line.translate(_AS_SPACES)
    parts, at = [], 0
    for match in STRING.finditer(line):
        parts += [_bare(line[at : match.start()]), match.group()]
        at = match.end()
    return "".join([*parts, _bare(line[at:])])


def _bare(text: str) -> str:
    return text if text.strip(" [],\t") else text.translate(_AS_SPACES)


def stated_cards(text: str) -> int | None:
    """How many GPUs a specification gives to a container."""
    match = _CARDS.search(text)
    if match:
        return int(next(number for number in match.groups() if number))
    devices = _DEVICES.search(text)
    return len([part for part in devices.group(1).split(",") if part.strip()]) if devices else None
