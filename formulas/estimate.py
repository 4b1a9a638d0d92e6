"""estimate(deployment) -> Estimate: where the bytes go on the fullest GPU, and what the rest holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from formulas import compiled
from formulas.deployment import Deployment

Verdict = Literal["fits", "tight", "does_not_fit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes on one GPU for one load."""

    weights: int
    kv_cache: int
    activations: int
    overhead: int

    @property
    def total(self) -> int:
        return self.weights + self.kv_cache + self.activations + self.overhead


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The KV cache as the engine sets it up: bytes on one GPU, and the tokens it prints."""

    bytes: int
    tokens: int


class Plan(Protocol):
    """What an engine makes of a deployment. Memory grows with batch and length; usable does not depend on them."""

    usable: int
    utilization: float

    @property
    def band(self) -> Mapping[str, int]:
        """Plus or minus bytes of each uncertain term, by name."""

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch sequences per replica."""

    def pool(self, *, sequence_tokens: int) -> Pool:
        """The cache pool of a server started for sequences of at most sequence_tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The answer to one deployment."""

    deployment: Deployment
    plan: Plan
    memory: Memory
    usable: int
    band: int
    """Plus or minus bytes on the headroom."""

    @property
    def headroom(self) -> int:
        return self.usable - self.memory.total

    @property
    def fits(self) -> bool:
        return self.headroom >= 0

    @property
    def verdict(self) -> Verdict:
        """fits, tight (the sign of the headroom is inside the band) or does_not_fit."""
        if abs(self.headroom) <= self.band:
            return "tight"
        return "fits" if self.fits else "does_not_fit"


def estimate(deployment: Deployment, laws: Any = compiled) -> Estimate:
    """Memory on the fullest GPU. laws may be a recorder with the functions of formulas.compiled."""
    from formulas.engines import engine
    from formulas.pinned import pinned

    return worked_out(deployment, pinned(engine(deployment.engine).plan(deployment, laws), deployment))


def worked_out(deployment: Deployment, plan: Plan) -> Estimate:
    """The answer that a plan gives for its deployment's load."""
    memory = plan.memory(batch=deployment.batch_per_replica, sequence_tokens=deployment.load.sequence_tokens)
    return Estimate(
        deployment=deployment,
        plan=plan,
        memory=memory,
        usable=plan.usable,
        band=round(sum(b * b for b in plan.band.values()) ** 0.5),
    )
