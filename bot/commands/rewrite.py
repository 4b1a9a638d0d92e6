"""A pasted command line with some of its flags changed, everything else as it was written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from bot.commands.command import Command

_WRITTEN = re.compile(r"--?[A-Za-z][\w-]*")


class Change(NamedTuple):
    """A flag by its first spelling and its new value; None for a switch."""

    flag: str
    value: str | None = None
    dropped: bool = False

    @property
    def words(self) -> str:
        if self.dropped:
            return ""
        return self.flag if self.value is None else f"{self.flag} {shlex.quote(self.value)}"


def rewritten(command: Command, changes: Sequence[Change]) -> str | None:
    """The line with these changes; None where the paste is no line for a shell, or a flag stands in a variable."""
    if not command.text or not changes:
        return None
    edits: list[tuple[int, int, str]] = []
    for change in changes:
        place = command.places.get(change.flag)
        if place is None and change.dropped:
            continue
        if place is None:
            edits.append((command.end, command.end, f" {added(command, change).words}"))
            continue
        written = _WRITTEN.match(command.text, *place)
        if written is None:
            return None
        start = place[0] - 1 if change.dropped and command.text[place[0] - 1] == " " else place[0]
        edits.append((start, place[1], change._replace(flag=written.group()).words))
    return _edited(command, edits)


def added(command: Command, change: Change) -> Change:
    """A flag that the command has not, as its engine spells flags."""
    return change._replace(flag=f"--{change.flag[2:].replace('-', '_')}") if command.underscored else change


def _edited(command: Command, edits: list[tuple[int, int, str]]) -> str:
    """From the back, so that places stay where they are; what is added comes in its order."""
    line, end = command.text[: command.end], command.end
    for start, stop, words in sorted((edit for edit in edits if edit[0] != end), reverse=True):
        line = line[:start] + words + line[stop:]
    return line[command.start :] + "".join(words for start, _, words in edits if start == end)
