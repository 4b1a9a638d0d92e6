"""What a log says happened, and what would mend it: data, before any sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bot.amounts import count, measured_size
from bot.changed_settings import changed_estimate, surely_fits
from bot.changes import Held
from bot.commands import reader_of
from bot.commands.rewrite import Change
from bot.commands.table import Table
from bot.logs.observation import UNITS, Observation
from bot.query import Query
from bot.size import Sized
from catalog.kept import toml
from formulas.deployment import version
from formulas.engines import engine
from formulas.estimate import Estimate

FILE = Path(__file__).with_suffix(".toml")
WITHIN_BUDGET = ("weights", "profile", "kv_cache")
"""Phases that take no more than an engine plans for."""
SOLVED = "solved"
"""Name of the place where the solved changes of the question stand among the fixes."""


class Fix(NamedTuple):
    """One thing to change: a sentence diagnosis.fix.<name> of bot/lang with its values."""

    name: str
    values: Mapping[str, str] = {}
    flag: str = ""
    """As it is written on the command line."""
    settings: Mapping[str, Any] = {}
    """Fields of Query that it changes, with their new values."""
    stated: Change | None = None
    """A flag of the command to state, where it is no field."""
    printed: bool = False
    """The engine's own number: it is not computed again."""


@dataclass(frozen=True)
class Case:
    """A log with the question that it belongs to, worked out where the model and the GPU are known."""

    query: Query
    log: Observation
    sized: Sized | None

    @property
    def engine(self) -> str:
        """Key of the engine, or nothing."""
        return self.log.engine or (self.query.engine.value if self.query.engine else "")

    @property
    def right(self) -> Sized | None:
        """The question worked out; of a command that its engine refuses the command put right."""
        return self.sized.accepted or self.sized if self.sized else None

    @property
    def held(self) -> Held | None:
        """What the GPUs hold, where model and GPU are known."""
        return self.right.held if self.right else None

    def tried(self, settings: Mapping[str, Any]) -> Estimate | None:
        """The server with these settings; None where model or GPU are not known."""
        return changed_estimate(self.right.estimate.deployment, settings) if self.right and self.held else None

    def starts(self, settings: Mapping[str, Any]) -> bool:
        """Whether it starts with these settings; where model or GPU are not known it may."""
        result = self.tried(settings)
        return surely_fits(result) if result else self.held is None

    def mends(self, settings: Mapping[str, Any]) -> bool:
        """Whether it starts so, and what failed finds room where only the log knew of it."""
        result = self.tried(settings)
        if not self.starts(settings) or result is None or self.right is None:
            return self.held is None
        short = self.short if self.right.estimate.fits else None
        return not short or _beside(self.right.estimate) - _beside(result) >= short

    def set(self, name: str, slot: str, number: int, **values: str) -> Fix | None:
        """The fix that sets a field to a number; None where the engine has no flag for it."""
        flag = self.written(slot, number) if number > 0 else None
        if flag is None:
            return None
        return Fix(name, {**self.values, **values, "flag": flag, "number": count(number)}, flag, {slot: number})

    def first(self, name: str, slot: str, numbers: Iterable[int], **values: str) -> Fix | None:
        """The fix with the first number that mends it, or where the log's own figures are beyond all that starts."""
        tried = list(numbers)
        mending = next((number for number in tried if self.mends({slot: number})), None)
        number = mending or next((number for number in tried if self.starts({slot: number})), None)
        return self.set(name, slot, number, **values) if number else None

    @staticmethod
    def halves(number: int, least: int) -> Iterator[int]:
        """Half of a number, a quarter ... down to the least; of what is computed nowhere the first is taken."""
        while (number := number // 2) >= least:
            yield number

    @property
    def unexplained(self) -> bool:
        """Whether it ran out of memory though it fits by all that is known."""
        rule = rules().get(self.log.failure or "")
        fits = self.sized is not None and self.held is not None and not self.sized.refusals and self.sized.estimate.fits
        return fits and rule is not None and rule.kind == "memory" and self.log.phase in WITHIN_BUDGET

    @cached_property
    def total(self) -> int | None:
        """Memory of one card, bytes."""
        held = self.sized is not None and self.sized.held is not None
        known = self.sized.estimate.deployment.gpu.visible_bytes if self.sized and held else None
        return self.log.size("total_gpu") or known

    @cached_property
    def utilization(self) -> float | None:
        """The share that the engine was given, as stated or by default; None where it takes none."""
        if self.query.utilization:
            return self.query.utilization.value
        if self.sized and self.sized.held:
            return self.sized.estimate.plan.utilization
        return self._default_utilization()

    def _default_utilization(self) -> float | None:
        """The release's own, where the log says which release it is."""
        if not self.query.engine_version:
            return None
        try:
            chosen = engine(self.engine)
            return chosen.utilization(version(self.query.engine_version.value)) if chosen.takes_share else None
        except (KeyError, ValueError):
            return None

    @property
    def short(self) -> int | None:
        """Bytes by which an allocation was too large for what was free."""
        tried, free = self.log.size("tried_to_allocate", "compute_buffer", "buffer"), self.log.size("free")
        return tried - free if tried is not None and free is not None and tried > free else None

    @property
    def others(self) -> int | None:
        """Bytes of the card that were neither free nor the server's own; NCCL and a context may be among them.

        A container names the server's own process by its number: it is the one that holds what PyTorch allocated.
        """
        free, torch, own = (self.log.size(name) for name in ("free", "torch_allocated", "process_in_use"))
        if self.total is None or free is None:
            return None
        is_own = "other_process" not in self.log.facts or (own is not None and torch is not None and own >= torch)
        if own is not None and is_own:
            return self.total - free - own
        if torch is None:
            return self.total - free if self.log.failure == "card_in_use" else None
        return self.total - free - torch - (self.log.size("torch_reserved_unallocated") or 0)

    def flag(self, slot: str) -> str | None:
        """The engine's flag that sets a field of Query; None where the engine is not known or has none."""
        flags = self._table.flags.values() if self._table else ()
        return next((flag.name for flag in flags if flag.slot == slot), None)

    @cached_property
    def _table(self) -> Table | None:
        reader = reader_of(self.engine)
        return reader.table if reader else None

    def written(self, slot: str, value: object) -> str | None:
        """The setting as the engine takes it; None where the engine is not known or has none."""
        flag, table = self.flag(slot), self._table
        return table.write(flag, value) if flag and table else None

    def stated(self, slot: str) -> Any:
        """A field of the question, or None."""
        said = getattr(self.query, slot)
        return said.value if said else None

    @cached_property
    def values(self) -> dict[str, str]:
        """What a sentence may mention: every fact as people read it, and what follows from them."""
        found = dict(_readable(self.log))
        derived = {"short": self.short, "others": self.others, "total_gpu": self.total}
        derived |= {"missing": _difference(self.log.size("needed"), self.log.size("available", "free"))}
        if self.query.measured and self.query.measured.value.tokens:
            found["kv_tokens"] = count(self.query.measured.value.tokens)
        if self.query.measured and self.query.measured.value.pool:
            found.setdefault("available_kv", measured_size(self.query.measured.value.pool))
        found |= {name: measured_size(size) for name, size in derived.items() if size is not None and size > 0}
        if self.utilization:
            found["utilization"] = f"{self.utilization:.3g}"
        return found


def _beside(result: Estimate) -> int:
    """Bytes beside weights and cache."""
    return result.memory.activations + result.memory.overhead


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One failure of diagnosis.toml."""

    kind: Literal["memory", "refused", "other"]
    fixes: tuple[str, ...]
    phases: Mapping[str, tuple[str, ...]]

    def fixes_in(self, phase: str | None) -> tuple[str, ...]:
        """Names of fixes for a failure in this phase, the cheapest first."""
        return self.phases.get(phase or "", self.fixes)


@cache
def rules() -> Mapping[str, Rule]:
    """Every failure by key."""
    return {key: _rule(row) for key, row in toml(FILE).items()}


def _rule(row: Mapping[str, Any]) -> Rule:
    phases = {phase: tuple(names) for phase, names in row.get("phases", {}).items()}
    return Rule(kind=row["kind"], fixes=tuple(row["fixes"]), phases=phases)


def _readable(log: Observation) -> Iterator[tuple[str, str]]:
    for name, value in log.facts.items():
        base, _, unit = name.rpartition("_")
        if unit in UNITS and isinstance(value, int | float):
            yield base, measured_size(round(value * UNITS[unit]))
        elif isinstance(value, int):
            yield name, count(value)
        elif isinstance(value, float | str):
            yield name.removeprefix("q_"), str(value)


def _difference(large: int | None, small: int | None) -> int | None:
    return large - small if large is not None and small is not None else None
