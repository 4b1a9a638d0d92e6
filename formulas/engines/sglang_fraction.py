"""mem_fraction_static: the share of the free card that SGLang gives to weights and cache together."""

from __future__ import annotations

from typing import Any

from catalog.types import Model
from formulas.deployment import Deployment
from formulas.engines import sglang_versions as releases
from formulas.units import GIB


def static_fraction(deployment: Deployment, laws: Any) -> float:
    """As stated, else the release's default for this card, layout and model."""
    if deployment.settings.utilization is not None:
        return deployment.settings.utilization
    if deployment.engine_version < releases.FORMULA_SINCE:
        return constant_fraction(deployment.layout.tensor_parallel)
    fraction = laws.sglang_static_fraction(
        reported_bytes=reported_bytes(deployment), runtime_reserve=reserve(deployment, laws)
    )
    return float(fraction) * tower_factor(deployment.model)


def constant_fraction(tensor_parallel: int) -> float:
    """Default before 0.5."""
    sizes = [size for size in releases.CONSTANT_FRACTION if size <= tensor_parallel]
    return releases.CONSTANT_FRACTION[max(sizes)]


def reported_bytes(deployment: Deployment) -> int:
    """What the vendor's tool prints as the card's memory."""
    gpu = deployment.gpu
    outside = releases.DRIVER_BYTES if gpu.vendor == "NVIDIA" and not gpu.unified_memory else 0
    return gpu.visible_bytes + outside


def card_defaults(deployment: Deployment) -> releases.CardDefaults:
    """The row of the release's table for this card."""
    gib = reported_bytes(deployment) / GIB
    return next(row for row in releases.CARDS.at(deployment.engine_version) if gib < row.below_gib)


def reserve(deployment: Deployment, laws: Any) -> int:
    """Bytes that stay outside the static share."""
    settings, layout, row = deployment.settings, deployment.layout, card_defaults(deployment)
    chunk = settings.max_batched_tokens or row.prefill_chunk
    large = reported_bytes(deployment) > releases.LEAST_RESERVE_ABOVE_GIB * GIB
    return int(
        laws.sglang_reserve_bytes(
            prefill_chunk=chunk,
            graph_batch=_graph_batch(deployment, row),
            prefill_graph_mib=0 if settings.enforce_eager else _prefill_graphs(deployment.model, chunk),
            tensor_parallel=layout.tensor_parallel,
            pipeline_parallel=layout.pipeline_parallel,
            least_reserve=releases.LEAST_RESERVE if large else 0,
        )
    )


def _graph_batch(deployment: Deployment, row: releases.CardDefaults) -> int:
    if deployment.settings.enforce_eager:
        return 0
    most = row.graph_batch_many if deployment.layout.tensor_parallel >= 4 else row.graph_batch
    return min(most, deployment.settings.max_sequences or most)


def _prefill_graphs(model: Model, chunk: int) -> int:
    if model.architecture.has_mixer("mla"):
        return releases.LATENT_PREFILL_GRAPH_MIB
    sizes = sum(
        max(0, (min(last, chunk) - first) // step + 1) for first, last, step in releases.PREFILL_STEPS if first <= chunk
    )
    return releases.PREFILL_GRAPH_MIB * sizes


def tower_factor(model: Model) -> float:
    """What a vision tower takes off; its layers x width^2 are read off its parameters (12 of them in a layer)."""
    parameters = sum(tower.parameters for tower in model.architecture.towers if tower.name == "vision")
    if not parameters:
        return 1.0
    least, most = releases.TOWER_BOUNDS
    complexity = parameters / 12 / releases.TOWER_BASELINE
    return releases.TOWER_FRACTION * max(least, min(most, 1 - releases.TOWER_SENSITIVITY * (complexity - 1)))
