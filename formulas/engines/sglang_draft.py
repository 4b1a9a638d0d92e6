"""The draft of speculative decoding in SGLang: a checkpoint of its own, prediction layers, or one layer more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalog.types import Attention, LatentAttention, Layer
from formulas import weights
from formulas.deployment import Deployment
from formulas.engines.plain_weights import stage_weights, storage
from formulas.tensors import Tensor, layer_tensors, nextn_tensors


def draft_layers(deployment: Deployment) -> tuple[Layer, ...]:
    """Layers of the draft; none without speculation or where tokens are looked up in the text."""
    architecture = deployment.model.architecture
    if not deployment.settings.speculative_tokens or deployment.settings.drafts_looked_up:
        return ()
    if deployment.draft is not None:
        own = deployment.draft.architecture
        return tuple(own.kinds[kind] for kind in own.order)
    if architecture.nextn_layer is not None:
        return (architecture.nextn_layer,) * architecture.num_nextn_predict_layers
    layers = [architecture.kinds[kind] for kind in architecture.order]
    return tuple(layer for layer in layers if isinstance(layer.mixer, Attention | LatentAttention))[-1:]


def draft_weights(deployment: Deployment, laws: Any) -> int:
    """Bytes on one GPU; the draft shares the embedding and the output head of its model."""
    if not draft_layers(deployment):
        return 0
    if deployment.draft is not None:
        return stage_weights(_alone(deployment), 0, laws, copies=True)
    held = storage(deployment, copies=True)
    return sum(weights.tensor_bytes(held, tensor, None, laws) for tensor in _parts(deployment))


def _parts(deployment: Deployment) -> tuple[Tensor, ...]:
    architecture = deployment.model.architecture
    if architecture.nextn_layer is not None:
        return nextn_tensors(architecture)
    return tuple(tensor for layer in draft_layers(deployment) for tensor in layer_tensors(architecture, layer))


def _alone(deployment: Deployment) -> Deployment:
    """The draft as a deployment, whole on the last stage."""
    draft = deployment.draft
    assert draft is not None
    stored = draft.quantization.weights if draft.quantization else "bf16"
    layout = replace(deployment.layout, pipeline_parallel=1)
    return deployment.change(model=draft, weights=deployment.formats[stored], layout=layout, draft=None)
