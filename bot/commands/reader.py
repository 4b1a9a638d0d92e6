"""Read one engine's serve command over its flag table; nothing is ever executed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from bot.commands.command import Command, Remark
from bot.commands.paste import Paste
from bot.commands.shell import ENDS, Token, tokens
from bot.commands.table import Flag, Found, Table, load_table
from bot.commands.values import (
    READ,
    SWITCH_WORDS,
    TRUTH,
    inside,
    read_json,
    read_loose,
    read_share,
    read_switch,
    read_whole,
)
from bot.commands.variables import ENGINE_VARIABLES, value

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*\Z")
_RUNNERS = frozenset({"python", "python3", "-m", "sudo", "nohup", "time", "exec", "env", "$", "uv", "run", "uvx", "-u"})
_PROMPT = re.compile(r"\S*@\S*[#$%>]?\Z|[$#>%]\Z|\(\w+\)\Z|\S*[#$]\Z")
_VALUE = re.compile(r"[-+]?[\d.]|[\"'{\[/~.]|\S*[/:_=]\S|(?:true|false|none|auto)\Z", re.I)
"""What follows an unknown flag and can only be its value."""
_MODEL = re.compile(r"[\d/\\$.-]")
"""What a model's name or path has and a small word has not."""
_IMAGE_VERSION = re.compile(r":(?:[a-z-]*-)?v?(\d+\.\d+(?:\.\w+)*)|:(?:\S*-)?b(\d{4,6})\b")
_NAME = re.compile(r"\A\w+=")
"""cmd= before a quoted command."""
_GLUED = re.compile(r"(?<=[^\s-])--(?=[a-zA-Z])")

MOST_GUESSES = 40
"""Unknown flags of one command that are compared with known ones."""
MOST_QUOTED = 20
"""Quoted words of one text that are opened to look for a command."""
ReadLength = Callable[[str], float | None]


