"""mem_fraction_static: the share of the free card that SGLang gives to weights and cache together."""

from __future__ import annotations

from typing import Any

from catalog.types import LatentAttention, Model
from formulas.deployment import Deployment
from formulas.engines import sglang_versions as releases
from formulas.units import GIB


def static_fraction(deployment: Deployment, laws: Any) -> float:
    """As stated, else the release's default for this card, layout and model; less what ROCm's kernels take off."""
    stated = deployment.settings.utilization
    return (_default(deployment, laws) if stated is None else stated) * _kernel_factor(deployment)


def _default(deployment: Deployment, laws: Any) -> float:
    release = deployment.engine_version
    if release < releases.RESERVE_SINCE:
        return _early_fraction(deployment, laws)
    held_back = reserve if release >= releases.FORMULA_SINCE else card_reserve
    fraction = laws.sglang_static_fraction(
        reported_bytes=reported_bytes(deployment), runtime_reserve=held_back(deployment, laws)
    )
    return float(fraction) * (tower_factor(deployment.model) if release >= releases.TOWER_FACTOR_SINCE else 1.0)


def _early_fraction(deployment: Deployment, laws: Any) -> float:
    """Before 0.4.8: a constant by layout, which looks at large cards from 0.4.6."""
    release, reported = deployment.engine_version, reported_bytes(deployment)
    by_layout = constant_fraction(_ranks(deployment), release)
    if release < releases.BY_CARD_SINCE or reported <= releases.SMALL_CARD:
        return by_layout
    if release >= releases.HUGE_CARD_SINCE and reported > releases.HUGE_CARD_GIB * GIB:
        return releases.HUGE_CARD_FRACTION
    if reported <= releases.LARGE_CARD:
        return releases.SMALL_CARD_FRACTION
    return float(laws.sglang_large_card_fraction(reported_bytes=reported, small_fraction=releases.SMALL_CARD_FRACTION))


def constant_fraction(ranks: int, release: tuple[int, int, int]) -> float:
    """Default before 0.4.8 on cards up to 80 GB, by the GPUs that share the model."""
    by_layout = releases.CONSTANT_FRACTION.at(release)
    return by_layout[max(size for size in by_layout if size <= ranks)]


def _ranks(deployment: Deployment) -> int:
    stages = deployment.layout.pipeline_parallel if deployment.engine_version >= releases.BY_CARD_SINCE else 1
    return deployment.layout.tensor_parallel * stages


def _kernel_factor(deployment: Deployment) -> float:
    """What the attention kernels of ROCm take off."""
    long = (deployment.model.max_length or 0) > releases.AITER_BEYOND
    rocm = deployment.gpu.vendor == "AMD" and deployment.engine_version >= releases.AITER_SINCE
    return releases.AITER_FACTOR if rocm and long and _default_kernels(deployment) else 1.0


