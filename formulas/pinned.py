"""A plan that agrees with what a running server logged: fitted terms are replaced by measured ones.

What was measured holds for the same model, weights, GPUs and release under any other load, cache format or share of the
card. Settings that the profile run depends on take its terms away, and the estimate stands there again.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from formulas import compiled
from formulas.deployment import PARALLEL, Deployment, Measured
from formulas.estimate import Memory, Plan, Pool
from formulas.units import GIB

PROFILED = (
    "max_batched_tokens",
    "max_sequences",
    "enforce_eager",
    "max_capture_size",
    "lora_slots",
    "lora_rank",
    "speculative_tokens",
    "language_model_only",
    "cpu_offload_bytes",
    "flashinfer_sampler",
    "gpu_layers",
)
"""Settings that the weights or the profile run may depend on; whether they do, the laws tell."""
COMPILED_AWAY = ("enforce_eager", "max_capture_size")
"""Settings on which more of the profile run depends than the laws have."""
LAYOUT = (*PARALLEL, "expert_parallel")
RANKS = 0.03
"""How far the bytes that one GPU prints may be from those of the smallest, which the tokens are of."""
PRINTED_TO = GIB // 100
"""Engines print GiB with two decimals."""
REST = frozenset({"activations", "overhead"})
"""Terms that follow from the size of the cache pool alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Measured less computed, bytes on one GPU."""

    weights: int = 0
    activations: int = 0
    overhead: int = 0
    visible: float = 1.0
    """Measured over catalogued memory of the card."""
    tokens: tuple[int, int] = (1, 1)
    """Printed over computed tokens, where no pool comes to the printed ones."""
    known: frozenset[str] = frozenset()
    """Terms that the log settles: fields of Memory, and pool."""

    @property
    def total(self) -> int:
        return self.weights + self.activations + self.overhead

    def of(self, memory: Memory) -> Memory:
        """The computed memory with the measured terms in place."""
        return replace(
            memory,
            weights=memory.weights + self.weights,
            activations=memory.activations + self.activations,
            overhead=memory.overhead + self.overhead,
        )

    def without(self, gone: frozenset[str]) -> Differences:
        """The same without terms that were measured under other settings."""
        lost = {name: 0 for name in gone if name in ("weights", "activations", "overhead")}
        tokens = (1, 1) if "pool" in gone else self.tokens
        return replace(self, known=self.known - gone, tokens=tokens, **lost)


class PinnedPlan:
    """Memory by load, measured terms in place. Public: base, usable, utilization, band, known, memory(), pool()."""

    def __init__(self, base: Any, differences: Differences, *, logged: Any) -> None:
        """logged: the estimate's plan of the deployment that was logged."""
        self.base = base
        self.differences = differences
        self.usable = round(base.usable * differences.visible)
        self.utilization: float = base.utilization
        self._logged = logged
        self._shifted = with_usable(base, self.usable - differences.total)

    @property
    def known(self) -> frozenset[str]:
        """Terms that were measured."""
        return self.differences.known

    @property
    def band(self) -> Mapping[str, int]:
        """Nothing is uncertain about what was measured; terms that were not keep the estimate's band."""
        band: Mapping[str, int] = self.base.band
        return {name: size for name, size in band.items() if not self._settled(name)}

    def _settled(self, name: str) -> bool:
        """The size of the pool settles the sum of all terms."""
        deployment: Deployment = self.base.deployment
        load = {"batch": deployment.batch_per_replica, "sequence_tokens": deployment.load.sequence_tokens}
        return any(all(self.holds(term, **load) for term in terms) for terms in (["pool"], name.split("_and_")))

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch sequences per replica."""
        return self.differences.of(self.base.memory(batch=batch, sequence_tokens=sequence_tokens))

    def holds(self, term: str, *, batch: int, sequence_tokens: int) -> bool:
        """Whether a term of this load was measured: a buffer that grows with the load is so at the logged one alone.

        term: a field of Memory, or pool, which is what all of them but the cache leave.
        """
        load = {"batch": batch, "sequence_tokens": sequence_tokens}
        then = _at_its_load(self._logged)
        here = replace(self.base.memory(**load), overhead=self._logged.memory(**load).overhead)
        parts = REST if term == "pool" else {term}
        return term in self.known and all(getattr(here, part) == getattr(then, part) for part in parts)

    def pool(self, *, sequence_tokens: int) -> Pool:
        """The cache pool of a server started for sequences of at most sequence_tokens."""
        pool: Pool = self._shifted.pool(sequence_tokens=sequence_tokens)
        printed, computed = self.differences.tokens
        return replace(pool, tokens=pool.tokens * printed // computed)


def pinned(plan: Plan, deployment: Deployment) -> Plan:
    """The plan with the measured terms of this deployment, or itself where they say nothing about it."""
    measured = deployment.measured
    if measured is None or not same_server(deployment, measured.at):
        return plan
    found = differences(measured).without(outdated(deployment, measured))
    return PinnedPlan(plan, found, logged=_logged_plan(measured.at)) if found.known else plan


def same_server(deployment: Deployment, other: Deployment) -> bool:
    """Whether both are one model in one format on the same GPUs under one release."""
    return not differing(deployment, other)


def differing(deployment: Deployment, other: Deployment) -> tuple[str, ...]:
    """In what two deployments are two servers: names of fields."""
    pairs = {
        "model": (deployment.model.id, other.model.id),
        "weights": (deployment.weights.key, other.weights.key),
        "gpu": (deployment.gpu.name, other.gpu.name),
        "engine": (deployment.engine, other.engine),
        "engine_version": (deployment.engine_version, other.engine_version),
        **{name: (getattr(deployment.layout, name), getattr(other.layout, name)) for name in LAYOUT},
    }
    return tuple(name for name, (here, there) in pairs.items() if here != there)


def outdated(deployment: Deployment, measured: Measured) -> frozenset[str]:
    """Terms that were measured under settings on which they depend; the size of the pool depends on them all."""
    changed = changed_settings(deployment, measured)
    if not changed:
        return frozenset()
    other = measured.at.change(settings=replace(measured.at.settings, **changed))
    here, there = (_at_its_load(_logged_plan(at)) for at in (other, measured.at))
    gone = {"weights"} if here.weights != there.weights else set()
    profile = any(getattr(here, term) != getattr(there, term) for term in REST)
    gone |= REST if profile or any(name in changed for name in COMPILED_AWAY) else set()
    return frozenset(gone | {"pool"} if gone else gone)


def changed_settings(deployment: Deployment, measured: Measured) -> dict[str, Any]:
    """Settings of the profile run that are not those of the log."""
    here, there = deployment.settings, measured.at.settings
    return {name: value for name in PROFILED if (value := getattr(here, name)) != getattr(there, name)}


@lru_cache(maxsize=256)
def _logged_plan(at: Deployment) -> Any:
    from formulas.engines import engine

    return engine(at.engine).plan(at, compiled)


def _at_its_load(plan: Any) -> Memory:
    deployment: Deployment = plan.deployment
    memory: Memory = plan.memory(batch=deployment.batch_per_replica, sequence_tokens=deployment.load.sequence_tokens)
    return memory


@lru_cache(maxsize=256)
def differences(measured: Measured) -> Differences:
    """What a log adds to the estimate of the deployment that it is of.

    Where no activations were printed, they take what the pool leaves: nothing else is as uncertain.
    """
    plan = _logged_plan(measured.at)
    length = measured.at.load.sequence_tokens
    memory = _at_its_load(plan)
    weights = measured.weights - memory.weights if measured.weights is not None else 0
    activations = measured.activations - memory.activations if measured.activations is not None else 0
    visible = measured.visible / measured.at.gpu.visible_bytes if measured.visible else 1.0
    usable = round(plan.usable * visible)
    extra = _pool_difference(plan, measured, length)
    sized = measured.pool is not None or measured.tokens is not None
    rest = usable - plan.usable - weights - activations - extra if sized else 0
    if measured.activations is None:
        activations = max(rest, -memory.activations) if memory.activations else 0
        rest -= activations
    return Differences(
        weights=weights,
        activations=activations,
        overhead=rest,
        visible=visible,
        tokens=_ratio(measured.tokens, _tokens(plan, extra, length)),
        known=frozenset(_known(measured, memory, sized=sized)),
    )


def _known(measured: Measured, memory: Memory, *, sized: bool) -> set[str]:
    """Terms that were printed; what the pool leaves for a single other one is settled by it."""
    terms = {"weights": measured.weights, "activations": measured.activations}
    known = {name for name, size in terms.items() if size is not None}
    alone = all(name in known or not getattr(memory, name) for name in terms)
    return known | ({"pool"} if sized else set()) | ({"overhead"} if sized and alone else set())


def _ratio(printed: int | None, computed: int) -> tuple[int, int]:
    return (printed, computed) if printed and computed else (1, 1)


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
    if measured.pool is None:
        return high if _tokens(plan, high, length) else printed
    return high if abs(high - printed) <= RANKS * measured.pool + PRINTED_TO else printed


def left_over(measured: Measured) -> int:
    """Bytes that the measured weights and pool leave of the share for everything else; below zero on a larger card."""
    memory, found = _at_its_load(_logged_plan(measured.at)), differences(measured)
    return memory.activations + memory.overhead + found.activations + found.overhead


def token_ratio(measured: Measured) -> float | None:
    """Printed tokens over those that the printed bytes hold by the estimate; None where one of them is missing."""
    if measured.pool is None or measured.tokens is None:
        return None
    plan, length = _logged_plan(measured.at), measured.at.load.sequence_tokens
    if hasattr(plan, "tokens"):
        computed = plan.tokens(measured.pool, sequence_tokens=length)
    else:
        computed = _tokens(plan, measured.pool - plan.pool(sequence_tokens=length).bytes, length)
    return measured.tokens / computed if computed else None


def _tokens(plan: Any, extra: int, length: int) -> int:
    return int(with_usable(plan, plan.usable + extra).pool(sequence_tokens=length).tokens)


def with_usable(plan: Any, usable: int) -> Any:
    """The plan on a card that leaves so many bytes to the engine."""
    other = copy(plan)
    other.__dict__["usable"] = usable
    return other
