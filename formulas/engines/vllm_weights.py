"""Weights as vLLM lays them out: what its kernels pad, and the matrices that it keeps twice."""

from __future__ import annotations

from typing import Any

from catalog.types import Moe
from formulas import weights
from formulas.deployment import Deployment, version
from formulas.weights import Padding, Storage

MXFP4_PADDING = Padding(hidden=256, inner_rows=256, inner_columns=128)
"""Marlin and Triton MXFP4 experts: vllm quantization/mxfp4.py; gpt-oss-120b 65.9 GiB computed, 65.97 logged."""
FLASHINFER_PADDING = Padding(inner_rows=128, inner_columns=128)
"""FlashInfer FP8 and NVFP4 experts without gate: Nemotron-3 Nano 1856 -> 1920, seen from 0.16."""
FLASHINFER_SINCE = version("0.16.0")


def stage_weights(deployment: Deployment, stage: int, laws: Any) -> int:
    """Bytes on the fullest GPU of one pipeline stage."""
    return weights.stage_weights(storage(deployment), stage, laws)


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
        copies=True,
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
