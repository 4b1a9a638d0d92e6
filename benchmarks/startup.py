"""Cold start: a fresh process for every run, beside what Python and sympy alone take."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Measurement, wall_time
from benchmarks.questions import SAMPLE

ROUNDS = 15
VRAM = str(Path(sys.executable).with_name("vram"))

COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "python -c 'import sympy'": ([sys.executable, "-c", "import sympy"], None),
    "vram --help": ([VRAM, "--help"], 0.12),
    'vram "..."': ([VRAM, SAMPLE], 0.25),
    'vram --json "..."': ([VRAM, "--json", SAMPLE], 0.25),
}
"""What is started, and the wall time aimed at in seconds."""


def measure() -> list[Measurement]:
    """Every command in every round, so that a busy moment falls on all of them; the first round warms the disk."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(1 + ROUNDS):
        for name, (command, _goal) in COMMANDS.items():
            times[name].append(wall_time(command))
    return [Measurement(name, tuple(times[name][1:]), goal) for name, (_, goal) in COMMANDS.items()]
