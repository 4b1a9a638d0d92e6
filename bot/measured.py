"""What a log measured, in place of computed terms: Readings of a question as the deployment that they are of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.amounts import gib
from bot.choices import GUIDE
from bot.errors import QuestionError
from bot.formats import CACHE_IN_8_BITS, GGUF_ENGINE, number_format, own_kv_cache, shown
from bot.logs.readings import Readings
from bot.query import Query
from bot.questions import release
from formulas.deployment import Deployment, Measured
from formulas.estimate import estimate
from formulas.pinned import RANKS, differing, left_over, same_server, token_ratio

if TYPE_CHECKING:
    from bot.resolve import Notes

KEEPS_NO_POOL = frozenset({GGUF_ENGINE})
"""Engines that allocate what is asked for."""
STATES_APART = frozenset({"sglang"})
"""Engines that print keys and values without the states, of which their tokens are."""
FAR = 0.15
"""Measured weights this far from the computed ones are those of another format or model."""
OTHER_CACHE = 1.25
"""So many times the tokens that the printed bytes hold are those of another model, or of another cache format."""


def with_measured(deployment: Deployment, query: Query, notes: Notes) -> Deployment:
    """The deployment that keeps to what a server of its kind printed; what does not go with it is said."""
    if not query.measured or not query.gpu:
        return deployment
    readings = query.measured.value
    at = _logged_at(query) or deployment
    if GUIDE in (deployment.engine, at.engine):
        notes.other_server = ("method",)
        return deployment
    if not same_server(deployment, at) and _corrects(deployment, at, readings):
        at = deployment
    found = measured(at, readings)
    deployment = _as_cached(deployment, found, query, notes)
    if not same_server(deployment, at):
        _note_other_server(deployment, at, notes)
        return deployment
    if readings.weights and not query.log and is_far(readings.weights, at):
        _note_far(at, readings.weights, notes)
    if not _holds_as_many(found.at, readings):
        notes.warn("warning.other_cache", model=at.model.id, kv_cache=found.at.kv_cache.key)
    elif left_over(found) < 0:
        notes.warn("warning.larger_card", gpu=at.gpu.name, engine=at.engine)
    else:
        return deployment.change(measured=found)
    return deployment.change(measured=replace(found, pool=None, tokens=None))


def _as_cached(deployment: Deployment, found: Measured, query: Query, notes: Notes) -> Deployment:
    """The deployment with the cache of the log where the question names none."""
    logged = found.at.kv_cache
    if query.kv_cache or logged.key in (deployment.kv_cache.key, _own_cache(found.at)):
        return deployment
    notes.assumptions = [remark for remark in notes.assumptions if remark.key != "assumed.kv_cache"]
    notes.explain("assumed.kv_cache_logged", kv_cache=logged.key)
    return deployment.change(kv_cache=logged)


def _own_cache(at: Deployment) -> str:
    return own_kv_cache(at.model, at.gpu, at.weights, at.engine)


def _note_other_server(deployment: Deployment, at: Deployment, notes: Notes) -> None:
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


def _note_far(at: Deployment, weights: int, notes: Notes) -> None:
    computed = gib(estimate(at.change(measured=None)).memory.weights)
    notes.warn(
        "diagnosis.far", measured=gib(weights), computed=computed, model=at.model.id, weights=shown(at.weights.key)
    )


def _holds_as_many(at: Deployment, readings: Readings) -> bool:
    """Whether the printed bytes are those of the printed tokens, give or take what settings may explain.

    Engines whose printed bytes are a part of their pools are believed the tokens.
    """
    ratio = _ratio(at, readings)
    return ratio is None or at.engine in STATES_APART or 1 / OTHER_CACHE < ratio < OTHER_CACHE


def _ratio(at: Deployment, readings: Readings) -> float | None:
    return token_ratio(Measured(at=at, pool=readings.pool, tokens=readings.tokens))


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
    is_apart = not pooled or (deployment.engine in STATES_APART and readings.tokens is not None)
    return Measured(
        at=_logged(deployment, readings),
        visible=readings.card,
        weights=readings.weights,
        activations=readings.activations,
        pool=None if is_apart else readings.pool,
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
    slots = readings.slots if deployment.engine in KEEPS_NO_POOL else None
    logged = deployment.change(settings=settings, measured=None).at(
        batch=slots or 1, sequence_tokens=readings.length or deployment.load.sequence_tokens
    )
    return logged.change(kv_cache=number_format(_cache(logged, readings)))


def _cache(logged: Deployment, readings: Readings) -> str:
    """The cache format that was stated, else the one of which the printed bytes hold the printed tokens."""
    own = readings.cache or _own_cache(logged)
    offered = CACHE_IN_8_BITS.get(logged.engine)
    if readings.cache or offered is None:
        return own

    def fits(key: str) -> bool:
        at = logged.change(kv_cache=number_format(key))
        ratio = _ratio(at, readings)
        return ratio is not None and abs(ratio - 1) < RANKS

    return next((key for key in (own, offered.key) if fits(key)), own)
