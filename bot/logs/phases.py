"""In which phase a log ends, and what failed there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bot.logs.lines import Matched

IN_PROGRESS = {
    "weights": "weights",
    "loaded": "kv_cache",
    "profile": "profile",
    "kv_cache": "kv_cache",
    "cached": "profile",
    "kv_ready": "graph_capture",
    "graph_capture": "graph_capture",
    "ready": "serving",
    "serving": "serving",
}
"""Last phase that began -> the phase in which a failure without further evidence happened."""
ENDS_WELL = frozenset({"loaded", "cached", "kv_ready", "ready", "serving"})
"""A log that ends here, with nothing failed, is that of a server that starts."""
ENDS_OPEN = frozenset({"weights", "profile"})
"""A log that ends here was cut while all went well."""
BEFORE_SERVING = ("weights", "profile", "kv_cache", "graph_capture")
LONGEST_QUOTE = 240
FRAMES_BEFORE = 12_000
"""Characters before an error in which its traceback stands."""
NOT_ABOUT_THE_GPU = frozenset({"host_memory", "shared_memory"})
CRASH = "crash"
NO_MEMORY_LEFT = "no_cache_memory"


class Settled(NamedTuple):
    """The outcome of a start."""

    phase: str | None
    failure: str | None
    stage: str | None
    line: str


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
    failed: list[tuple[Matched, str | None]] = []
    for match in matches:
        if match.row.enters:
            failed = [] if match.row.enters == "serving" and stage not in ("serving", None) else failed
            stage = match.row.enters
        if match.row.clears:
            failed = []
        if match.row.fails:
            failed.append((match, stage))
    if not failed:
        return _without_failure(matches, stage)
    match, reached = _cause(failed)
    phase = match.row.phase or _by_frames(text, match, frames) or IN_PROGRESS.get(reached or stage or "")
    return Settled(phase, match.row.fails, stage, _quote(text, match))


def _cause(failed: list[tuple[Matched, str | None]]) -> tuple[Matched, str | None]:
    """The first failure whose line settles the phase, else the first strong one, else the first."""
    strong = [each for each in failed if not each[0].row.weak]
    strong = strong or [each for each in failed if each[0].row.fails != CRASH] or failed
    return next((each for each in strong if each[0].row.phase), strong[0])


def _without_failure(matches: list[Matched], stage: str | None) -> Settled:
    free = next((match.facts["available_kv_gib"] for match in matches if "available_kv_gib" in match.facts), None)
    if isinstance(free, int | float) and free <= 0:
        return Settled("kv_cache", NO_MEMORY_LEFT, stage, "")
    if stage in ENDS_OPEN:
        return Settled(None, None, stage, "")
    phase = "healthy" if stage in ENDS_WELL else IN_PROGRESS.get(stage or "")
    return Settled(phase, None, stage, "")


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
    line = text[match.line_start : match.line_end].strip()
    start = max(match.line_start, match.start - LONGEST_QUOTE // 2)
    return line if len(line) <= LONGEST_QUOTE else text[start : start + LONGEST_QUOTE].strip()
