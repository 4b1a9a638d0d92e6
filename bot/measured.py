"""What a log measured, in place of computed terms: Readings of a question as the deployment that they are of."""

from __future__ import annotations

from dataclasses import replace

from bot.formats import number_format, own_kv_cache
from bot.logs.readings import Readings
from formulas.deployment import Deployment, Measured

KEEPS_NO_POOL = frozenset({"llama.cpp"})
"""Engines that allocate what is asked for."""


def with_measured(deployment: Deployment, readings: Readings | None) -> Deployment:
    """The deployment that keeps to what a server of its kind printed."""
    if not readings:
        return deployment
    return deployment.change(measured=measured(deployment, readings))


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
    return logged.at(batch=1, sequence_tokens=readings.length or deployment.load.sequence_tokens)
