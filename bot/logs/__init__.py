"""Start-up logs and error messages pasted from a terminal, a container log or an issue.

An engine is one module of this folder with a READER over the table of the same name (vllm.py, vllm.toml), found by
scanning the folder; common.toml holds what all of them print.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files

from bot.logs.extent import is_machine, lines_of, rest_of, settings_of, unwrapped
from bot.logs.lines import Matched
from bot.logs.observation import Observation
from bot.logs.phases import settle, starts
from bot.logs.ranks import gathered
from bot.logs.reader import LogReader
from bot.logs.shorten import plain, shortened
from bot.logs.told import told_out_of_memory

COMMON = LogReader("common")


@cache
def readers() -> tuple[LogReader, ...]:
    """The readers of every engine: every module here with a READER."""
    names = sorted(file.name.removesuffix(".toml") for file in files(__name__).iterdir() if file.name.endswith(".toml"))
    return tuple(import_module(f"{__name__}.{name}").READER for name in names if name != COMMON.name)


def find_log(text: str) -> tuple[Observation, str] | None:
    """What a log in the text says, and the text without it; None where there is none."""
    text, is_cut = shortened(plain(text))
    text = unwrapped(text)
    reader, own = _engine(text)
    matches = sorted([*own, *COMMON.read(text)], key=lambda match: match.start)
    if not any(is_machine(text, match) for match in matches):
        phase = told_out_of_memory(text)
        told = Observation(engine=reader.engine if reader else None, phase=phase, failure="out_of_memory", stage=None)
        return (told, text) if phase else None
    seen = [_observation(reader, start, text, is_cut) for start in starts(matches)]
    outcome = next((each for each in reversed(seen) if each.ended), seen[-1])
    return outcome, rest_of(text, lines_of(text, matches))


def _engine(text: str) -> tuple[LogReader | None, list[Matched]]:
    """The engine whose lines and words the text has most of; none where a message could be anyone's."""
    own = {reader: reader.read(text) for reader in readers()}
    score = {reader: len({id(match.row) for match in own[reader]}) + reader.likeness(text) for reader in own}
    reader = max(score, key=lambda each: score[each])
    return (reader, own[reader]) if score[reader] else (None, [])


def _observation(reader: LogReader | None, matches: list[Matched], text: str, is_cut: bool) -> Observation:
    facts = gathered(matches, text, COMMON.tightest)
    settled = settle(matches, text, COMMON.frames)
    settled = reader.judge(facts, settled) if reader else settled
    return Observation(
        engine=reader.engine if reader else None,
        facts=facts,
        phase=settled.phase,
        failure=settled.failure,
        stage=settled.stage,
        line=settled.line,
        is_cut=is_cut,
        configs=tuple(settings_of(text, match.start, match.line_end) for match in matches if match.row.config),
        printed=tuple(pair for match in matches for pair in match.facts.items()),
    )
