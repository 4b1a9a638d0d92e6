"""Commands whose head is missing: a tail of flags, a configuration file, keyword arguments of a Python call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from bot.commands.calls import read_calls
from bot.commands.command import Command, Setting
from bot.commands.heads import is_flag
from bot.commands.nested import block_at, blocks, line_start
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token, unquoted
from bot.commands.table import Flag, Table, folded
from bot.commands.values import read_loose

FEWEST_FLAGS = 3
FEWEST_IN_LINE = 4
"""Flags in one line that make them a command, though other words stand in front."""
FEWEST_KEYS = 2
"""Known names that make a text a command; fewer may be words of a question."""
MOST_PAIRS = 400
PLAIN_KEYS = frozenset({"--model", "--dtype", "--engine", "--quantization"})
"""Names that people also write in questions ("model: qwen3-8b")."""
OWN_VARIABLE = re.compile(r"OLLAMA_|LLAMA_ARG_|HF_MODEL_ID")
"""Variables that no other program has."""
_LINE_FLAG = re.compile(r"(?m)^[ \t]*(?:-[ \t]+)?[\"']?(--?[A-Za-z][\w.-]*)")
_INNER_FLAG = re.compile(r"(?<=\s)(--[A-Za-z][\w.-]*)")
_PAIR = re.compile(
    r"(?m)(?:^[ \t]*(?:-[ \t]+)?|(?<=[(,{])\s*)[\"']?([A-Za-z][\w.-]{0,60})[\"']?[ \t]*(?::(?=[ \t])|=(?!=))[ \t]*"
    r"(?:Some\(\s*)?(\"[^\"\n]*\"|'[^'\n]*'|\{[^{}\n]*\}|[^\s,#(){}]+)"
)
_POSITIONAL = re.compile(r"\b(?:LLM|Engine|pipeline|from_pretrained)\(\s*[\"']([^\"'\n]+)[\"']")
_CACHE = re.compile(r"kv_cache_config\W+(?:\w+\W+[\w.]+\W+){0,6}\Z")
"""The start of TensorRT-LLM's cache options, up to a key inside them."""
CACHE_KEYS = ("dtype", "max_tokens")
"""Names that mean another thing outside of cache options."""
_PRESET = re.compile(r"preset:[ \t]*\n[ \t]*name:[ \t]*[\"']?([\w./-]+)")
_STORED = re.compile(r"\b(?:hf|huggingface)://([\w.-]+/[\w.-]+)")
"""A repository as KServe and KubeAI address it."""
_FORMAT = re.compile(
    r"modelFormat[\"']?:[ \t]*\n[ \t]*name:[ \t]*[\"']?(?:huggingface|vllm)\b"
    r"|^[ \t]*(?:engine|backend):[ \t]*[\"']?vllm\b",
    re.I | re.M,
)
"""A specification that says itself what serves it."""
PRESETS_RUN_ON = "vllm"
_CONFIG = re.compile(r"config:[ \t]*")
"""What stands before the first key where no bracket does."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read_tail(paste: Paste, readers: Iterable[Reader]) -> Command | None:
    """The command of the engine that knows the most of the flags or keys in the text."""
    return read_calls(paste, readers) or _flags(paste, readers) or _environment(paste, readers) or _keys(paste, readers)


def _environment(paste: Paste, readers: Iterable[Reader]) -> Command | None:
    """A command that variables alone state: OLLAMA_CONTEXT_LENGTH, MODEL_ID and NUM_SHARD."""
    best, known = None, set[str]()
    for reader in readers:
        names = paste.variables.keys() & reader.table.env.keys()
        if len(names) > len(known) and (len(names) >= FEWEST_KEYS or any(map(OWN_VARIABLE.match, names))):
            best, known = reader, names
    if best is None:
        return None
    places = sorted(paste.variables[name][1:] for name in known)
    command = best.begin(places[0][0], places[-1][1])
    best.finish(command, paste)
    command.spans += places
    return command


def _flags(paste: Paste, readers: Iterable[Reader]) -> Command | None:
    lines = (paste.plain, paste.text)
    written = {match.group(1).partition("=")[0] for text in lines for match in _LINE_FLAG.finditer(text)}
    written = written or _in_one_line(paste.plain)
    if written or paste.regions:
        written |= {word.text.partition("=")[0] for word in paste.words if is_flag(word.text)}
    reader = _named(paste, readers) or _most_known(written, readers, FEWEST_FLAGS)
    if reader is None:
        return None
    words = list(paste.words)
    start = _start(paste, words)
    if start is None:
        return None
    command = reader.begin(words[start].start, words[start].end)
    command.besides = reader.table.wrapped if _named(paste, readers) else frozenset()
    at = start
    while at < len(words):
        at += max(1, reader.argument(command, words, at)) if _continues(paste, words[at]) else 1
    ends = [word.end for word in words if is_flag(word.text)]
    command.end = max([command.end, *ends, *(setting.end for setting in command.settings.values())])
    if not command.states("model"):
        complete(command, paste, reader)
    reader.finish(command, paste)
    return command


def _in_one_line(text: str) -> set[str]:
    """The flags of the first line that holds many of them behind other words."""
    for line in text.split("\n"):
        if line.count(" --") >= FEWEST_IN_LINE:
            return {match.group(1) for match in _INNER_FLAG.finditer(line)}
    return set()


def _named(paste: Paste, readers: Iterable[Reader]) -> Reader | None:
    """The reader of vLLM where a specification with argument lists names it."""
    if not (paste.regions and _FORMAT.search(paste.text)):
        return None
    return next((reader for reader in readers if reader.name == PRESETS_RUN_ON), None)


def _start(paste: Paste, words: list[Token]) -> int | None:
    """The first flag that opens a line, or the first word of the first argument list."""
    if paste.regions:
        return next(
            (at for at, word in enumerate(words) if word.start >= paste.regions[0][0] and word.text != "\n"), None
        )
    flags = [at for at, word in enumerate(words) if is_flag(word.text)]
    return next((at for at in flags if _opens_line(paste, words[at])), _first_in_row(words, flags))


def _first_in_row(words: list[Token], flags: list[int]) -> int | None:
    """The first of many flags that one line holds behind other words."""
    for first, last in zip(flags, flags[FEWEST_IN_LINE - 1 :], strict=False):
        if all(word.text != "\n" for word in words[first:last]):
            return first
    return None


def _continues(paste: Paste, word: Token) -> bool:
    """Flags anywhere, other words only inside an argument list."""
    return is_flag(word.text) or any(start <= word.start < end for start, end in paste.regions)


def _opens_line(paste: Paste, word: Token) -> bool:
    line = paste.text.rfind("\n", 0, word.start) + 1
    return not paste.text[line : word.start].strip(" \t-\"'")


def _keys(paste: Paste, readers: Iterable[Reader]) -> Command | None:
    pairs = list(_pairs(paste.plain))
    keys = {key for key, _ in pairs}
    reader = _most_known(keys - PLAIN_KEYS, readers, FEWEST_KEYS)
    if reader is None:
        return _preset(paste, readers)
    aliases = {"--model": reader.model_flag}
    pairs = [(aliases.get(key, key), value) for key, value in pairs]
    known = [(key, value) for key, value in pairs if key in reader.table.flags]
    command = reader.begin(paste.plain.rfind("\n", 0, known[0][1].start) + 1, known[-1][1].end)
    for flag, value in _outside(command, reader, paste.plain, pairs):
        reader.state(command, flag, value.text, value)
        command.flags[flag.name] = (flag.name, value.text)
    command.is_map = True
    reader.finish(command, paste)
    return command


def read_pairs_of(line: str, reader: Reader) -> Command:
    """The settings that one line prints as key=value, None left out."""
    command = reader.begin(0, len(line))
    text = _CONFIG.sub("(", line)
    pairs = ((reader.model_flag if key == "--model" else key, value) for key, value in _pairs(text))
    for flag, value in _outside(command, reader, text, pairs):
        if value.text not in ("", "[]", "{}"):
            reader.state(command, flag, value.text.removeprefix("torch."), value)
    return command


def complete(command: Command, paste: Paste, reader: Reader) -> None:
    """Add what keys beside the arguments state: a chart's vllmConfig and modelURL."""
    if stored := _STORED.search(paste.text):
        command.settings.setdefault("model", Setting(stored.group(1), "text", *stored.span(1)))
    for flag, value in _outside(command, reader, paste.plain, _pairs(paste.plain)):
        command.spans.append((line_start(paste.plain, value.start), value.end))
        if not (command.states(flag.slot) if flag.slot else not flag.also or flag.also in command.extra):
            reader.state(command, flag, value.text, value)