def _default_kernels(deployment: Deployment) -> bool:
    """Whether aiter is the default of the model's attention on ROCm."""
    architecture = deployment.model.architecture
    if architecture.has_index or architecture.has_mixer("compressed"):
        return False
    latent = (kind.mixer for kind in architecture.kinds if isinstance(kind.mixer, LatentAttention))
    heads = {mixer.num_attention_heads // deployment.layout.tensor_parallel for mixer in latent}
    return heads <= set(releases.AITER_LATENT_HEADS)


def reported_bytes(deployment: Deployment) -> int:
    """What the vendor's tool prints as the card's memory."""
    gpu = deployment.gpu
    outside = releases.DRIVER_BYTES if gpu.vendor == "NVIDIA" and not gpu.unified_memory else 0
    return gpu.visible_bytes + outside


def card_defaults(deployment: Deployment) -> releases.CardDefaults:
    """The row of the release's table for this card."""
    gib = reported_bytes(deployment) / GIB
    return next(row for row in releases.CARDS.at(deployment.engine_version) if gib < row.below_gib)


def card_reserve(deployment: Deployment, laws: Any) -> int:
    """Bytes that stay outside the static share from 0.4.8 to 0.5.2."""
    gib = reported_bytes(deployment) / GIB
    row = next(row for row in releases.CARD_RESERVES if gib < row.below_gib)
    return int(
        laws.sglang_card_reserve_bytes(
            card_reserve=row.reserve,
            rank_reserve=row.each,
            tensor_parallel=deployment.layout.tensor_parallel,
            pipeline_parallel=deployment.layout.pipeline_parallel,
            draft_reserve=_draft_reserve(deployment),
        )
    )


def reserve(deployment: Deployment, laws: Any) -> int:
    """Bytes that stay outside the static share from 0.5.3."""
    layout, row = deployment.layout, card_defaults(deployment)
    chunk = deployment.settings.max_batched_tokens or row.prefill_chunk
    large = reported_bytes(deployment) > releases.LEAST_RESERVE_ABOVE_GIB * GIB
    return int(
        laws.sglang_reserve_bytes(
            prefill_chunk=chunk,
            graph_batch=_graph_batch(deployment, row),
            prefill_graph_mib=_prefill_graphs(deployment, chunk),
            tensor_parallel=layout.tensor_parallel,
            pipeline_parallel=layout.pipeline_parallel,
            least_reserve=releases.LEAST_RESERVE if large else 0,
            draft_reserve=_draft_reserve(deployment),
        )
    )


def _draft_reserve(deployment: Deployment) -> int:
    settings = deployment.settings
    if not settings.speculative_tokens or settings.drafts_looked_up:
        return 0
    return releases.DRAFT_RESERVE.at(deployment.engine_version)


def _graph_batch(deployment: Deployment, row: releases.CardDefaults) -> int:
    settings, release = deployment.settings, deployment.engine_version
    if settings.enforce_eager and release >= releases.EAGER_WITHOUT_GRAPHS_SINCE:
        return 0
    most = row.graph_batch_many if deployment.layout.tensor_parallel >= 4 else row.graph_batch
    if release < releases.GRAPHS_BY_REQUESTS_SINCE:
        return most
    return min(most, settings.max_sequences or most)


def _prefill_graphs(deployment: Deployment, chunk: int) -> int:
    """MiB for captured prefill sizes."""
    if not _captures_prefill(deployment):
        return 0
    if deployment.model.architecture.has_mixer("mla"):
        return releases.LATENT_PREFILL_GRAPH_MIB
    sizes = sum(
        max(0, (min(last, chunk) - first) // step + 1) for first, last, step in releases.PREFILL_STEPS if first <= chunk
    )
    return releases.PREFILL_GRAPH_MIB * sizes


def _captures_prefill(deployment: Deployment) -> bool:
    settings, release = deployment.settings, deployment.engine_version
    eager = settings.enforce_eager and release >= releases.EAGER_WITHOUT_GRAPHS_SINCE
    plain = not (deployment.model.architecture.towers or settings.speculative_tokens or eager)
    alone = deployment.layout.pipeline_parallel == 1 and deployment.gpu.vendor != "AMD"
    return release >= releases.PREFILL_GRAPHS_SINCE and plain and alone


def tower_factor(model: Model) -> float:
    """What a vision tower takes off: its layers x width^2, as SGLang reads them off the checkpoint's config."""
    vision = next((tower for tower in model.architecture.towers if tower.name == "vision"), None)
    if vision is None:
        return 1.0
    width = vision.hidden_size or releases.TOWER_WIDTH
    kind = model.architecture.model_type
    counted = (depth for start, depth in releases.TOWER_DEPTHS.items() if kind.startswith(start))
    layers = next(counted, vision.parameters / (releases.TOWER_MATRICES * width**2))
    complexity = layers * width**2 / (releases.TOWER_LAYERS * releases.TOWER_WIDTH**2)
    least, most = releases.TOWER_BOUNDS
    return releases.TOWER_FRACTION * max(least, min(most, 1 - releases.TOWER_SENSITIVITY * (complexity - 1)))
