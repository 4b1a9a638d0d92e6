"""Start-up logs and error messages pasted from a terminal, a container log or an issue.

An engine is one module of this folder with a READER over the table of the same name (vllm.py, vllm.toml), found by
scanning the folder; common.toml holds what all of them print.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from bot.logs.lines import Matched, is_machine, lines_of, rest_of
from bot.logs.observation import Observation
from bot.logs.phases import settle
from bot.logs.reader import LogReader

COMMON = LogReader("common")
LONGEST_LOG = 400_000
"""Characters that are read: the first quarter and the last three quarters of so many."""
FIRST_PART = 100_000


@cache
def readers() -> tuple[LogReader, ...]:
    """The readers of every engine: every module here with a READER."""
    names = sorted(file.name.removesuffix(".toml") for file in files(__name__).iterdir() if file.name.endswith(".toml"))
    return tuple(import_module(f"{__name__}.{name}").READER for name in names if name != COMMON.name)


def find_log(text: str) -> tuple[Observation, str] | None:
    """What a log in the text says, and the text without it; None where there is none."""
    text = shortened(text)
    everywhere = COMMON.read(text)
    own = {reader: matches for reader in readers() if (matches := reader.read(text))}
    reader = max(own, key=lambda each: (len({id(match.row) for match in own[each]}), each.likeness(text)), default=None)
    if reader is None:
        reader = max(readers(), key=lambda each: each.likeness(text))
        reader = reader if reader.likeness(text) else None
    matches = sorted([*everywhere, *(own.get(reader, []) if reader else [])], key=lambda match: match.start)
    if not any(is_machine(text, match) for match in matches):
        return None
    return _observation(reader, matches, text), rest_of(text, lines_of(text, matches))


def _observation(reader: LogReader | None, matches: list[Matched], text: str) -> Observation:
    facts: dict[str, Any] = {}
    for match in matches:
        for name, value in match.facts.items():
            if isinstance(value, dict):
                facts[name] = {**value, **facts.get(name, {})}
            else:
                facts.setdefault(name, value)
    settled = settle(matches, text, COMMON.frames)
    settled = reader.judge(facts, settled) if reader else settled
    return Observation(
        engine=reader.engine if reader else None,
        facts=facts,
        phase=settled.phase,
        failure=settled.failure,
        stage=settled.stage,
        line=settled.line,
        configs=tuple(text[match.start : match.line_end] for match in matches if match.row.config),
    )


def shortened(text: str) -> str:
    """A text of at most LONGEST_LOG characters: its start, where settings stand, and its end, where errors do."""
    if len(text) <= LONGEST_LOG:
        return text
    return f"{text[:FIRST_PART]}\n{text[FIRST_PART - LONGEST_LOG :]}"
