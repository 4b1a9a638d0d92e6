"""What every layer of a vLLM server keeps of a sequence, draft layers included."""

from __future__ import annotations

from typing import Any

from catalog.types import Architecture, Attention, LatentAttention, Layer
from formulas.deployment import Deployment, version
from formulas.engines.vllm_cache import Kept
from formulas.kv_cache import Cached, layer_caches
from formulas.state import Held

PLAIN_SPARSE_FP8 = version("0.17.0")
"""From here Blackwell keeps the fp8 cache of sparse latent attention plain: platforms/cuda.py prefers FlashInfer, whose
sparse kernel does not pack it (in 0.17.0, not in 0.16.0)."""

MODEL_BYTES = 2


def draft_layers(deployment: Deployment) -> tuple[Layer, ...]:
    """Layers of the draft: a model's of its own, the checkpoint's prediction layers, or one like the last attention."""
    architecture = deployment.model.architecture
    if not deployment.settings.speculative_tokens or deployment.settings.drafts_looked_up:
        return ()
    if deployment.draft is not None:
        draft = deployment.draft.architecture
        return tuple(draft.kinds[kind] for kind in draft.order)
    if architecture.nextn_layer is not None:
        return (architecture.nextn_layer,) * architecture.num_nextn_predict_layers
    return tuple(_attention_layers(architecture))[-1:]


def _attention_layers(architecture: Architecture) -> list[Layer]:
    layers = [architecture.kinds[kind] for kind in architecture.order]
    return [layer for layer in layers if isinstance(layer.mixer, Attention | LatentAttention)]


def kept_layers(deployment: Deployment, laws: Any) -> list[Kept]:
    """One entry per cache of every layer, from the first layer on; draft layers follow the last."""
    architecture, cached = deployment.model.architecture, cached_as(deployment)
    positions = architecture.encoder.positions or 0 if architecture.encoder else 0
    kinds = [layer_caches([(layer, 1)], cached, laws, encoder_positions=positions) for layer in architecture.kinds]
    drafts = [layer_caches([(layer, 1)], cached, laws) for layer in draft_layers(deployment)]
    of_layers = [*(kinds[kind] for kind in architecture.order), *drafts]
    return [
        Kept(layer, cache.kind, cache.size, cache.span) for layer, caches in enumerate(of_layers) for cache in caches
    ]


def cached_as(deployment: Deployment) -> Cached:
    """How cached numbers and states are stored on each GPU."""
    held = Held(
        deployment.layout.tensor_parallel,
        MODEL_BYTES,
        deployment.settings.speculative_tokens,
        deployment.model.architecture.hidden_size,
        None if deployment.settings.state_dtype == "auto" else deployment.settings.state_dtype,
    )
    blackwell = 10 <= (deployment.gpu.compute_capability or 0) < 11
    plain = blackwell and deployment.engine_version >= PLAIN_SPARSE_FP8
    return Cached(deployment.kv_cache, held, packs_latent=deployment.model.architecture.has_index and not plain)
