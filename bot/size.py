"""size(resolution) -> Sized: estimates the deployment, solves for what was asked, and works out what else would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil

from bot.changes import Changed, Held, changed, changes, computes, recommended, settled
from bot.contract import VerdictName
from bot.layouts import TOO_FEW_GPUS, usual_layout
from bot.refusals import Refusal, beyond, mended, refusals
from bot.resolve import Resolution
from catalog.types import Gpu
from formulas.deployment import PARALLEL, Deployment, Layout
from formulas.engines import engine
from formulas.engines.vllm_plan import VllmPlan
from formulas.estimate import Estimate, Plan, estimate
from formulas.solve import (
    MOST_SEQUENCES,
    Choice,
    fewest_gpus,
    fitting_gpus,
    largest_batch,
    least_utilization,
    longest_sequence,
)

SLICE = " MIG "
"""What the catalog's names of slices contain."""
SHARE_STEPS = 1000
"""A utilization is given to a thousandth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A question worked out."""

    resolution: Resolution
    estimate: Estimate
    held: Held | None
    """None when no GPU was named."""
    gpus: tuple[Choice, ...]
    changes: tuple[Changed, ...]
    refusals: tuple[Refusal, ...] = ()
    """Why the engine refuses a pasted command, whatever the memory."""
    accepted: Sized | None = None
    """A refused command put right; None where that takes more than flags."""

    @property
    def verdict(self) -> VerdictName:
        """fits, tight or does_not_fit; needs where no GPU was named."""
        return "does_not_fit" if self.refusals else settled(self.estimate, self.resolution)


def size(resolution: Resolution) -> Sized:
    """Work the question out. Raises nothing that a resolved question can cause."""
    deployment = _solved(resolution)
    result = estimate(deployment)
    held = _held(result, resolution) if resolution.gpu_named else None
    refused = refusals(resolution)
    accepted = _accepted(result, refused, resolution) if refused else None
    return Sized(
        resolution=resolution,
        estimate=result,
        held=held,
        gpus=_choices(deployment, resolution),
        changes=_put_right(refused, accepted) if refused else changes(result, held, resolution),
        refusals=refused,
        accepted=accepted,
    )


def _accepted(result: Estimate, refused: tuple[Refusal, ...], resolution: Resolution) -> Sized | None:
    deployment = mended(result.deployment, refused)
    if deployment is None:
        return None
    right = replace(resolution, rewrites=tuple(flag for refusal in refused for flag in refusal.rewrites))
    other = estimate(deployment)
    held = _held(other, right)
    further = (*_pipelined(other, right), *changes(other, held, right))
    return Sized(resolution=right, estimate=other, held=held, gpus=(), changes=further)


def _put_right(refused: tuple[Refusal, ...], accepted: Sized | None) -> tuple[Changed, ...]:
    """The command as its engine takes it, then what would make that one start."""
    if accepted is None:
        return ()
    first = changed(" ".join(refusal.change for refusal in refused), accepted.estimate)
    return first, *accepted.changes


