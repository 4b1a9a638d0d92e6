"""Read one flag and its value over an engine's table; nothing is ever executed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from bot.commands.command import Command, Remark
from bot.commands.heads import is_flag, is_value
from bot.commands.shell import Token
from bot.commands.table import Flag, Found, Table, folded, load_table
from bot.commands.values import (
    READ,
    SWITCH_WORDS,
    TRUTH,
    inside,
    read_json,
    read_loose,
    read_switch,
    read_whole,
)

_VALUE = re.compile(r"[-+]?[\d.]|[\"'{\[/~.]|\S*[/:_=]\S|(?:true|false|none|auto)\Z", re.I)
"""What follows an unknown flag and can only be its value."""
_GLUED = re.compile(r"(?<=[^\s-])--(?=[a-zA-Z])")

MOST_VALUES = 200
"""Values of one flag."""
MOST_GUESSES = 40
"""Unknown flags of one command that are compared with known ones."""
ReadLength = Callable[[str], float | None]


class FlagReader:
    """One engine's flags: its table, and how it reads a length ("32k" is 32,000 in vLLM)."""

    def __init__(self, name: str, read_length: ReadLength = read_whole, *, runs_on: str = "") -> None:
        self.name, self.read_length, self.runs_on = name, read_length, runs_on

    @cached_property
    def table(self) -> Table:
        return load_table(self.name)

    @property
    def engine(self) -> str:
        """Key of the engine that the command runs."""
        return self.runs_on or self.table.engine

    @cached_property
    def model_flag(self) -> str:
        """The flag that names the model, in its first spelling."""
        return next((flag.name for flag in self.table.flags.values() if flag.slot == "model"), "--model")

    def begin(self, start: int, end: int) -> Command:
        """A command that states nothing yet."""
        return Command(self.engine, self.name, start, end, values=self.table.values)

    def flag(self, command: Command, words: list[Token], at: int) -> int:
        """Read a flag and its value; how many words they take."""
        written, equals, stated = words[at].text.partition("=")
        following = words[at + 1] if at + 1 < len(words) else None
        if not equals and following is not None and not is_flag(following.text):
            self.glue(words, at + 1)
            following = words[at + 1]
        guess = len(command.remarks) < MOST_GUESSES and folded(written) not in command.besides
        found = self.table.find(written, guess=guess)
        if found is None:
            return self._unknown(command, words[at], following, bool(equals))
        if found.how == "near" and folded(written) not in command.besides:
            command.remarks.append(Remark("near", written, found.flag.name))
        if found.flag.kind in ("switch", "maybe_switch"):
            return self._switch(command, found, stated if equals else None, words[at], following)
        if equals:
            self._take(command, found, stated, words[at])
            return 1
        if not is_value(following):
            command.unread.append(words[at])
            return 1
        assert following is not None
        self._take(command, found, following.text, words[at], following)
        return 2 + (self._further(words, at + 2) if folded(written) in self.table.many else 0)

    def _further(self, words: list[Token], at: int) -> int:
        """Values behind the first of a flag that takes several: all in front of a known flag, else numbers."""
        ends = (place for place in range(at, min(at + MOST_VALUES, len(words))) if not is_value(words[place]))
        end = next(ends, at)
        if end < len(words) and self.table.find(words[end].text.partition("=")[0], guess=False):
            return end - at
        return next((place for place in range(at, len(words)) if not words[place].text.isdigit()), len(words)) - at

    def _unknown(self, command: Command, word: Token, following: Token | None, has_value: bool) -> int:
        name = word.text.partition("=")[0]
        if folded(name) not in command.besides:
            command.unread.append(word)
            command.remarks.append(Remark("unknown", name))
        takes = not has_value and following is not None and is_value(following) and _VALUE.match(following.text)
        return 2 if takes else 1

    def _switch(self, command: Command, found: Found, value: str | None, word: Token, following: Token | None) -> int:
        used = 1
        words = SWITCH_WORDS if found.flag.kind == "maybe_switch" else TRUTH
        if value is None and following and following.text.lower() in words:
            value, used = following.text, 2
        is_on = read_switch(value or "")
        if is_on is not None:
            self._state(command, found.flag, is_on != found.turned_off, word)
        command.flags[found.flag.name] = (word.text.partition("=")[0], value or "")
        command.places[found.flag.name] = (word.start, following.end if used > 1 and following else word.end)
        return used

    def _take(self, command: Command, found: Found, text: str, *where: Token) -> None:
        flag = found.flag
        if found.key:
            self._json(command, flag, {found.key: read_loose(text)})
        elif flag.slot == "model":
            self.state(command, flag, text, value_of(where[-1], text))
        else:
            self.state(command, flag, text, *where)
        command.flags[flag.name] = (where[0].text.partition("=")[0], text)
        command.places[flag.name] = (where[0].start, where[-1].end)
        allowed = self.table.choices.get(flag.name)
        if allowed and text.lower() not in allowed and "$" not in text:
            command.remarks.append(Remark("choice", f"{command.flags[flag.name][0]} {text}", ", ".join(allowed)))

    def state(self, command: Command, flag: Flag, text: str, *where: Token) -> None:
        """Take the value of a flag as it is written."""
        text = _bare(text) if flag.kind != "json" else text
        if flag.kind == "json":
            self._json(command, flag, read_json(text))
            return
        if flag.kind == "skip":
            return
        if flag.kind in ("switch", "maybe_switch"):
            if (is_on := read_switch(text)) is not None:
                self._state(command, flag, is_on, *where)
            return
        read = self.read_length if flag.kind == "length" else READ[flag.kind]
        value: Any = read(text)
        if value is None:
            self._not_read(command, flag, text, *where)
        else:
            self._state(command, flag, value, *where)

    def _not_read(self, command: Command, flag: Flag, text: str, *where: Token) -> None:
        """auto is a value of lengths; any other text is none."""
        if flag.slot == "sequence_tokens" and text.lower() in ("auto", "-1"):
            command.extra["sequence_auto"] = True
        elif text.lower() not in ("auto", "none", "null", "default"):
            command.unread += where
            command.remarks.append(Remark("value", " ".join(word.text for word in where)))

    def _state(self, command: Command, flag: Flag, value: Any, *where: Token) -> None:
        if flag.slot == "sequence_tokens" and value == -1:
            command.extra["sequence_auto"] = True
            return
        if flag.slot:
            command.set(flag.slot, value, flag.kind, *where)
        if flag.also:
            command.extra[flag.also] = _whole(value) if flag.kind in ("whole", "length") else value

    def _json(self, command: Command, flag: Flag, value: dict[str, Any]) -> None:
        if flag.also and value:
            before = command.extra.get(flag.also)
            command.extra[flag.also] = {**before, **value} if isinstance(before, dict) else value
        command.extra.update(inside(value, self.table.json.get(flag.name, {})))

    def unwrap(self, words: list[Token], at: int) -> None:
        """Join a flag that a terminal broke in two: "--max-num" and "-seqs" where only the whole is known."""
        if self.table.knows(words[at].text.partition("=")[0]):
            return
        behind = next((place for place in range(at + 1, min(at + 3, len(words))) if words[place].text != "\n"), at)
        joined = words[at].text + words[behind].text
        if behind > at and self.table.knows(joined.partition("=")[0]):
            words[at : behind + 1] = [Token(joined, words[at].start, words[behind].end)]

    def glue(self, words: list[Token], at: int) -> bool:
        """Cut 8111--gpu-memory-utilization in two where the second part is a flag."""
        word = words[at]
        for match in _GLUED.finditer(word.text):
            if self.table.find(word.text[match.start() :].partition("=")[0]) and word.end - word.start == len(
                word.text
            ):
                middle = word.start + match.start()
                words[at : at + 1] = [
                    Token(word.text[: match.start()], word.start, middle),
                    Token(word.text[match.start() :], middle, word.end),
                ]
                return True
        return False


def _bare(text: str) -> str:
    """A value without quotes, and without the bracket that closes the list it stands in."""
    text = text.strip("\"'").rstrip(",;")
    return text if "[" in text or "(" in text else text.rstrip("])")


def value_of(word: Token, text: str) -> Token:
    """Where a value stands: behind the = of a flag that is written as it was read."""
    if word.end - word.start == len(word.text) + 2 and word.text == text:
        return Token(text, word.start + 1, word.end - 1)
    is_verbatim = word.end - word.start == len(word.text)
    return Token(text, word.end - len(text) if is_verbatim else word.start, word.end)


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
