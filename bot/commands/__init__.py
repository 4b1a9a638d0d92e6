"""Serve commands pasted from a terminal.

An engine is one module of this folder with a READER over the flag table of the same name (vllm.py, vllm.toml), found by
scanning the folder.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files

from bot.commands.reader import Command, Reader
from bot.commands.shell import plain_lines

SHARED = frozenset({"__init__", "reader", "shell", "table"})
"""Modules of this folder that are no engine."""


@cache
def readers() -> tuple[Reader, ...]:
    """The readers of every engine."""
    names = sorted(file.name.removesuffix(".py") for file in files(__name__).iterdir() if file.name.endswith(".py"))
    return tuple(import_module(f"{__name__}.{name}").READER for name in names if name not in SHARED)


@cache
def signs() -> frozenset[str]:
    """Words without one of which a text holds no command."""
    return frozenset(sign for reader in readers() for sign in reader.signs)


def find_command(text: str) -> Command | None:
    """The first serve command in a cleaned text, or None."""
    lowered = text.lower()
    if not any(sign in lowered for sign in signs()):
        return None
    lines = plain_lines(text)
    found = [command for reader in readers() if (command := reader.read(lines))]
    return min(found, key=lambda command: command.start, default=None)