def _pipelined(result: Estimate, resolution: Resolution) -> Iterator[Changed]:
    """A refused layout over all of its GPUs after all, as a pipeline, where it fits and fewer would be used else."""
    deployment, refused = result.deployment, resolution.notes.layout_refused
    count = refused[0].gpu_count if refused and refused[1] != TOO_FEW_GPUS else 0
    if count <= deployment.layout.gpu_count:
        return
    takes, sizes = engine(deployment.engine).layout_problem, range(deployment.layout.tensor_parallel, 0, -1)
    layouts = (Layout(tensor_parallel=size, pipeline_parallel=count // size) for size in sizes if count % size == 0)
    results = (estimate(deployment.change(layout=each)) for each in layouts if not takes(deployment.model, each))
    if found := next((each for each in results if each.fits), None):
        yield changed(f"pipeline_parallel={found.deployment.layout.pipeline_parallel}", found)


def _solved(resolution: Resolution) -> Deployment:
    """The deployment at the solution of what was asked: the largest batch, the longest length, the fewest GPUs."""
    deployment = resolution.deployment
    if not resolution.gpu_named:
        return deployment
    plan = estimate(deployment).plan
    match resolution.solve_for:
        case "batch":
            return deployment.at(batch=max(1, _scheduled(largest_batch(deployment, plan), plan, deployment)))
        case "sequence":
            longest = longest_sequence(deployment, plan, limit=deployment.model.max_length)
            return deployment.at(sequence_tokens=longest) if longest else deployment
        case "utilization":
            return _at_least_utilization(deployment)
        case "gpu_count":
            least = fewest_gpus(deployment, most=1) if is_slice(deployment.gpu) else fewest_gpus(deployment)
            return least.deployment if least else deployment
    return deployment


def _scheduled(most: int, plan: Plan, deployment: Deployment) -> int:
    """A batch that memory does not limit is as large as the engine schedules at once."""
    if most < MOST_SEQUENCES or not isinstance(plan, VllmPlan):
        return most
    return plan.step(deployment.load.sequence_tokens).max_sequences * deployment.layout.data_parallel


def _at_least_utilization(deployment: Deployment) -> Deployment:
    """At the smallest share that fits, rounded up as a person would write it; unchanged where none does."""
    share = least_utilization(estimate(deployment))
    rounded = ceil(share * SHARE_STEPS) / SHARE_STEPS if share else 2.0
    settings = replace(deployment.settings, utilization=rounded)
    return deployment.change(settings=settings) if rounded <= 1 else deployment


def _held(result: Estimate, resolution: Resolution) -> Held:
    deployment, plan = result.deployment, result.plan
    limit = _limit(resolution)
    longest = longest_sequence(deployment, plan, limit=limit)
    return Held(
        pool=plan.pool(sequence_tokens=deployment.load.sequence_tokens),
        max_batch=largest_batch(deployment, plan),
        max_batch_low=largest_batch(deployment, plan, extra=-result.band),
        max_batch_high=largest_batch(deployment, plan, extra=result.band),
        longest=longest,
        limited_by_model=longest == limit,
        least=_fewest(result, resolution),
        utilization=least_utilization(result),
    )


def _limit(resolution: Resolution) -> int | None:
    """The longest request that the model is made for; none where flags of a command lengthen it."""
    limit, tokens = resolution.deployment.model.max_length, resolution.deployment.load.sequence_tokens
    lengthened = limit is not None and tokens > limit and beyond(resolution) is None
    return None if lengthened else limit


def _fewest(result: Estimate, resolution: Resolution) -> Estimate | None:
    """The question on as few GPUs as hold it; these themselves where the usual counts pass over their number.

    Slices have no link to each other, so one holds it or none does.
    """
    asked = resolution.deployment if resolution.solve_for == "gpu_count" else result.deployment
    if is_slice(asked.gpu):
        return fewest_gpus(asked, most=1)
    least = fewest_gpus(asked)
    if not result.fits:
        return least
    return min((found for found in (least, result) if found), key=lambda found: found.deployment.layout.gpu_count)


def is_slice(gpu: Gpu) -> bool:
    """Whether a card is a part of one."""
    return SLICE in gpu.name


def _choices(deployment: Deployment, resolution: Resolution) -> tuple[Choice, ...]:
    if resolution.gpu_named and resolution.solve_for != "gpu":
        return ()
    maker = resolution.query.extra.get("maker")
    cards = [gpu for gpu in recommended() if maker in (None, gpu.vendor) and computes(gpu, deployment.weights)]
    if is_laid_out(resolution):
        return tuple(_at_this_layout(deployment, cards))
    return tuple(choice for choice in fitting_gpus(deployment, cards) if _fits_as_asked(choice))


def is_laid_out(resolution: Resolution) -> bool:
    """Whether the question says how many GPUs share the work, and how."""
    return any(getattr(resolution.query, slot) is not None for slot in PARALLEL)


def _at_this_layout(deployment: Deployment, cards: Iterable[Gpu]) -> Iterator[Choice]:
    """The cards on which the load fits as it is laid out, the smallest first."""
    for gpu in sorted(cards, key=lambda gpu: (gpu.visible_bytes, gpu.marketed_gb, gpu.name)):
        if engine(deployment.engine).supports(gpu):
            result = estimate(deployment.change(gpu=gpu))
            if result.fits:
                yield Choice(result)


def _fits_as_asked(choice: Choice) -> bool:
    """Whether so many of these cards hold it however they share the work when nobody says how."""
    deployment = choice.estimate.deployment
    usual = usual_layout(choice.gpu_count, deployment.model, choice.gpu, deployment.engine, deployment.layout)
    return usual == deployment.layout or estimate(deployment.change(layout=usual)).fits


def best_choice(choices: tuple[Choice, ...]) -> Choice:
    """The smallest card of the fewest GPUs, one that holds the load beyond doubt where there is any."""
    ordered = fewest_first(choices)
    fewest = [choice for choice in ordered if choice.gpu_count == ordered[0].gpu_count]
    return next((choice for choice in fewest if choice.estimate.verdict == "fits"), ordered[0])


def fewest_first(choices: tuple[Choice, ...]) -> list[Choice]:
    """Single cards first, each number of GPUs from the smallest card on."""
    return sorted(choices, key=lambda choice: (choice.gpu_count, choice.size))