def _outside(
    command: Command, reader: Reader, text: str, pairs: Iterable[tuple[str, Token]]
) -> Iterator[tuple[Flag, Token]]:
    """Keys that are flags with their values; what stands in a flag's own map is taken for that flag."""
    found, held = blocks(text, reader.table), dict[Flag, dict[str, Any]]()
    for key, value in pairs:
        if block := block_at(found, value.start):
            held.setdefault(block.flag, {})[key.lstrip("-").replace("-", "_")] = read_loose(value.text)
        elif flag := reader.table.flags.get(key):
            yield flag, value
    for flag, inner in held.items():
        command.spans += [(block.line, block.end) for block in found if block.flag == flag]
        if flag.also not in command.extra:
            reader.state(command, flag, json.dumps(inner), Token("", command.start, command.end))


def _plain(text: str) -> str:
    return unquoted(text) if text[:1] in "\"'" else text


def _preset(paste: Paste, readers: Iterable[Reader]) -> Command | None:
    """A KAITO workspace's preset, or what KServe stores without arguments; both are served with vLLM."""
    match = _PRESET.search(paste.text) or (_STORED.search(paste.text) if _FORMAT.search(paste.text) else None)
    reader = next((reader for reader in readers if reader.name == PRESETS_RUN_ON), None)
    if match is None or reader is None:
        return None
    command = reader.begin(match.start(), match.end())
    command.is_map = True
    command.set("model", match.group(1), "text", Token(match.group(1), match.start(), match.end()))
    reader.finish(command, paste)
    return command


