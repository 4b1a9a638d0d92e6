"""Serve commands pasted from a terminal, a container specification or a configuration file.

An engine is one module of this folder with a READER over the flag table of the same name (vllm.py, vllm.toml), found by
scanning the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.resources import files
from itertools import islice

from bot.commands.command import Command, Remark
from bot.commands.flags import MOST_GUESSES
from bot.commands.heads import first
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token, blanked, line_numbers
from bot.commands.spans import lines_of_paste
from bot.commands.tail import complete, read_pairs_of, read_tail


@cache
def readers() -> tuple[Reader, ...]:
    """The readers of every engine: every module here with a READER; vLLM, whose names others took over, comes first."""
    names = sorted(file.name.removesuffix(".toml") for file in files(__name__).iterdir() if file.name.endswith(".toml"))
    found = (import_module(f"{__name__}.{name}").READER for name in names)
    return tuple(sorted(found, key=lambda reader: reader.name != "vllm"))


def reader_named(table: str) -> Reader | None:
    """The reader over the flag table of this name."""
    return next((reader for reader in readers() if reader.name == table), None)


def reader_of(engine: str) -> Reader | None:
    """The reader of an engine's own commands."""
    return next((reader for reader in readers() if reader.table.engine == engine), None)


@cache
def signs() -> frozenset[str]:
    """Words without one of which a text holds no command with a head."""
    return frozenset(sign for reader in readers() for sign in reader.signs)


def find_command(text: str) -> Command | None:
    """The first serve command in a cleaned text, or None."""
    numbers = line_numbers(text)
    text = blanked(text, numbers, mark=" ")
    paste = Paste(text)
    command = _found(paste, text.lower())
    if command is None and any(sign in text.lower() for sign in signs()) and _PROMPT.search(text):
        paste = Paste(_PROMPT.sub(r"\1 ", text))
        command = _found(paste, text.lower())
    if command:
        if rest := _LEFT_OPEN.match(text, command.end):
            command.end = rest.end()
        command.spans += [*lines_of_paste(paste, command), *_others(paste, command), *_images(paste, command)]
        if any(text.rfind("\n", 0, command.start) < start < command.end for start, _ in numbers):
            command.spans += numbers
        command.text = "" if command.is_map or paste.regions else text
    return command


def _others(paste: Paste, command: Command) -> Iterator[tuple[int, int]]:
    """Where further commands stand: the other nodes of a cluster, a second server."""
    words, at, read = paste.words, 0, 0
    while at < len(words):
        outside = not _is_inside(command, words[at])
        reader = next((each for each in readers() if each.starts(words, at)), None) if outside else None
        if reader:
            if read < MOST_OTHERS:
                _remark(command, reader.read_at(paste, at))
            read += 1
            behind = next((place for place in range(at, len(words)) if words[place].text == "\n"), len(words) - 1)
            yield words[first(words, at)].start, words[behind].end
            at = behind
        at += 1


def _images(paste: Paste, command: Command) -> Iterator[tuple[int, int]]:
    """Where words around the command name an image of an engine."""
    named = (at for at, word in enumerate(paste.words) if "/" in word.text and not _is_inside(command, word))
    for at in islice(named, MOST_NAMED):
        if any(reader.is_image(paste.words, at) for reader in readers()):
            yield paste.words[at].start, paste.words[at].end


def _is_inside(command: Command, word: Token) -> bool:
    return command.start <= word.start < command.end


def _remark(command: Command, other: Command | None) -> None:
    """Say of a second command that it serves another model, or the same in another way."""
    model = other.settings.get("model") if other and not other.besides else None
    if other is None or model is None or "://" in str(model.value) or len(command.remarks) >= MOST_GUESSES:
        return
    differs = [slot for slot in TELLING if slot in other.settings and _value(other, slot) != _value(command, slot)]
    if differs:
        command.remarks.append(Remark("other", str(model.value)))


def _value(command: Command, slot: str) -> object:
    return command.settings[slot].value if command.states(slot) else None


def settings_in(line: str, engine: str | None) -> Command | None:
    """What a line of a log states as key=value: Namespace(...), ServerArgs(...), an engine's config."""
    reader = reader_of(engine) if engine else None
    return read_pairs_of(line, reader) if reader else None


def _found(paste: Paste, lowered: str) -> Command | None:
    if any(sign in lowered for sign in (*signs(), *MARKS_OF_OPTIONS)):
        found = [(command, reader) for reader in readers() if (command := reader.read(paste))]
        if found:
            command, reader = min(found, key=lambda each: (not each[0].is_program, each[0].start))
            if not command.states("model") or reader.table.options & command.flags.keys():
                complete(command, paste, reader)
            return command
    if any(mark in paste.text for mark in MARKS_OF_TAILS):
        return read_tail(paste, readers())
    return None


MOST_NAMED = 40
"""Words with a slash around a command that may be images."""
MOST_OTHERS = 3
"""Further commands of one paste that are read."""
TELLING = ("model", "weights", "tensor_parallel", "pipeline_parallel", "sequence_tokens")
"""Fields by which two commands are two deployments."""
_PROMPT = re.compile(r"(?m)^([ \t]*)#(?=[ \t])")
"""The prompt of root, where nothing but comments would be left."""
_LEFT_OPEN = re.compile(r"(?:[ \t]+[\"']?(?:\$\{[^{}\n]{0,200}\}|\$[@*]|\$[A-Z]\w*)[\"']?)+(?=\s|\Z)")
"""Further arguments that a script is given: "$@"."""
MARKS_OF_OPTIONS = ("num_ctx", "num_gpu", "num_batch", "processor")
"""Options of a Modelfile or request, a column of ollama ps."""
MARKS_OF_TAILS = (
    "--",
    "_",
    "Size:",
    "Len:",
    "-size:",
    "-len:",
    "-seqs:",
    "preset:",
    "://",
    "LLM(",
    "Llama(",
    "EngineConfig(",
)
"""Without one of these a text holds neither flags nor configuration keys."""
