"""`python -m benchmarks` measures everything, prints a table and keeps it in results.json."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import answers, hub, startup
from benchmarks.measure import Measurement

RESULTS = Path(__file__).with_name("results.json")
MILLISECONDS = 1_000


def main() -> None:
    measured = [*startup.measure(), *answers.measure(), *hub.measure()]
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    Console().print(table(measured, caption=machine))
    rows = [{"name": each.name, "median": each.median, "p99": each.p99, "goal": each.goal} for each in measured]
    RESULTS.write_text(json.dumps({"machine": machine, "seconds": rows}, indent=2) + "\n", encoding="utf-8")


def table(measured: Iterable[Measurement], *, caption: str) -> Table:
    """Milliseconds, one measurement a row."""
    drawn = Table(title="Wall time in ms", caption=caption)
    drawn.add_column("what")
    for column in ("runs", "median", "p99 or worst", "goal"):
        drawn.add_column(column, justify="right")
    for each in measured:
        goal = milliseconds(each.goal) if each.goal else ""
        drawn.add_row(each.name, f"{len(each.seconds):,}", milliseconds(each.median), milliseconds(each.p99), goal)
    return drawn


def milliseconds(seconds: float) -> str:
    return f"{seconds * MILLISECONDS:,.3g}" if seconds < 1 else f"{seconds * MILLISECONDS:,.0f}"


if __name__ == "__main__":
    main()
