"""Whole-number answers: largest batch, longest sequence, fewest GPUs, fitting GPUs, least utilization.

Memory never falls when batch or length grows, so each answer n is exact: n fits and n + 1 does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from catalog.types import Gpu
from formulas import compiled
from formulas.deployment import Deployment, Layout
from formulas.engines import engine
from formulas.estimate import Estimate, Plan, estimate
from formulas.layout import layouts

MOST_SEQUENCES = 10**6
LONGEST_TOKENS = 2**27
"""Bounds of a question; an engine never gets near them."""

GPU_COUNTS = (1, 2, 4, 8, *range(16, 129, 8))
"""GPUs come as parts of a node, then as whole nodes of eight."""


def largest(fits: Callable[[int], bool], limit: int, *, near: int = 0) -> int:
    """Largest n in 0..limit with fits(n), for a fits that turns false once; quickest when near is close to it."""
    low, high = _bracket(fits, limit, min(max(near, 0), limit))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _bracket(fits: Callable[[int], bool], limit: int, near: int) -> tuple[int, int]:
    """low that fits (or 0) and high that does not (or limit + 1), found in growing steps from near."""
    step = 1
    if near and not fits(near):
        while near - step > 0 and not fits(near - step):
            near, step = near - step, 2 * step
        return max(0, near - step), near
    while near + step <= limit and fits(near + step):
        near, step = near + step, 2 * step
    return near, min(near + step, limit + 1)


def largest_batch(deployment: Deployment, plan: Plan, *, extra: int = 0) -> int:
    """Most sequences of the load's length over all replicas, with extra bytes of usable memory (or fewer)."""
    length = deployment.load.sequence_tokens

    def total(batch: int) -> int:
        return plan.memory(batch=batch, sequence_tokens=length).total

    budget = plan.usable + extra
    per_replica = largest(lambda batch: total(batch) <= budget, MOST_SEQUENCES, near=_straight(total, budget, 1, 2))
    return per_replica * deployment.layout.data_parallel


def longest_sequence(deployment: Deployment, plan: Plan, *, limit: int | None = None) -> int:
    """Longest sequence at the load's batch, at most limit tokens."""
    batch, most = deployment.batch_per_replica, limit or LONGEST_TOKENS

    def total(length: int) -> int:
        return plan.memory(batch=batch, sequence_tokens=length).total

    if total(most) <= plan.usable:
        return most
    here = deployment.load.sequence_tokens
    return largest(
        lambda length: total(length) <= plan.usable, most, near=_straight(total, plan.usable, here, 2 * here)
    )


def _straight(total: Callable[[int], int], budget: int, first: int, second: int) -> int:
    """Where a straight line through two points meets the budget."""
    low, high = total(first), total(second)
    if high <= low:
        return 0
    return first + (budget - low) * (second - first) // (high - low)


def least_utilization(result: Estimate, laws: Any = compiled) -> float | None:
    """Smallest share of the card at which the load fits; None where none does or the engine takes no share."""
    if not engine(result.deployment.engine).takes_share:
        return None
    share = laws.least_utilization(total_bytes=result.memory.total, visible_bytes=result.deployment.gpu.visible_bytes)
    return float(share) if share <= 1 else None


def fewest_gpus(deployment: Deployment, *, most: int = GPU_COUNTS[-1]) -> Estimate | None:
    """The load on as few GPUs of this kind as hold it, in a layout that the engine accepts; None when none does."""
    for count in GPU_COUNTS:
        if count > most:
            return None
        for layout in layouts(
            count,
            per_node=deployment.gpu.max_per_node,
            experts=deployment.model.architecture.has_experts,
            expert_parallel=deployment.layout.expert_parallel,
        ):
            result = _try(deployment, layout)
            if result and result.fits:
                return result
    return None


def _try(deployment: Deployment, layout: Layout) -> Estimate | None:
    chosen = engine(deployment.engine)
    if chosen.layout_problem(deployment.model, layout):
        return None
    return estimate(deployment.change(layout=layout))


@dataclass(frozen=True, slots=True)
class Choice:
    """A GPU that holds the load, with as few of them as do."""

    estimate: Estimate

    @property
    def gpu(self) -> Gpu:
        return self.estimate.deployment.gpu

    @property
    def gpu_count(self) -> int:
        return self.estimate.deployment.layout.gpu_count

    @property
    def size(self) -> int:
        """Memory bought, bytes."""
        return self.gpu.visible_bytes * self.gpu_count


def fitting_gpus(deployment: Deployment, gpus: Iterable[Gpu], *, most: int = 8) -> list[Choice]:
    """Cards that hold the load, least memory first; every card with its fewest GPUs, at most `most`."""
    runs_on = engine(deployment.engine).supports
    found = (fewest_gpus(deployment.change(gpu=gpu), most=most) for gpu in gpus if runs_on(gpu))
    choices = [Choice(result) for result in found if result is not None]
    return sorted(choices, key=lambda choice: (choice.size, choice.gpu_count, choice.gpu.marketed_gb, choice.gpu.name))
