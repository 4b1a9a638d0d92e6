"""Read one engine's log over its table of lines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.logs.lines import Matched, Row, matches
from bot.logs.phases import Settled
from catalog.kept import toml

HERE = Path(__file__).parent


class LogReader:
    """One table of lines: bot/logs/<name>.toml."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _file(self) -> Mapping[str, Any]:
        return toml(HERE / f"{self.name}.toml")

    @property
    def engine(self) -> str:
        return str(self._file["engine"])

    @property
    def source(self) -> str:
        return str(self._file["source"])

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every row; raises TypeError for a row with a key that there is none of."""
        own = tuple(Row(**row) for row in self._file["line"])
        return own + tuple(row for name in self._file.get("includes", ()) for row in LogReader(name).rows)

    @cached_property
    def frames(self) -> Mapping[str, tuple[str, ...]]:
        """Phase -> names in a traceback that tell it."""
        return {phase: tuple(names) for phase, names in self._file.get("frames", {}).items()}

    @cached_property
    def tightest(self) -> Mapping[str, tuple[str, ...]]:
        """least and most -> facts of which that value decides where workers differ."""
        return {which: tuple(names) for which, names in self._file.get("tightest", {}).items()}

    def read(self, text: str) -> list[Matched]:
        """Every row on every line that it matches."""
        flat = text.replace("\n", " ")
        printed = (row for row in self.rows if row.anchor in flat)
        return [match for row in printed for match in matches(row, text, flat)]

    def judge(self, facts: Mapping[str, Any], settled: Settled) -> Settled:
        """The outcome once more, with the numbers at hand."""
        return settled

    def likeness(self, text: str) -> int:
        """How many of the engine's words stand in the text; those of a runner that it starts count beside its own."""
        own = sum(sign in text for sign in self._file["signs"])
        return own and own + sum(LogReader(name).likeness(text) for name in self._file.get("includes", ()))
