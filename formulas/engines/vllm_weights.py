"""Weights as vLLM lays them out: what its kernels pad, and what its latent-attention backend keeps twice."""

from __future__ import annotations

from typing import Any

from catalog.types import LatentAttention, Moe
from formulas import weights
from formulas.deployment import Deployment, version
from formulas.layout import stage_layers
from formulas.weights import Padding, Storage

MXFP4_PADDING = Padding(hidden=256, inner_rows=256, inner_columns=128)
"""Marlin and Triton MXFP4 experts: vllm quantization/mxfp4.py; gpt-oss-120b 65.9 GiB computed, 65.97 logged."""
FLASHINFER_PADDING = Padding(inner_rows=128, inner_columns=128)
"""FlashInfer FP8 and NVFP4 experts without gate: Nemotron-3 Nano 1856 -> 1920, seen from 0.16."""
FLASHINFER_SINCE = version("0.16.0")


def stage_weights(deployment: Deployment, stage: int, laws: Any) -> int:
    """Bytes on the fullest GPU of one pipeline stage."""
    return weights.stage_weights(storage(deployment), stage, laws) + absorbed_bytes(deployment, stage)


def storage(deployment: Deployment) -> Storage:
    """How the deployment's weights lie on the GPUs."""
    recipe = deployment.model.quantization
    return Storage(
        model=deployment.model,
        weights=deployment.weights,
        plain=deployment.formats["bf16"],
        others=tuple(deployment.formats[key] for _, key in recipe.others) if recipe else (),
        layout=deployment.layout,
        padding=expert_padding(deployment),
    )


def expert_padding(deployment: Deployment) -> Padding:
    """What the expert kernel of this format pads."""
    architecture, key = deployment.model.architecture, deployment.weights.key
    if key == "mxfp4" and not architecture.has_mixer("compressed"):
        return MXFP4_PADDING
    ungated = any(isinstance(layer.feed_forward, Moe) and not layer.feed_forward.gated for layer in architecture.kinds)
    if ungated and key in ("fp8", "fp8-block", "nvfp4") and deployment.engine_version >= FLASHINFER_SINCE:
        return FLASHINFER_PADDING
    return Padding()


def absorbed_bytes(deployment: Deployment, stage: int) -> int:
    """16-bit copies of W_UK and W_UV that every latent-attention layer keeps: R1 TP8 79.5 GiB computed, 79.7 logged."""
    layout = deployment.layout
    layers = stage_layers(deployment.model.architecture, layout.pipeline_parallel, stage)
    return sum(
        count * _absorbed(layer.mixer, layout.tensor_parallel) for layer, count in layers if isinstance(layer.mixer, LatentAttention)
    )


def _absorbed(mixer: LatentAttention, tensor_parallel: int) -> int:
    heads = mixer.num_attention_heads // tensor_parallel
    return 2 * heads * (mixer.qk_nope_head_dim + mixer.v_head_dim) * mixer.kv_lora_rank
