"""A plan that agrees with what a running server logged: fitted terms are replaced by measured ones.

The differences found on the logged deployment hold for the same model, weights, GPU, layout and release under any other
load, cache format or share of the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from formulas.deployment import Deployment, Measured
from formulas.estimate import Memory, Plan, Pool

PROFILE_SETTINGS = ("max_batched_tokens", "max_sequences", "enforce_eager", "max_capture_size", "lora_slots")
"""Settings that the profile run depends on; with others the band of the estimate stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Measured less computed, bytes on one GPU."""

    weights: int = 0
    activations: int = 0
    overhead: int = 0
    visible: float = 1.0
    """Measured over catalogued memory of the card."""

    @property
    def total(self) -> int:
        return self.weights + self.activations + self.overhead


class PinnedPlan:
    """Memory by load, measured terms in place. Public: base, usable, utilization, band, memory(), pool()."""

    def __init__(self, base: Any, differences: Differences, *, same_profile: bool) -> None:
        self.base = base
        self.differences = differences
        self.usable = round(base.usable * differences.visible)
        self.utilization: float = base.utilization
        self._same_profile = same_profile
        self._shifted = with_usable(base, self.usable - differences.total)

    @property
    def band(self) -> Mapping[str, int]:
        """Nothing is uncertain about what was measured; other profile settings keep the estimate's band."""
        band: Mapping[str, int] = {} if self._same_profile else self.base.band
        return band

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch sequences per replica."""
        memory: Memory = self.base.memory(batch=batch, sequence_tokens=sequence_tokens)
        return Memory(
            weights=memory.weights + self.differences.weights,
            kv_cache=memory.kv_cache,
            activations=memory.activations + self.differences.activations,
            overhead=memory.overhead + self.differences.overhead,
        )

    def pool(self, *, sequence_tokens: int) -> Pool:
        """The cache pool of a server started for sequences of at most sequence_tokens."""
        pool: Pool = self._shifted.pool(sequence_tokens=sequence_tokens)
        return pool


def pinned(plan: Plan, deployment: Deployment, laws: Any) -> Plan:
    """The plan with the measured terms of this deployment, or itself where they say nothing about it."""
    measured = deployment.measured
    if measured is None or not _same_server(deployment, measured.at):
        return plan
    same = all(getattr(deployment.settings, name) == getattr(measured.at.settings, name) for name in PROFILE_SETTINGS)
    return PinnedPlan(plan, differences(measured, laws), same_profile=same)


def _same_server(deployment: Deployment, other: Deployment) -> bool:
    return (deployment.engine, deployment.engine_version, deployment.layout) == (
        other.engine,
        other.engine_version,
        other.layout,
    ) and all(getattr(deployment, name) is getattr(other, name) for name in ("model", "weights", "gpu"))


@lru_cache(maxsize=256)
def differences(measured: Measured, laws: Any) -> Differences:
    """What a log adds to the estimate of the deployment that it is of."""
    from formulas.engines import engine

    plan = engine(measured.at.engine).plan(measured.at, laws)
    length = measured.at.load.sequence_tokens
    memory = plan.memory(batch=1, sequence_tokens=length)
    weights = measured.weights - memory.weights if measured.weights is not None else 0
    activations = measured.activations - memory.activations if measured.activations is not None else 0
    visible = measured.visible / measured.at.gpu.visible_bytes if measured.visible else 1.0
    usable = round(plan.usable * visible)
    overhead = usable - plan.usable - weights - activations - _pool_difference(plan, measured, length)
    known = measured.pool is not None or measured.tokens is not None
    return Differences(weights=weights, activations=activations, overhead=overhead if known else 0, visible=visible)


def _pool_difference(plan: Any, measured: Measured, length: int) -> int:
    """Bytes that the logged pool has more than the computed one; the printed tokens settle its rounding."""
    computed: Pool = plan.pool(sequence_tokens=length)
    printed = (computed.bytes if measured.pool is None else measured.pool) - computed.bytes
    if measured.tokens is None or _tokens(plan, printed, length) == measured.tokens:
        return printed
    low, high = -plan.usable, 2 * measured.at.gpu.visible_bytes
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _tokens(plan, middle, length) >= measured.tokens else (middle, high)
    return high if _tokens(plan, high, length) == measured.tokens else printed


def _tokens(plan: Any, extra: int, length: int) -> int:
    return int(with_usable(plan, plan.usable + extra).pool(sequence_tokens=length).tokens)


def with_usable(plan: Any, usable: int) -> Any:
    """The plan on a card that leaves so many bytes to the engine."""
    other = copy(plan)
    other.__dict__["usable"] = usable
    return other
