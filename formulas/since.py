"""Version tables: what holds since which release, in the order of the release notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from formulas.deployment import Version, version

Value = TypeVar("Value")


@dataclass(frozen=True)
class Since(Generic[Value]):
    """Values keyed by the first release that has them; the first row holds for everything older too."""

    rows: Mapping[str, Value]
    source: str

    @cached_property
    def _steps(self) -> tuple[tuple[Version, Value], ...]:
        return tuple(
            sorted(
                ((version(text), value) for text, value in self.rows.items()), reverse=True, key=lambda step: step[0]
            )
        )

    def at(self, release: Version) -> Value:
        """The value that holds in this release."""
        for first, value in self._steps:
            if release >= first:
                return value
        return self._steps[-1][1]
