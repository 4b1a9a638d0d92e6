"""Settings that would make it fit, each solved: smaller steps, fewer sequences, more of the card, no graphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from bot.formats import number_format
from formulas.deployment import Deployment, Settings
from formulas.engines import engine
from formulas.engines.vllm_classes import uses_v0
from formulas.engines.vllm_plan import VllmPlan
from formulas.estimate import Estimate, estimate
from formulas.pinned import PRINTED_TO, PinnedPlan
from formulas.solve import largest

MOST_SHARE = 0.97
"""Above, nothing is left for what is allocated beside the engine's budget: 0.98 failed, 0.97 ran (vLLM#57475)."""
SHARE_STEPS = 100
SMALLEST_STEP = 512
"""Fewest tokens of a step that a change sets: what vLLM took by default with chunked prefill before 0.6 (config.py)."""
CAPTURES = ("vllm", "sglang")
"""Engines with a switch that leaves CUDA graphs out."""


def surely_fits(result: Estimate) -> bool:
    """Whether it fits; of measured memory also less what its printed digits leave open."""
    return result.headroom >= (PRINTED_TO if isinstance(result.plan, PinnedPlan) else 0)


def free_settings(result: Estimate, least: float | None) -> Iterator[tuple[str, Estimate]]:
    """(change, what it leads to), only those that fit and cost little. least: the smallest share that would do."""
    if smaller := _smaller_steps(result):
        yield f"max_batched_tokens={smaller.deployment.settings.max_batched_tokens}", smaller
    if more := _more_of_the_card(result, least):
        yield f"utilization={more.deployment.settings.utilization:g}", more


def changed_settings(result: Estimate, least: float | None) -> Iterator[tuple[str, Estimate]]:
    """All of a command's settings: (change, what it leads to), only those that fit."""
    if fewer := _fewer_sequences(result):
        yield f"max_sequences={fewer.deployment.settings.max_sequences}", fewer
    yield from free_settings(result, least)
    settings = result.deployment.settings
    if result.deployment.engine in CAPTURES and not settings.enforce_eager:
        eager = _with(result, replace(settings, enforce_eager=True))
        if surely_fits(eager):
            yield "enforce_eager=true", eager


def changed_estimate(deployment: Deployment, fields: Mapping[str, Any]) -> Estimate | None:
    """The deployment with fields of a question changed; None where its engine takes no such layout."""
    fields = dict(fields)
    if tokens := fields.pop("sequence_tokens", None):
        deployment = deployment.at(sequence_tokens=tokens)
    if key := fields.pop("weights", None):
        deployment = deployment.change(weights=number_format(key))
    if size := fields.pop("tensor_parallel", None):
        layout = replace(deployment.layout, tensor_parallel=size)
        if engine(deployment.engine).layout_problem(deployment.model, layout):
            return None
        deployment = deployment.change(layout=layout)
    result = estimate(deployment.change(settings=replace(deployment.settings, **fields)))
    return _at_its_share(result, deployment) if "max_batched_tokens" in fields else result


def _at_its_share(result: Estimate, before: Deployment) -> Estimate:
    """Smaller steps that leave the engine's share as it was: SGLang takes more of the card with them by default."""
    settings = result.deployment.settings
    if settings.utilization is not None:
        return result
    share = estimate(before).plan.utilization
    return _with(result, replace(settings, utilization=share)) if result.plan.utilization > share else result


def _smaller_steps(result: Estimate) -> Estimate | None:
    """The largest half, quarter ... of the tokens of a step with which it fits: scratch is sized for them."""
    plan = result.plan
    if not isinstance(plan, VllmPlan) or uses_v0(result.deployment):
        return None
    tokens = plan.step(result.deployment.load.sequence_tokens).max_batched_tokens // 2
    while tokens >= SMALLEST_STEP:
        other = _with(result, replace(result.deployment.settings, max_batched_tokens=tokens))
        if surely_fits(other):
            return other
        tokens //= 2
    return None


def _fewer_sequences(result: Estimate) -> Estimate | None:
    """The most sequences with which one request of full length fits: buffers are sized for them."""
    settings, plan = result.deployment.settings, result.plan
    if not isinstance(plan, VllmPlan):
        return None
    most = plan.step(result.deployment.load.sequence_tokens).max_sequences
    number = largest(lambda count: surely_fits(_with(result, replace(settings, max_sequences=count))), most - 1)
    return _with(result, replace(settings, max_sequences=number)) if number else None


def _more_of_the_card(result: Estimate, least: float | None) -> Estimate | None:
    settings = result.deployment.settings
    if least is None or not engine(result.deployment.engine).takes_share or settings.free_bytes is not None:
        return None
    first = ceil(SHARE_STEPS * least)
    shares = (step / SHARE_STEPS for step in (first, first + 1))
    allowed = (share for share in shares if result.plan.utilization < share <= MOST_SHARE)
    tried = (_with(result, replace(settings, utilization=share)) for share in allowed)
    return next((other for other in tried if surely_fits(other)), None)


def _with(result: Estimate, settings: Settings) -> Estimate:
    return estimate(result.deployment.change(settings=settings))
