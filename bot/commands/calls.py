"""Engines that a Python program starts: LLM(model=...), sgl.Engine(...), TurbomindEngineConfig(...).

Nothing is run: keyword arguments are read as flags, and names of variables as what the program sets them to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token, spaces, unquoted
from bot.commands.table import folded

LONGEST_CALL = 6_000
MOST_CALLS = 200
MOST_OWN_CALLS = 12
"""Of one engine: its own and its configurations."""
MOST_ARGUMENTS = 100
DEEPEST = 3
"""Calls inside each other whose arguments are read."""
_STRING = r"\"\"\"|'''|(?<!\\)(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
_COMMENT = re.compile(rf"(?:{_STRING})|(?P<comment>(?<![\w&])#[^\n]*)")
_CALL = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*\.){0,3}[A-Za-z_]\w*)\(")
_MARK = re.compile(rf"{_STRING}|[()\[\]{{}},]")
_KEYWORD = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)\s*")
_PAIR = re.compile(r"\s*[\"'](\w+)[\"']\s*:\s*")
_SET = re.compile(
    rf"(?:^|;)[ \t]*([A-Za-z_]\w*)[ \t]*(?::[ \t]*\w+[ \t]*)?=[ \t]*({_STRING}|[\w.+-]+)[ \t]*(?=\n|;|#|\Z)", re.M
)
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_NAME = re.compile(r"[A-Za-z_][\w.]*\Z")
"""A variable, as args.model."""
_NESTED = re.compile(r"(?:dict\(|\{|[A-Za-z_][\w.]*Config\()")
_GROUPED = re.compile(r"\A(\d{1,3})_(\d{3})\Z")
"""16_384."""
_CONSTANTS = frozenset({"True", "False", "None"})
_NOTHING = frozenset({"None", ""})


class Argument(NamedTuple):
    """One argument of a call: its key, empty where it has none, the text of its value, and where that stands."""

    key: str
    value: str
    start: int
    end: int


def read_calls(paste: Paste, readers: Iterable[Reader]) -> Command | None:
    """What the calls of the first engine that the program makes state; None where it makes none."""
    names = [name for reader in readers for name in reader.table.calls]
    if not any(f"{name}(" in paste.text for name in names):
        return None
    code = _COMMENT.sub(lambda match: spaces(match) if match["comment"] else match.group(), paste.text)
    calls = [match for _, match in zip(range(MOST_CALLS), _CALL.finditer(code), strict=False)]
    for match in calls:
        able = [reader for reader in readers if _starts(reader, match.group(1), code)]
        if able:
            return _command(paste, code, max(able, key=lambda reader: bool(reader.table.package)), calls)
    return None


def _starts(reader: Reader, name: str, code: str) -> bool:
    """Whether a call is one of this engine's, by its own name and by the package where that is shared."""
    if name.rsplit(".", 1)[-1] not in reader.table.calls and name not in reader.table.calls:
        return False
    return not reader.table.package or any(word in code for word in reader.table.package.split())


def _command(paste: Paste, code: str, reader: Reader, calls: Iterable[re.Match[str]]) -> Command:
    mine = [match for match in calls if _starts(reader, match.group(1), code)][:MOST_OWN_CALLS]
    ends = [_end(code, match.end()) for match in mine]
    command = reader.begin(mine[0].start(), max(ends))
    command.is_map = command.is_code = True
    known = {match[1]: Argument(match[1], match[2], *_inside(code, *match.span(2))) for match in _SET.finditer(code)}
    maps = frozenset(name[2:].replace("-", "_") for name, flag in reader.table.flags.items() if flag.kind == "json")
    for match, end in zip(mine, ends, strict=True):
        for argument in _arguments(code, (match.end(), end), DEEPEST, maps):
            _take(command, reader, argument, known)
    reader.finish(command, paste)
    return command


def _take(command: Command, reader: Reader, argument: Argument, known: Mapping[str, Argument]) -> None:
    key, name = argument.key, argument.key.replace("_", "-")
    flag = reader.table.flags.get(reader.model_flag if name in ("", "model") else folded(f"--{name}"))
    argument = known.get(argument.value, argument)
    text = argument.value
    if flag is None or text in _NOTHING or (not key and command.states("model")):
        return
    if _WORD.match(text) and text not in _CONSTANTS and flag.slot != "model":
        command.unread.append(Token(argument.value, argument.start, argument.end))
        return
    if flag.slot == "model" and _NAME.match(text):
        text = f"${text}"
    plain = text if flag.kind in ("json", "pairs") else _GROUPED.sub(r"\1\2", unquoted(text))
    reader.state(command, flag, plain, Token(plain, argument.start, argument.end))
    command.flags[flag.name] = (flag.name, plain)


def _end(code: str, start: int) -> int:
    """Where the call closes whose first argument starts here."""
    depth = 1
    for match in _MARK.finditer(code, start, start + LONGEST_CALL):
        depth += (match.group() in "([{") - (match.group() in ")]}")
        if depth == 0:
            return match.end()
    return min(len(code), start + LONGEST_CALL)


def _arguments(code: str, place: tuple[int, int], deepest: int, maps: frozenset[str]) -> Iterator[Argument]:
    """The arguments between two places, those of dictionaries and configurations inside in their stead.

    maps: arguments whose dictionary is one value."""
    for count, (first, last) in enumerate(_split(code, place[0], place[1] - 1)):
        if count >= MOST_ARGUMENTS:
            return
        named = _KEYWORD.match(code, first, last) or _PAIR.match(code, first, last)
        inner = named.end() if named else first + len(code[first:last]) - len(code[first:last].lstrip())
        key = named.group(1) if named else ""
        value = code[inner:last].strip()
        if deepest and (handed := _handed_on(code, value)):
            yield from _arguments(code, handed, deepest - 1, maps)
        nested = _NESTED.match(value) if named else None
        if nested and deepest and key not in maps:
            yield from _arguments(code, (inner + nested.end(), inner + len(value)), deepest - 1, maps)
        if value and (named or count == 0) and value[:1] != "*":
            yield Argument(key, value, *_inside(code, inner, inner + len(value)))


def _handed_on(code: str, value: str) -> tuple[int, int] | None:
    """Where the dictionary stands that **name hands on."""
    if not value.startswith("**") or not _WORD.match(value[2:]):
        return None
    made = re.search(rf"(?m)^[ \t]*{value[2:]}[ \t]*=[ \t]*(?:dict\(|\{{)", code)
    return (made.end(), _end(code, made.end())) if made else None


def _inside(code: str, start: int, end: int) -> tuple[int, int]:
    """The place of a value without the quotes around it."""
    quoted = code[start] in "\"'" and code[end - 1] == code[start]
    return (start + 1, end - 1) if quoted and end - start > 1 else (start, end)


def _split(code: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The places between the commas of one level."""
    depth, first = 0, start
    for match in _MARK.finditer(code, start, end):
        if match.group() == "," and depth == 0:
            yield first, match.start()
            first = match.end()
        elif len(match.group()) == 1:
            depth += (match.group() in "([{") - (match.group() in ")]}")
    yield first, end
