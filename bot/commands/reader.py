"""Read one engine's serve command over its flag table; nothing is ever executed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from bot.commands.shell import ENDS, Token, tokens
from bot.commands.table import Flag, Table, load_table

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*\Z")
_RUNNERS = frozenset({"python", "python3", "-m", "sudo", "nohup", "time", "exec", "env", "$", "uv", "run", "uvx", "-u"})
_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_VALUE = re.compile(r"[-+]?[\d.]|[\"'{\[/~.]|\S*[/:_=]\S|(?:true|false|none|auto)\Z", re.I)
"""What follows an unknown flag and can only be its value."""
_MODEL = re.compile(r"[\d/\\-]")
"""What a model's name or path has and a small word has not."""
_IMAGE_VERSION = re.compile(r":v?(\d+\.\d+(?:\.\w+)*)")


class Setting(NamedTuple):
    """A value from a flag and where it stands."""

    value: object
    kind: str
    start: int
    end: int


@dataclass(slots=True)
class Command:
    """What a serve command states; values of kind format are still the engine's own names."""

    engine: str
    start: int
    end: int
    settings: dict[str, list[Setting]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    unread: list[Token] = field(default_factory=list)

    def set(self, slot: str, value: object, kind: str, *where: Token) -> None:
        setting = Setting(value, kind, where[0].start, where[-1].end)
        self.settings.setdefault(slot, []).append(setting)


def read_whole(text: str) -> float | None:
    """A plain whole number."""
    try:
        return float(int(text.replace(",", "").replace("_", "")))
    except ValueError:
        return None


def read_share(text: str) -> float | None:
    """A plain decimal."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


class Reader:
    """One engine's commands: its table, and how it reads a length ("32k" is 32,000 in vLLM)."""

    def __init__(self, name: str, read_length: Callable[[str], float | None] = read_whole) -> None:
        self.name, self.read_length = name, read_length

    @cached_property
    def table(self) -> Table:
        return load_table(self.name)

    @cached_property
    def signs(self) -> frozenset[str]:
        """Words without which a text holds no command of this engine."""
        return frozenset(head[-1] for head in self.table.heads) | frozenset(self.table.images)

    def read(self, text: str) -> Command | None:
        """The first command of this engine, or None."""
        words = tokens(text)
        for index in range(len(words)):
            length = self._head(words, index)
            if length:
                return self._command(words, index, length)
        return None

    def _head(self, words: list[Token], index: int) -> int:
        for head in self.table.heads:
            run = words[index : index + len(head)]
            if len(run) == len(head) and all(
                word.text.rsplit("/", 1)[-1].lower() == part for word, part in zip(run, head, strict=True)
            ):
                return len(head)
        return int(words[index].text.split(":")[0] in self.table.images)

    def _command(self, words: list[Token], index: int, length: int) -> Command:
        first = _first(words, index)
        command = Command(
            self.table.engine, words[first].start, words[index + length - 1].end, values=self.table.values
        )
        version = _IMAGE_VERSION.search(words[index].text)
        if version:
            command.set("engine_version", version.group(1), "text", words[index])
        at = index + length
        while at < len(words) and words[at].text not in ENDS and words[at].text != "\n":
            used = self._argument(command, words, at)
            if not used:
                break
            at += used
            command.end = words[at - 1].end
        return command

    def _argument(self, command: Command, words: list[Token], at: int) -> int:
        """Words that one flag with its value, or the model, takes; 0 where the command is over."""
        word = words[at]
        if _is_flag(word.text):
            return self._flag(command, words, at)
        heads = any(word.text in head for head in self.table.heads)
        if heads or (word.text.split(":")[0] in self.table.images):
            return 1
        if self.table.positional_model and "model" not in command.settings and _MODEL.search(word.text):
            command.set("model", word.text.rstrip(",;"), "text", word)
            return 1
        return 0

    def _flag(self, command: Command, words: list[Token], at: int) -> int:
        name, equals, value = words[at].text.partition("=")
        flag = self.table.flags.get(_flag_name(name))
        following = words[at + 1] if at + 1 < len(words) else None
        if flag is None:
            command.unread.append(words[at])
            return 1 + int(not equals and following is not None and _VALUE.match(following.text) is not None)
        if flag.kind in ("switch", "skip_switch"):
            if flag.slot:
                command.set(flag.slot, value.lower() != "false", "switch", words[at])
            return 1
        if equals:
            self._set(command, flag, value, words[at])
            return 1
        if (
            following is None
            or following.text == "\n"
            or (_is_flag(following.text) and read_share(following.text) is None)
        ):
            command.unread.append(words[at])
            return 1
        self._set(command, flag, following.text, words[at], following)
        return 2

    def _set(self, command: Command, flag: Flag, text: str, *where: Token) -> None:
        if not flag.slot:
            return
        text = text.strip("\"'").rstrip(",;")
        read = {"whole": read_whole, "length": self.read_length, "share": read_share}.get(flag.kind)
        value: object = read(text) if read else text
        if value is None:
            command.unread += where
        else:
            command.set(flag.slot, value, flag.kind, *where)


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word[0] == "-" and word != "--"


def _flag_name(name: str) -> str:
    """One spelling: two dashes before a long name, no underscores, lower case; a short flag keeps its case."""
    if not name.startswith("--"):
        return name
    return name.lower().replace("_", "-")


def _first(words: list[Token], index: int) -> int:
    """Where the command starts: environment settings, python -m and docker run in front belong to it."""
    line = index
    while line and words[line - 1].text != "\n":
        line -= 1
    container = next((place for place in range(line, index) if words[place].text.lower() in _CONTAINERS), None)
    if container is not None:
        index = container
    while index > line and (_ASSIGNMENT.match(words[index - 1].text) or words[index - 1].text.lower() in _RUNNERS):
        index -= 1
    return index
