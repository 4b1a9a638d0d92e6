"""A measurement, and how to take one."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter

PERCENTS = 100
PRINTED = 2_000


@dataclass(frozen=True, slots=True)
class Measurement:
    """Wall times of one thing done several times, in seconds."""

    name: str
    seconds: tuple[float, ...]
    goal: float | None = None
    """The median that is aimed at."""

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def p99(self) -> float:
        return quantiles(self.seconds, n=PERCENTS)[-1] if len(self.seconds) >= PERCENTS else max(self.seconds)


def wall_time(command: Sequence[str], *, stdin: str = "") -> float:
    """Seconds that a command takes from start to exit; its output is dropped, its failure is an error."""
    start = perf_counter()
    finished = subprocess.run(command, input=stdin, capture_output=True, text=True)
    seconds = perf_counter() - start
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)}: {finished.stderr or finished.stdout[-PRINTED:]}")
    return seconds
