"""A deployment as a question that our own parser reads back to the same deployment."""

from __future__ import annotations

from bot.amounts import tokens_short
from bot.choices import shown
from formulas.deployment import Deployment


def question(deployment: Deployment) -> str:
    """'Qwen/Qwen3-32B fp8 kv fp8 batch 20 seq 12k on 2x NVIDIA H100 SXM 80GB'."""
    layout = deployment.layout
    parts = [
        deployment.model.id,
        shown(deployment.weights.key),
        f"kv {deployment.kv_cache.key}",
        f"batch {deployment.load.batch}",
        f"seq {tokens_short(deployment.load.sequence_tokens)}",
        f"on {layout.gpu_count}x {deployment.gpu.name}",
    ]
    parts += [
        f"{name}{size}"
        for name, size in (
            ("tp", layout.tensor_parallel),
            ("pp", layout.pipeline_parallel),
            ("dp", layout.data_parallel),
        )
        if size > 1
    ]
    if layout.expert_parallel:
        parts.append("ep")
    if deployment.settings.utilization is not None:
        parts.append(f"util {deployment.settings.utilization:g}")
    return " ".join(parts)
