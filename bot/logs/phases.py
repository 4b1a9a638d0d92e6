"""In which phase a log ends, and what failed there."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import NamedTuple

from bot.logs.extent import quotation, spoken
from bot.logs.lines import Matched
from bot.logs.told import told_end, told_phase

IN_PROGRESS = {
    "weights": "weights",
    "loaded": "kv_cache",
    "profile": "profile",
    "kv_cache": "kv_cache",
    "pooled": "kv_cache",
    "cached": "profile",
    "kv_ready": "graph_capture",
    "graph_capture": "graph_capture",
    "captured": "graph_capture",
    "ready": "serving",
    "serving": "serving",
}
"""Last phase that began -> the phase in which a failure without further evidence happened."""
ENDS_WELL = frozenset({"loaded", "pooled", "cached", "kv_ready", "captured", "ready", "serving"})
"""A log that ends here, with nothing failed, is that of a server that starts."""
ENDS_OPEN = frozenset({"weights", "profile"})
"""A log that ends here was cut while all went well."""
AFTER_CACHE = frozenset({"graph_capture", "captured"})
BEFORE_GRAPHS = frozenset({"profile", "kv_cache", "pooled", "kv_ready"})
BEFORE_SERVING = ("weights", "profile", "kv_cache", "graph_capture")
ORDER = (*BEFORE_SERVING, "serving")
SERVING, HEALTHY, CAPTURING = "serving", "healthy", "graph_capture"
SERVED = frozenset({"ready", SERVING})
"""What follows is no longer a start."""
LONGEST_QUOTE = 240
_PREFIX = re.compile(
    r"\s*(?:[\w.-]+ +\| |\(\w+(?: [^()\n]{0,60}=[^()\n]{0,60})?\)|\[(?!Errno)[^\[\]\n]{1,60}\]"
    r"|\d{4}[-/]\d\d[-/]\d\d(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?|\d\d-\d\d|\d\d:\d\d:\d\d[\d.,]*"
    r"|[A-Z][a-z]{2} +\d{1,2} |\d+\.\d\d\.\d{3}\.\d{3} [A-Z] "
    r"|(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b:?|[EWIF]\d{4}\b"
    r"|[\w/.-]+\.(?:py|rs|go|cc|cpp|cu|h):\d+[\]:]?|\w+\{[^{}\n]{0,300}\}:(?:\w+:)?|\w+(?:::\w+)+:|[-|:]\s)"
)
"""What logging puts before a message: container, process, time, level, file; one at a time."""
FRAMES_BEFORE = 12_000
"""Characters before an error in which its traceback stands."""
NOT_ABOUT_THE_GPU = frozenset({"host_memory", "shared_memory"})
CRASH = "crash"
TOLD = frozenset({CRASH, "out_of_memory", "host_memory", "shared_memory", "nccl", "nccl_out_of_memory", "worker_died"})
"""Failures that happen in any phase: what a person says of when counts."""
NO_MEMORY_LEFT = "no_cache_memory"
CACHE_FACTS = ("available_kv_gib", "gpu_blocks")
"""What is left for the cache, as the log prints it."""


class Settled(NamedTuple):
    """The outcome of a start."""

    phase: str | None
    failure: str | None
    stage: str | None
    line: str


class Failed(NamedTuple):
    """A failure in a log."""

    match: Matched
    reached: str | None
    """The last phase that began before it."""
    passed: bool = False
    """Whether the start-up went on after it."""


def starts(matches: list[Matched]) -> list[list[Matched]]:
    """The lines of each start of the server: a restart begins where its first line follows what others got to."""
    found: list[list[Matched]] = [[]]
    for match in matches:
        if match.row.begins and any(each.row.enters or each.row.fails for each in found[-1]):
            found.append([])
        found[-1].append(match)
    return found


def settle(matches: list[Matched], text: str, frames: Mapping[str, tuple[str, ...]]) -> Settled:
    """Walk through the lines: phases begin, failures count, retries that worked take them back."""
    stage: str | None = None
    failed: list[Failed] = []
    for match in matches:
        if match.row.enters and not _is_late(match.row.enters, stage):
            failed = _after(failed, match.row.enters, stage)
            stage = match.row.enters
        if match.row.clears:
            failed = []
        if match.row.fails:
            failed.append(Failed(match, stage))
    if stage in ENDS_WELL:
        failed = [each for each in failed if each.reached or not each.match.row.harmless]
    if not failed:
        return _without_failure(matches, stage, text)
    match, reached, _ = _cause(failed)
    if match.row.fails == CRASH and _has_no_cache(matches):
        return Settled("kv_cache", NO_MEMORY_LEFT, stage, _quote(text, match))
    within = reached or ("" if stage == SERVING else stage)
    return Settled(_phase(text, match, within or "", frames), match.row.fails, stage, _quote(text, match))


def _phase(text: str, match: Matched, within: str, frames: Mapping[str, tuple[str, ...]]) -> str | None:
    """By the failure's own line, else its traceback, the phase that had begun, what a person tells, what is usual."""
    row = match.row
    by_line = SERVING if row.recurs and within == SERVING else row.phase
    phase = by_line or _by_frames(text, match, frames) or IN_PROGRESS.get(within)
    if phase is None and row.fails in TOLD:
        phase = told_phase(text, match.line_start)
    return phase or row.usual or None