def _pairs(text: str) -> Iterator[tuple[str, Token]]:
    """Keys as flags with their values: tensor_parallel_size: 4, tensorParallelSize: 4, tensor_parallel_size=4."""
    found = (inner for match in _PAIR.finditer(text) for inner in (match, *_inside(match)))
    for match in islice(found, MOST_PAIRS):
        key = _CAMEL.sub("-", match.group(1)).lower()
        inner = "kv-cache-config." if key in CACHE_KEYS and _CACHE.search(text, 0, match.start()) else ""
        if match.group(2) not in ("None", "null", "~"):
            place = match.span(2)
            yield folded(f"--{inner}{key}"), Token(_plain(match.group(2)), *place)
    if named := _POSITIONAL.search(text):
        yield "--model", Token(named.group(1), named.start(), named.end())


def _inside(match: re.Match[str]) -> Iterator[re.Match[str]]:
    """The pairs of a map on one line."""
    is_map = match.group(2).startswith("{")
    return _PAIR.finditer(match.string, match.start(2) + 1, match.end(2)) if is_map else iter(())


def _most_known(names: set[str], readers: Iterable[Reader], fewest: int) -> Reader | None:
    """The reader that knows the most of these names, at least so many of them and one that settles something."""
    best, most = None, fewest - 1
    for reader in readers:
        known = {folded(name) for name in names} & reader.table.flags.keys()
        settles = known & _settling(reader.table)
        if len(known) > most and len(settles) >= min(2, fewest):
            best, most = reader, len(known)
    return best


def _settling(table: Table) -> frozenset[str]:
    return table.telling - PLAIN_KEYS
