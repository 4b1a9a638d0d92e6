"""The command that a server's log says it was started with: its printed settings as a line that can be changed."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.commands import find_command, reader_of
from bot.commands.command import Command
from bot.commands.table import Flag, Table, folded
from bot.logs.observation import Observation
from bot.masking import MASK
from formulas.deployment import PARALLEL


class Printed(NamedTuple):
    """How a log prints settings: what stands before the first, and whether it prints only those that were stated."""

    mark: str
    stated_only: bool


FORMS = (
    Printed("non-default args: {", stated_only=True),
    Printed("args: Namespace(", stated_only=False),
    Printed("ServerArgs(", stated_only=False),
    Printed("Args {", stated_only=False),
    Printed("with config: ", stated_only=False),
)
"""vLLM entrypoints/utils.py log_non_default_args, SGLang server_args.py, TGI launcher/src/main.rs, vLLM LLMEngine;
the surest first."""
OPENS, CLOSES, QUOTES = "([{", ")]}", "\"'"
UNSAID: tuple[Any, ...] = (None, False, "", "auto", [], {}, -1)
"""Values with which dumps of all settings print what was not stated."""
TRUSTED = ("--trust-remote-code",)
"""Switches without a field that a model may not start without."""
_PAIR = re.compile(r"\s*[\"']?([A-Za-z]\w*)[\"']?\s*[=:]\s*(.*)", re.S)
_SOME = re.compile(r"Some\(\s*(.*?),?\s*\)", re.S)
_PLAIN = re.compile(r"[\w./:-]+\Z")


def logged_command(log: Observation, engine: str) -> Command | None:
    """The line, read as any pasted one; None where the log prints no settings, or no model among them."""
    reader = reader_of(engine)
    if reader is None or not reader.table.serve:
        return None
    for form in FORMS:
        line = next((line for line in log.configs if form.mark in line), None)
        if line and (words := _words(line.partition(form.mark)[2], form, reader.table)):
            return find_command(shlex.join((*reader.table.serve["head"].split(), *words)))
    return None


def _words(text: str, form: Printed, table: Table) -> list[str]:
    """Model and flags; nothing where no model is printed."""
    model, words, seen = "", [], set[str]()
    for name, value in _arguments(text):
        flag = table.flags.get(folded(f"--{name}"))
        if flag is None or flag.name in seen or not _is_stated(flag, value, form):
            continue
        seen.add(flag.name)
        if flag.slot == "model":
            model = str(value)
        elif not (flag.also == "served_model_name" and value in (model, [model])):
            words += _written(flag, value)
    named = [model] if table.positional_model else [table.flag_of("model") or "", model]
    return [*named, *words] if model else []


def _is_stated(flag: Flag, value: Any, form: Printed) -> bool:
    """Whether a person stated it; of a dump of all settings only what a question has a field for tells."""
    if value is None or value == MASK:
        return False
    if form.stated_only:
        return True
    if flag.name in TRUSTED and value is True:
        return True
    usual = value in UNSAID or (flag.slot in PARALLEL and value == 1)
    return bool(flag.slot) and not usual


def _written(flag: Flag, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [flag.name if value else f"--no-{flag.name[2:]}"]
    if isinstance(value, dict):
        return [flag.name, json.dumps(value)]
    values = value if isinstance(value, list | tuple) else [value]
    return [flag.name, *map(str, values)]


# --------------------------------------------------------------------------- reading what was printed


def _arguments(text: str) -> Iterator[tuple[str, Any]]:
    """Names and values up to the bracket that closes them; values that are no plain Python or Rust are left out."""
    for part in _parts(text):
        pair = _PAIR.match(part)
        if pair and (value := _value(pair[2].strip())) is not ...:
            yield pair[1], value


def _parts(text: str) -> Iterator[str]:
    """The text cut at commas that stand in no brackets and no quotes."""
    depth, quote, start = 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in QUOTES:
            quote = letter
        elif letter in OPENS:
            depth += 1
        elif letter in CLOSES:
            depth -= 1
            if depth < 0:
                break
        elif letter == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    else:
        place = len(text)
    yield text[start:place]


def _value(text: str) -> Any:
    """What the text stands for; ... where it cannot be told."""
    if some := _SOME.fullmatch(text):
        text = some[1]
    text = {"true": "True", "false": "False"}.get(text, text).removeprefix("torch.")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text if _PLAIN.match(text) else ...