class Reader:
    """One engine's commands: its table, and how it reads a length ("32k" is 32,000 in vLLM)."""

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

    @cached_property
    def signs(self) -> frozenset[str]:
        """Words without which a text holds no command of this engine."""
        return frozenset(head[-1] for head in self.table.heads) | frozenset(self.table.images)

    def read(self, paste: Paste) -> Command | None:
        """The first command of this engine, or None; a program counts before the image that it runs in."""
        if not any(sign in paste.lowered for sign in self.signs):
            return None
        for head in (self._program, self._is_image):
            words, index, opened = paste.words, 0, 0
            while index < len(words):
                if length := int(head(words, index)):
                    return self._command(paste, words, index, length)
                inner = self._quoted(words[index]) if opened < MOST_QUOTED else []
                opened += bool(inner)
                words = [*words[:index], *inner, *words[index + 1 :]] if inner else words
                index += not inner
        return None

    @cached_property
    def _starts(self) -> tuple[str, ...]:
        """How the words end that may start a command."""
        return tuple({head[0] for head in self.table.heads})

    def _program(self, words: list[Token], index: int) -> int:
        if not words[index].text.lower().replace("\\", "/").endswith(self._starts):
            return 0
        for head in self.table.heads:
            run = words[index : index + len(head)]
            if len(run) == len(head) and all(_is_called(word.text, part) for word, part in zip(run, head, strict=True)):
                return len(head)
        return 0

    def _is_image(self, words: list[Token], index: int) -> bool:
        """Whether a word is an image of this engine: behind `docker run` or `image:`, or known by its whole name."""
        word = words[index].text
        name = re.split(r"[:@]", word)[0]
        local = word[0] in "-/.~$" or "/bin/" in word
        return "/" in name and not local and any(image in name.lower() for image in self.table.images)

    def _quoted(self, word: Token) -> list[Token]:
        """The words inside a quoted command: bash -c "vllm serve ..."."""
        if " " not in word.text or not any(sign in word.text.lower() for sign in self.signs):
            return []
        text = _NAME.sub("", word.text)
        return [Token(part.text, word.start, word.end) for part in tokens(text)]

    # ------------------------------------------------------------------ the command

    def _command(self, paste: Paste, words: list[Token], index: int, length: int) -> Command:
        command = self.begin(words[first(words, index)].start, words[index + length - 1].end)
        image = next((word for at, word in enumerate(words) if self._is_image(words, at)), words[index])
        self._version(command, image)
        at = self._arguments(command, words, index + length)
        self._later_regions(command, paste, words, at)
        self.finish(command, paste)
        return command

    def begin(self, start: int, end: int) -> Command:
        """A command that states nothing yet."""
        return Command(self.engine, self.name, start, end, values=self.table.values)

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment states where no flag does."""
        command.cards = paste.cards
        command.extra |= paste.container
        if env := {name: each.value for name, each in paste.variables.items() if ENGINE_VARIABLES.fullmatch(name)}:
            command.extra["env"] = env
        for name, assigned in paste.variables.items():
            flag = self.table.flags.get(self.table.env.get(name, ""))
            text = value(assigned.value, paste.variables)
            if flag and not (command.states(flag.slot) if flag.slot else flag.also in command.extra):
                self.state(command, flag, text, Token(text, assigned.start, assigned.end))

    def _version(self, command: Command, word: Token) -> None:
        version = _IMAGE_VERSION.search(word.text)
        if version:
            command.set("engine_version", version.group(1) or version.group(2), "text", word)

    def _arguments(self, command: Command, words: list[Token], at: int) -> int:
        """Read flags up to the end of the command; where it ended."""
        while at < len(words) and words[at].text not in ENDS and words[at].text != "\n":
            used = self.argument(command, words, at)
            if not used:
                break
            at += used
            command.end = max(command.end, words[at - 1].end)
        return at

    def _later_regions(self, command: Command, paste: Paste, words: list[Token], at: int) -> None:
        """Argument lists of the same container that stand apart: `args:` behind `command:` or `image:`."""
        for start, end in paste.regions:
            if end <= command.end:
                continue
            at = next((place for place, word in enumerate(words) if word.start >= max(start, command.end)), len(words))
            while at < len(words) and words[at].end <= end:
                at = max(at + 1, self._arguments(command, words, at))

    def argument(self, command: Command, words: list[Token], at: int) -> int:
        """Words that one flag with its value, or the model, takes; 0 where the command is over."""
        word = words[at]
        if is_flag(word.text):
            return self.flag(command, words, at)
        if self._glue(words, at):
            return self.argument(command, words, at)
        if any(word.text in head for head in self.table.heads) or self._is_image(words, at):
            return 1
        if self.table.positional_model and not command.states("model") and _MODEL.search(word.text):
            command.set("model", word.text.rstrip(",;"), "text", word)
            command.flags[""] = ("", word.text)
            return 1
        return 0

    def _glue(self, words: list[Token], at: int) -> bool:
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

    # ------------------------------------------------------------------ one flag

    def flag(self, command: Command, words: list[Token], at: int) -> int:
        """Read a flag and its value; how many words they take."""
        written, equals, stated = words[at].text.partition("=")
        following = words[at + 1] if at + 1 < len(words) else None
        if not equals and following is not None and not is_flag(following.text):
            self._glue(words, at + 1)
            following = words[at + 1]
        found = self.table.find(written, guess=len(command.remarks) < MOST_GUESSES)
        if found is None:
            return self._unknown(command, words[at], following, bool(equals))
        if found.how == "near":
            command.remarks.append(Remark("near", written, found.flag.name))
        if found.flag.kind in ("switch", "maybe_switch"):
            return self._switch(command, found, stated if equals else None, words[at], following)
        if equals:
            self._take(command, found, stated, words[at])
            return 1
        if not _is_value(following):
            command.unread.append(words[at])
            return 1
        assert following is not None
        self._take(command, found, following.text, words[at], following)
        return 2

    def _unknown(self, command: Command, word: Token, following: Token | None, has_value: bool) -> int:
        command.unread.append(word)
        command.remarks.append(Remark("unknown", word.text.partition("=")[0]))
        takes = not has_value and following is not None and _is_value(following) and _VALUE.match(following.text)
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
        else:
            self.state(command, flag, text, *where)
        command.flags[flag.name] = (where[0].text.partition("=")[0], text)
        command.places[flag.name] = (where[0].start, where[-1].end)
        allowed = self.table.choices.get(flag.name)
        if allowed and text.lower() not in allowed and "$" not in text:
            command.remarks.append(Remark("choice", f"{command.flags[flag.name][0]} {text}", ", ".join(allowed)))

    def state(self, command: Command, flag: Flag, text: str, *where: Token) -> None:
        """Take the value of a flag as it is written."""
        text = text.strip("\"'").rstrip(",;") if flag.kind != "json" else text
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


def _is_called(word: str, part: str) -> bool:
    """Whether a word runs this program, whatever its folder: a part with a slash wants one."""
    name = word.lower().replace("\\", "/")
    if "/" in part:
        return name.endswith(part)
    return name.removeprefix("execstart=").rsplit("/", 1)[-1] == part


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def is_flag(word: str) -> bool:
    """Whether a word is written like a flag; a negative number is none."""
    return len(word) > 1 and word[0] == "-" and word != "--" and read_share(word) is None


def _is_value(following: Token | None) -> bool:
    return (
        following is not None and following.text != "\n" and following.text not in ENDS and not is_flag(following.text)
    )


def first(words: list[Token], index: int) -> int:
    """Where the command starts: environment settings, python -m, docker run and a prompt in front belong to it."""
    line = index
    while line and words[line - 1].text != "\n":
        line -= 1
    container = next(
        (at for at in range(line, index) if words[at].text.lower() in ("docker", "podman", "nerdctl")), None
    )
    if container is not None:
        index = container
    while index > line and (_ASSIGNMENT.match(words[index - 1].text) or words[index - 1].text.lower() in _RUNNERS):
        index -= 1
    return line if all(_PROMPT.match(word.text) for word in words[line:index]) else index
