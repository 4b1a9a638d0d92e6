"""Find one engine's serve command in a text and read it over its flag table; nothing is ever executed."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice

from bot.commands.command import Command, Remark
from bot.commands.flags import FlagReader, value_of
from bot.commands.heads import (
    CHARTS,
    EXECUTABLE,
    IMAGE_FLAG,
    IMAGE_KEYS,
    called,
    first,
    handed_over,
    is_called,
    is_flag,
    is_run,
    line_before,
    program,
)
from bot.commands.paste import Paste
from bot.commands.shell import ENDS, Token, placed, tokens
from bot.commands.table import folded
from bot.commands.variables import ENGINE_VARIABLES, value

_MODEL = re.compile(r"[\d/\\$.-]")
"""What a model's name or path has and a small word has not."""
_IMAGE_VERSION = re.compile(
    r":\S{0,60}?(?:vllm|sglang)[_-]v?(?P<named>\d+\.\d+(?:\.\d+)*)"
    r"|:(?!\d\d\.\d\d-)(?:[a-z-]*-)?v?(?P<tag>\d+\.\d+(?:\.\w+)*)|:(?:\S{0,60}-)?b(?P<build>\d{4,6})\b"
)
"""A release named in a tag, a tag that is one, a build; 25.09-py3 is a month's image of NVIDIA's."""
ADAPTERS = "--lora-modules"
"""Takes as many values as there are adapters."""
_PAIR = re.compile(r"[\w.-]+=\S|\{")
_NAME = re.compile(r"\A\w+=")
"""cmd= before a quoted command."""
_SPACED = re.compile(r"(?m)^(?:[^\n>]{0,200}>)?[ \t]*(set[ \t]+[A-Z]\w*_\w+[ \t]+=[ \t]*\S+)")
"""A variable of cmd.exe whose name takes the space in front of the sign."""
SHELLS = frozenset({"sh", "bash", "zsh", "python", "python3", "ray"})
"""What an argument list starts with that is a command by itself."""
MOST_NAMED = 5
"""Times that a program may be named in words before its command."""
WRAPPERS = ("dynamo.", "huggingfaceserver", "sglang_router")
"""Servers that take the flags of the engine and their own."""
OWN_TAGS = "dynamo"
"""Images whose tags are no release of the engine inside."""
MOST_IMAGES = 4
"""Images of one text among which the one that is run is looked for."""
MOST_QUOTED = 20
"""Quoted words of one text that are opened to look for a command."""


