"""What a log measured, in place of computed terms: Readings of a question as the deployment that they are of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import QuestionError
from bot.formats import number_format, own_kv_cache, shown
from bot.logs.readings import Readings
from bot.query import Query
from bot.questions import release
from formulas.deployment import Deployment, Measured
from formulas.estimate import estimate
from formulas.pinned import differing, same_server

if TYPE_CHECKING:
    from bot.resolve import Notes

KEEPS_NO_POOL = frozenset({"llama.cpp"})
"""Engines that allocate what is asked for."""
FAR = 0.15
"""Measured weights this far from the computed ones are those of another format or model."""


def with_measured(deployment: Deployment, query: Query, notes: Notes) -> Deployment:
    """The deployment that keeps to what a server of its kind printed; that it is of another kind is said."""
    if not query.measured or not query.gpu:
        return deployment
    readings = query.measured.value
    at = _logged_at(query) or deployment
    if not same_server(deployment, at) and _corrects(deployment, at, readings):
        at = deployment
    if not same_server(deployment, at):
        notes.other_server = differing(deployment, at)
        notes.warn(
            "warning.not_measured",
            model=at.model.id,
            weights=shown(at.weights.key),
            gpus=f"{at.layout.gpu_count} × {at.gpu.name}",
            layout=at.layout,
            engine=at.engine,
            version=release(at.engine_version),
        )
        return deployment
    return deployment.change(measured=measured(at, readings))


def _logged_at(query: Query) -> Deployment | None:
    """The deployment that was logged, where the question has become one of another."""
    from bot.parse import parse
    from bot.resolve import resolve

    if not query.logged_at:
        return None
    try:
        return resolve(parse(query.logged_at.value)).deployment
    except QuestionError:
        return None


def _corrects(deployment: Deployment, at: Deployment, readings: Readings) -> bool:
    """Whether the weights in the log are those of the deployment as it is named now, and not as it was before."""
    same = deployment.change(model=at.model, weights=at.weights)
    if readings.weights is None or not same_server(same, at):
        return False
    return is_far(readings.weights, at) and not is_far(readings.weights, deployment)


def is_far(weights: int, deployment: Deployment) -> bool:
    """Whether measured weights are not those of this model in this format."""
    return abs(weights / estimate(deployment.change(measured=None)).memory.weights - 1) >= FAR


def measured(deployment: Deployment, readings: Readings) -> Measured:
    """The readings at the deployment as it was logged."""
    pooled = deployment.engine not in KEEPS_NO_POOL
    return Measured(
        at=_logged(deployment, readings),
        visible=readings.card,
        weights=readings.weights,
        activations=readings.activations,
        pool=readings.pool if pooled else None,
        tokens=readings.tokens if pooled else None,
    )


def _logged(deployment: Deployment, readings: Readings) -> Deployment:
    settings = replace(
        deployment.settings,
        utilization=readings.util,
        max_batched_tokens=readings.batched,
        max_sequences=readings.seqs,
        enforce_eager=bool(readings.eager),
    )
    cache = readings.cache or own_kv_cache(deployment.model, deployment.gpu, deployment.weights, deployment.engine)
    logged = deployment.change(settings=settings, kv_cache=number_format(cache), measured=None)
    slots = readings.slots if deployment.engine in KEEPS_NO_POOL else None
    return logged.at(batch=slots or 1, sequence_tokens=readings.length or deployment.load.sequence_tokens)
