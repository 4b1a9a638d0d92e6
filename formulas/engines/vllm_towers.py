"""What the profile run needs for pictures: the vision tower's own step, and the encoded pictures that stay cached."""

from __future__ import annotations

from typing import Any

from catalog.types import Tower
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.vllm_classes import uses_runner_v2

LARGEST_PICTURE = dict.fromkeys(("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe"), 16384)
"""Tokens of the largest picture that the processor lets through (preprocessor_config.json: longest_edge, max_pixels).
Other families cut pictures to a small fixed size, whose step never is the widest."""
PATCHES_PER_TOKEN = 4
"""spatial_merge_size squared."""
ELEMENT = 2


def _tower(deployment: Deployment) -> Tower | None:
    architecture, release = deployment.model.architecture, deployment.engine_version
    silent = uses_runner_v2(deployment) and release < releases.RUNNER_V2_TOWERS
    if deployment.settings.language_model_only or silent or architecture.model_type not in LARGEST_PICTURE:
        return None
    return next((tower for tower in architecture.towers if tower.name == "vision"), None)


def tower_peak(deployment: Deployment, laws: Any) -> int:
    """Bytes of the tower's step on one picture of the largest size."""
    tower = _tower(deployment)
    if tower is None or tower.hidden_size is None or tower.intermediate_size is None:
        return 0
    return int(
        laws.tower_peak(
            tower_patches=PATCHES_PER_TOKEN * LARGEST_PICTURE[deployment.model.architecture.model_type],
            element_bytes=ELEMENT,
            tower_inner=tower.intermediate_size,
            tower_width=tower.hidden_size,
            tensor_parallel=deployment.layout.tensor_parallel,
        )
    )


def encoder_cache(deployment: Deployment, max_batched_tokens: int, laws: Any) -> int:
    """Bytes of the encoded pictures that the encoder budget holds."""
    architecture = deployment.model.architecture
    if _tower(deployment) is None:
        return 0
    return int(
        laws.encoder_cache_bytes(
            encoder_tokens=max(max_batched_tokens, LARGEST_PICTURE[architecture.model_type]),
            hidden_size=architecture.hidden_size,
            element_bytes=ELEMENT,
        )
    )
