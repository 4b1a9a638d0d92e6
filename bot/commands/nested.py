"""Keys inside a flag's own map, below it or in braces over several lines: speculative_config and its model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from bot.commands.table import Flag, Table, folded

_OPENED = re.compile(
    r"(?m)^(?P<depth>[ \t]*)(?:-[ \t]+)?[\"']?(?P<key>[A-Za-z][\w-]{2,60})[\"']?[ \t]*[:=][ \t]*(?:(?P<brace>\{)|$)"
)
_CALLED = re.compile(r"(?P<depth>(?<![\w.]))(?P<key>[a-z_]{3,60})=[A-Z]\w{2,60}(?P<brace>\()")
"""speculative_config=SpeculativeConfig(method=..., as engines print it."""
_KEY = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w.-]+[\"']?[ \t]*[:=][ \t]*[\"']?")
_PAIRED = {"{": "}", "(": ")"}
MOST_LOOKED_AT = 400
LONGEST_BLOCK = 4_000


class Block(NamedTuple):
    """A map that is the value of a flag, where its line or name starts, and where its keys stand."""

    flag: Flag
    line: int
    start: int
    end: int


def blocks(text: str, table: Table) -> list[Block]:
    """The maps in a text whose keys are no flags themselves."""
    named = text.replace("_", "-")
    return list(_blocks(text, table)) if any(name.lstrip("-") in named for name in table.json) else []


def block_at(found: list[Block], place: int) -> Block | None:
    """The map that a key stands in."""
    return next((block for block in found if block.start <= place < block.end), None)


def _blocks(text: str, table: Table) -> Iterator[Block]:
    opened = islice(chain(_OPENED.finditer(text), _CALLED.finditer(text)), MOST_LOOKED_AT)
    for match in opened:
        flag = table.flags.get(folded(f"--{match['key']}"))
        if flag and flag.kind == "json":
            brace, depth = match["brace"], len(match["depth"])
            end = _closing(text, match.end(), brace) if brace else _deeper(text, match.end(), depth)
            yield Block(flag, match.start(), match.end(), end)


def _closing(text: str, start: int, brace: str) -> int:
    """Where the brace closes that is open here."""
    depth, last = 1, min(len(text), start + LONGEST_BLOCK)
    for at in range(start, last):
        depth += (text[at] == brace) - (text[at] == _PAIRED[brace])
        if not depth:
            return at + 1
    return last


def _deeper(text: str, start: int, depth: int) -> int:
    """Where the lines end that stand deeper than their key."""
    at = start + 1
    while at < min(len(text), start + LONGEST_BLOCK):
        end = (text.find("\n", at) + 1) or len(text)
        line = text[at:end]
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            break
        at = end
    return at


def line_start(text: str, at: int) -> int:
    """Where the line of a value starts that has nothing but its key in front; the value itself elsewhere."""
    line = text.rfind("\n", 0, at) + 1
    return line if _KEY.fullmatch(text, line, at) else at
