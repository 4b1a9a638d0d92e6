"""What a log says, before anything is worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.logs.phases import HEALTHY
from formulas.units import GIB, KIB, MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One start of one server, as its log tells it."""

    engine: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Printed numbers and words by name; names end in their unit."""
    phase: str | None
    """weights profile kv_cache graph_capture startup_check serving healthy; None where the log does not settle it."""
    failure: str | None
    """Key of a failure in bot/diagnosis.toml; None where nothing failed."""
    stage: str | None
    """The last phase that began."""
    line: str = ""
    """The line that settled it, shortened."""
    is_cut: bool = False
    """Whether the middle of a very long log was not read."""
    configs: tuple[str, ...] = ()
    """Lines in which the engine prints its settings."""
    printed: tuple[tuple[str, Any], ...] = ()
    """Every printed number with its name, in order: a fact is the first of its name, other GPUs print theirs too."""

    @property
    def ended(self) -> bool:
        """Whether the log tells how this start ended."""
        return self.failure is not None or self.phase == HEALTHY

    def size(self, *names: str) -> int | None:
        """Bytes of the first of these facts that was printed, whatever its unit; names without their unit."""
        return next((sizes[0] for name in names if (sizes := self.sizes(name))), None)

    def sizes(self, name: str) -> list[int]:
        """Bytes of a fact as every GPU printed it."""
        names = {f"{name}_{unit}": factor for unit, factor in UNITS.items()}
        found = self.printed or tuple(self.facts.items())
        return [round(value * names[key]) for key, value in found if key in names and isinstance(value, int | float)]

    def numbers(self, name: str) -> list[int | float]:
        """A fact as every GPU printed it."""
        found = self.printed or tuple(self.facts.items())
        return [value for key, value in found if key == name and isinstance(value, int | float)]

    def number(self, *names: str) -> int | float | None:
        """The first of these facts that was printed."""
        return next((value for name in names if isinstance(value := self.facts.get(name), int | float)), None)


UNITS = {"gib": GIB, "gb": GIB, "mib": MIB, "kib": KIB, "bytes": 1}
"""gb: engines that print GB divide by 2^30 (vLLM, SGLang)."""
