"""A pasted serve command as claims; the words around it are read like any others."""

from __future__ import annotations

import re

from bot.commands.reader import Command, Setting
from bot.parsing.items import Claim, Sentence
from bot.parsing.links import read_link
from bot.parsing.names import Finder

_FILE = re.compile(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|safetensors|bin)\Z", re.I)
_WIDE = frozenset({"fp32", "bf16", "fp16"})
"""Formats that --dtype can settle for the weights."""


def blank(text: str, command: Command) -> str:
    """The text around the command, every character in its place; where it stood a line ends."""
    return text[: command.start] + "\n" * (command.end - command.start) + text[command.end :]


def claim_command(sentence: Sentence, command: Command) -> None:
    """Claim what the command states."""
    sentence.claims.setdefault("engine", []).append(Claim(command.engine, command.start, command.end))
    for slot, settings in command.settings.items():
        for setting in settings:
            _claim(sentence, command, slot, setting)
    dtype = sentence.claims.pop("dtype", [])
    if dtype and "weights" not in sentence.claims:
        sentence.claims["weights"] = [claim for claim in dtype if claim.value in _WIDE]


def _claim(sentence: Sentence, command: Command, slot: str, setting: Setting) -> None:
    if setting.kind == "format":
        _add(sentence, slot, _format(sentence.finder, command, str(setting.value)), setting)
    elif slot == "model":
        _claim_model(sentence, setting)
    elif setting.kind == "text" and slot != "engine_version":
        sentence.extra[slot] = str(setting.value)
    elif not (slot == "sequence_tokens" and setting.value == 0):
        _add(sentence, slot, setting.value, setting)


def _add(sentence: Sentence, slot: str, value: object, setting: Setting) -> None:
    if value:
        sentence.claims.setdefault(slot, []).append(Claim(value, setting.start, setting.end))


def _format(finder: Finder, command: Command, name: str) -> str:
    """The format key behind an engine's own name for it; "" where it settles none."""
    if name.lower() in command.values:
        return command.values[name.lower()]
    match = finder.longest([name], 0)
    return match.key if match and match.kind == "format" else ""


def _claim_model(sentence: Sentence, setting: Setting) -> None:
    """The model of a catalog id, Hub id, address or path; a file name may hold its format ("Qwen3-32B-Q4_K_M.gguf")."""
    text = str(setting.value)
    link = read_link(text)
    named = link.model if link and link.model else text
    stem = link.variant if link and link.variant else _FILE.sub("", re.split(r"[/\\]", named)[-1])
    weights, bare = _file_format(sentence.finder, stem)
    key = _known(sentence.finder, named) or _known(sentence.finder, bare)
    _add(sentence, "model", key or named, setting)
    if weights and "weights" not in sentence.claims:
        _add(sentence, "weights", weights, setting)
    if link and link.revision:
        sentence.extra["revision"] = link.revision


def _known(finder: Finder, name: str) -> str:
    match = finder.longest([name], 0)
    return match.key if match and match.kind == "model" else ""


def _file_format(finder: Finder, stem: str) -> tuple[str, str]:
    """(format key, the name before it) of a file name that ends in a format; ("", "") where it does not."""
    for mark in (re.match("", stem), *re.finditer(r"[-.]", stem)):
        match = finder.longest([stem[mark.end() :]], 0) if mark else None
        if match and mark and match.kind == "format" and match.key and not match.vague:
            return match.key, stem[: mark.start()]
    return "", ""