class Reader(FlagReader):
    """One engine's commands: where they stand in a text, and what else there belongs to them."""

    @cached_property
    def signs(self) -> frozenset[str]:
        """Words without which a text holds no command of this engine."""
        return frozenset(head[-1] for head in self.table.heads) | frozenset(self.table.images)

    def read(self, paste: Paste) -> Command | None:
        """The first command of this engine, or None; a program counts before the image that it runs in."""
        if not any(sign in paste.lowered for sign in self.signs):
            return None
        empty, named = None, 0
        for head in (self.starts, self._is_run_image, self.is_image):
            words, index, opened = paste.words, 0, 0
            while index < len(words):
                if length := int(head(words, index)):
                    command = self._command(paste, words, index, length, is_program=head == self.starts)
                    if command.flags or head != self.starts or named > MOST_NAMED:
                        return command
                    empty, index, named = empty or command, index + length, named + 1
                    continue
                may_open = opened < MOST_QUOTED and " " in words[index].text
                inner = self._quoted(words[index], paste.plain) if may_open else []
                opened += bool(inner)
                words = [*words[:index], *inner, *words[index + 1 :]] if inner else words
                index += not inner
            if empty:
                return empty
        return None

    @cached_property
    def _heads(self) -> dict[str, list[tuple[str, ...]]]:
        """Heads by the last part of the program's path."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for head in self.table.heads:
            found.setdefault(head[0].removesuffix(EXECUTABLE).rpartition("/")[2], []).append(head)
        return found

    @cached_property
    def _endings(self) -> tuple[str, ...]:
        """How the words end that may start a command."""
        return tuple(self._heads)

    def starts(self, words: list[Token], index: int) -> int:
        """Words of the program that starts here; 0 where none does."""
        if not called(words[index].text).endswith(self._endings):
            return 0
        for head in self._heads.get(program(words[index].text).rpartition("/")[2], ()):
            run = words[index : index + len(head)]
            if len(run) == len(head) and all(is_called(word.text, part) for word, part in zip(run, head, strict=True)):
                return len(head)
        return 0

    def read_at(self, paste: Paste, index: int) -> Command | None:
        """The command whose program starts at this word of the paste."""
        length = self.starts(paste.words, index)
        return self._command(paste, paste.words, index, length, is_program=True) if length else None

    def _is_run_image(self, words: list[Token], index: int) -> bool:
        return (self._is_own_image(words, index) or self.is_image(words, index)) and is_run(words, index)

    def _is_own_image(self, words: list[Token], index: int) -> bool:
        """Whether a specification runs a local image that the engine gave its name: image: our_vllm:1."""
        if not index or words[index - 1].text not in IMAGE_KEYS:
            return False
        name = re.split(r"[:@]", words[index].text)[0].rsplit("/", 1)[-1]
        return self.name in re.split(r"[_.-]", name.lower())

    def is_image(self, words: list[Token], index: int) -> bool:
        """Whether a word is an image of this engine: behind `docker run` or `image:`, or known by its whole name."""
        if "/" not in words[index].text:
            return False
        word = IMAGE_FLAG.sub("", words[index].text).removeprefix("docker:")
        name = word.partition("@")[0].partition(":")[0]
        if "/" not in name or word[:1] in "-/.~$" or "/bin/" in word or "(" in word:
            return False
        is_named = any(image in name.lower() for image in self.table.images)
        return is_named and all(each.text != CHARTS for each in line_before(words, index))

    def _quoted(self, word: Token, source: str) -> list[Token]:
        """The words inside a quoted command: bash -c "vllm serve ..."."""
        if not any(sign in word.text.lower() for sign in self.signs):
            return []
        text = _NAME.sub("", word.text)
        start = source.find(text, word.start, word.end)
        parts = tokens(text, max(start, 0))
        return parts if start >= 0 else list(placed(parts, word, source))

    # ------------------------------------------------------------------ the command

    def _command(self, paste: Paste, words: list[Token], index: int, length: int, *, is_program: bool) -> Command:
        command = self.begin(words[first(words, index)].start, words[index + length - 1].end)
        command.is_program = is_program
        program = " ".join(word.text for word in words[index : index + length])
        if "bench" in program:
            command.besides = self.table.bench
        elif any(wrapper in program for wrapper in WRAPPERS):
            command.besides = self.table.wrapped
        images = list(islice((at for at in range(len(words)) if self.is_image(words, at)), MOST_IMAGES))
        run = next((at for at in images if is_run(words, at)), images[0] if images else index)
        self._version(command, words[run])
        self._earlier_regions(command, paste, words, index)
        at = self._arguments(command, words, handed_over(words, index) or index + length)
        if at < len(words) and words[at].text in ENDS:
            behind = next((place for place in range(at, len(words)) if words[place].text == "\n"), len(words))
            command.spans.append((words[at].start, words[behind - 1].end))
        self._later_regions(command, paste, words, at)
        self.finish(command, paste)
        return command

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment states where no flag does."""
        command.cards = paste.cards
        command.extra |= paste.container | ({"maker": paste.maker} if paste.maker else {})
        if paste.image_tag and not command.states("engine_version"):
            self._version(command, Token(f":{paste.image_tag.group(1)}", *paste.image_tag.span(1)))
        if (paste.launcher.nodes or 1) > 1 and "nnodes" not in command.extra:
            command.extra["nnodes"] = paste.launcher.nodes
        self._spread(command)
        for spaced in islice(_SPACED.finditer(paste.text), MOST_IMAGES):
            command.remarks.append(Remark("spaced", spaced.group(1)))
        written = {name: each.value for name, each in paste.variables.items() if each.end}
        if env := {name: text for name, text in written.items() if ENGINE_VARIABLES.fullmatch(name)}:
            command.extra["env"] = env
        for name, assigned in paste.variables.items():
            flag = self.table.flags.get(self.table.env.get(name, ""))
            text = value(assigned.value, paste.variables)
            if flag and not (command.states(flag.slot) if flag.slot else flag.also in command.extra):
                start = paste.text.find(text, assigned.start, assigned.end)
                place = (start, start + len(text)) if text and start >= 0 else (assigned.start, assigned.end)
                self.state(command, flag, text, Token(text, *place))

    def _spread(self, command: Command) -> None:
        """Copies of which each machine runs some: --data-parallel-size 4 --data-parallel-size-local 1."""
        local, copies = command.extra.get("data_parallel_local"), command.settings.get("data_parallel")
        if local and copies and copies.value > local and copies.value % local == 0:
            command.extra.setdefault("nnodes", int(copies.value // local))

    def _version(self, command: Command, word: Token) -> None:
        version = None if OWN_TAGS in word.text else _IMAGE_VERSION.search(word.text)
        if version:
            command.set("engine_version", version["named"] or version["tag"] or version["build"], "text", word)

    def _arguments(self, command: Command, words: list[Token], at: int) -> int:
        """Read flags up to the end of the command; where it ended."""
        while at < len(words) and words[at].text not in ENDS and words[at].text != "\n":
            used = self.argument(command, words, at)
            if not used:
                break
            at += used
            command.end = max(command.end, words[at - 1].end)
        return at

    def _earlier_regions(self, command: Command, paste: Paste, words: list[Token], index: int) -> None:
        """An argument list that stands right before the `command:` that it is for."""
        inside = next((start for start, end in paste.regions if start <= words[index].start < end), 0)
        start, end = next((each for each in paste.regions if 0 < inside - each[1] <= 1), (0, 0))
        at = next((place for place, word in enumerate(words) if start <= word.start < end), index)
        while words[at].start < end and is_flag(words[at].text):
            at = max(at + 1, self._arguments(command, words, at))

    def _later_regions(self, command: Command, paste: Paste, words: list[Token], at: int) -> None:
        """Argument lists of the same container that stand apart: `args:` behind `command:` or `image:`."""
        for start, end in paste.regions:
            if end <= command.end or self._is_another(words, max(start, command.end), end):
                continue
            at = next((place for place, word in enumerate(words) if word.start >= max(start, command.end)), len(words))
            while at < len(words) and words[at].end <= end:
                at = max(at + 1, self._arguments(command, words, at))

    def _is_another(self, words: list[Token], start: int, end: int) -> bool:
        """Whether an argument list holds a command of its own: the workers of a group, a second container."""
        inside = [at for at, word in enumerate(words) if start <= word.start < end]
        runs = words[inside[0]].text.rsplit("/", 1)[-1] in SHELLS if inside else False
        return runs or any(self.starts(words, at) for at in inside)

    def argument(self, command: Command, words: list[Token], at: int) -> int:
        """Words that one flag with its value, or the model, takes; 0 where the command is over."""
        word = words[at]
        if is_flag(word.text):
            self.unwrap(words, at)
            return self.flag(command, words, at)
        if self.glue(words, at):
            return self.argument(command, words, at)
        wants_model = self.table.positional_model and not command.states("model")
        is_image = self.is_image(words, at) and not (wants_model and ":" not in word.text)
        if is_image or any(word.text in head for head in self.table.heads):
            return 1
        if wants_model and _MODEL.search(word.text.lstrip("-")):
            command.set("model", word.text.rstrip(",;"), "text", value_of(word, word.text))
            command.flags[""] = ("", word.text)
            return 1
        if ADAPTERS in command.flags and _PAIR.match(word.text):
            return 1
        following = words[at + 1].text if at + 1 < len(words) else ""
        is_known = is_flag(following) and self.table.find(following.partition("=")[0], guess=False)
        if is_known or (following.startswith("--") and words[at - 1] in command.unread):
            if folded(words[at - 1].text) not in command.besides:
                command.unread.append(word)
            return 1
        return 0