def _is_late(entered: str, stage: str | None) -> bool:
    """Whether a line is that of a slower worker: only another load of weights, as of a draft model, goes back."""
    if stage == SERVING:
        return entered in BEFORE_GRAPHS | AFTER_CACHE
    return (stage in AFTER_CACHE and entered in BEFORE_GRAPHS) or (stage == "kv_ready" and entered == "pooled")


def _after(failed: list[Failed], entered: str, stage: str | None) -> list[Failed]:
    """The failures that still count when a phase begins: serving ends those that the start-up got past."""
    if entered != SERVING:
        return [each._replace(passed=each.passed or _passes(each.match, entered)) for each in failed]
    if stage in (SERVING, None):
        return failed
    return [each for each in failed if not each.passed and not each.match.row.harmless]


def _passes(match: Matched, entered: str) -> bool:
    """Whether the start-up went on: after a refusal of the engine only a new start does, from that phase or before."""
    if not match.row.phase or match.row.phase == SERVING:
        return True
    refused = ORDER.index(match.row.phase) if match.row.phase in ORDER else 0
    return ORDER.index(IN_PROGRESS[entered]) <= refused


def _cause(failed: list[Failed]) -> Failed:
    """The first failure whose line settles the phase, else the first strong one; a crash by its error."""
    strong = [each for each in failed if not each.match.row.weak]
    strong = strong or [each for each in failed if each.match.row.fails != CRASH] or failed
    by_phase = (each for each in strong if each.match.row.phase)
    named = (each for each in strong if "error" in each.match.facts and each.match.row.fails == CRASH)
    return next(by_phase, None) or next(named, strong[0])


def _without_failure(matches: list[Matched], stage: str | None, text: str) -> Settled:
    if _has_no_cache(matches):
        return Settled("kv_cache", NO_MEMORY_LEFT, stage, "")
    if stage not in SERVED and matches and told_end(spoken(text[: matches[0].line_start])):
        return Settled(told_phase(text, matches[0].line_start) or IN_PROGRESS.get(stage or ""), CRASH, stage, "")
    if stage in ENDS_OPEN:
        return Settled(None, None, stage, "")
    phase = HEALTHY if stage in ENDS_WELL else IN_PROGRESS.get(stage or "")
    return Settled(phase, None, stage, "")


def _has_no_cache(matches: list[Matched]) -> bool:
    """Whether nothing is left for the cache."""
    printed = (match.facts[name] for match in matches for name in CACHE_FACTS if name in match.facts)
    free = next(printed, None)
    return isinstance(free, int | float) and free <= 0


def _by_frames(text: str, match: Matched, frames: Mapping[str, tuple[str, ...]]) -> str | None:
    """The phase that the traceback around an error tells; start-up functions count before the step they run."""
    if match.row.fails in NOT_ABOUT_THE_GPU:
        return None
    start = max(0, match.line_start - FRAMES_BEFORE)
    around = text[start : match.line_end + FRAMES_BEFORE]
    last = {
        phase: max(around.rfind(name) for name in names)
        for phase, names in frames.items()
        if any(n in around for n in names)
    }
    early = {phase: place for phase, place in last.items() if phase in BEFORE_SERVING}
    found = early or last
    return max(found, key=lambda phase: found[phase]) if found else None


def _quote(text: str, match: Matched) -> str:
    """The message on its line, or in its quotation marks, from its first word on and cut between words."""
    start, end = quotation(text, match) or (match.line_start, match.line_end)
    while (prefix := _PREFIX.match(text, start, match.start)) is not None:
        start = prefix.end()
    far = match.start - start > LONGEST_QUOTE // 2
    if far:
        start = text.find(" ", match.start - LONGEST_QUOTE // 2, match.start) + 1 or match.start
    quote = _cut(text[start:end])
    return f"… {quote}" if far else quote


def _cut(line: str) -> str:
    short = textwrap.shorten(line[: 4 * LONGEST_QUOTE], LONGEST_QUOTE, placeholder=" …")
    return short if len(short) > LONGEST_QUOTE // 4 or len(line) < LONGEST_QUOTE else f"{line[:LONGEST_QUOTE]}…"
