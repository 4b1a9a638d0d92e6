"""Which row of the version tables a deployment falls under."""

from __future__ import annotations

from catalog.types import Architecture
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases


def uses_runner_v2(deployment: Deployment) -> bool:
    """Dense models from 0.26, all from 0.29."""
    if deployment.engine_version >= releases.RUNNER_V2_ALL:
        return True
    return deployment.engine_version >= releases.RUNNER_V2_DENSE and not deployment.model.architecture.has_experts


def graph_class(architecture: Architecture) -> str:
    """Key of GRAPH_LAYER."""
    if architecture.has_mixer("mla", "compressed"):
        return "mla"
    if architecture.has_mixer("gated_delta_net", "kimi_delta"):
        return "linear"
    return "moe" if architecture.has_experts else "dense"


def non_torch_class(deployment: Deployment) -> str:
    """Key of NON_TORCH."""
    layout, gpu = deployment.layout, deployment.gpu
    ranks = layout.tensor_parallel * layout.pipeline_parallel
    old = deployment.engine_version < releases.NON_TORCH_STEP
    if deployment.model.architecture.has_mixer("compressed"):
        return "deepseek_v4"
    if gpu.vendor == "AMD":
        return "rocm"
    if ranks == 1:
        return "one_gpu_before_0.15" if old else "one_gpu"
    if old:
        return "many_before_0.15"
    capability = gpu.compute_capability or 0
    if capability == 9.0:
        return f"hopper_{2 if layout.tensor_parallel <= 2 else 4 if layout.tensor_parallel <= 4 else 8}"
    return "blackwell_many" if capability in (10.0, 10.3) else "many"
