"""Which row of the version tables a deployment falls under."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.types import Architecture
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases


def uses_v0(deployment: Deployment) -> bool:
    """Whether this release serves the deployment with the V0 engine."""
    release = deployment.engine_version
    return release < releases.FIRST_V1 or any(release < releases.V1_SINCE[key] for key in _late_for_v1(deployment))


def _late_for_v1(deployment: Deployment) -> Iterator[str]:
    """Keys of V1_SINCE that the deployment falls under."""
    architecture, capability = deployment.model.architecture, deployment.gpu.compute_capability
    if architecture.role != "decoder":
        yield architecture.role
    elif any(layer.cross_attention for layer in architecture.kinds):
        yield "encoder_decoder"
    if architecture.has_mixer("mamba1", "mamba2", "gated_delta_net", "kimi_delta", "short_conv"):
        yield "state"
    if deployment.weights.key.startswith("bnb"):
        yield "bitsandbytes"
    if deployment.weights.key == "fp32":
        yield "fp32"
    if capability is not None and capability < 8.0 and deployment.gpu.vendor == "NVIDIA":
        yield "before_ampere"


def uses_runner_v2(deployment: Deployment) -> bool:
    """Whether the second model runner is this release's default for the model."""
    rule, architecture = releases.RUNNER_V2.at(deployment.engine_version), deployment.model.architecture
    if rule.every or architecture.role == "encoder":
        return rule.every
    if deployment.weights.bits < 16 and not rule.quantized:
        return False
    states = architecture.has_mixer("mamba1", "mamba2", "gated_delta_net", "kimi_delta", "short_conv")
    return architecture.model_type in rule.named or (rule.dense and not states and not architecture.has_experts)


def graph_class(architecture: Architecture) -> str:
    """Key of fitted.graph_layer."""
    if architecture.has_mixer("mla", "compressed"):
        return "mla"
    if architecture.has_mixer("gated_delta_net", "kimi_delta"):
        return "linear_moe" if architecture.has_experts else "linear"
    return "moe" if architecture.has_experts else "dense"


def non_torch_class(deployment: Deployment) -> str:
    """Key of fitted.non_torch. Only tensor parallelism brings communication buffers that matter."""
    gpu, ranks = deployment.gpu, deployment.layout.tensor_parallel
    if deployment.model.architecture.has_mixer("compressed"):
        return "deepseek_v4"
    if gpu.vendor == "AMD":
        return "rocm"
    if deployment.engine_version < releases.NON_TORCH_V0:
        return "v0"
    capability = gpu.compute_capability or 0
    hopper, blackwell = capability == 9.0, capability in (10.0, 10.3)
    if deployment.engine_version < releases.NON_TORCH_STEP:
        return "one_gpu_before_0.15" if ranks == 1 else f"many_{'hopper' if hopper else 'others'}_before_0.15"
    if ranks == 1:
        return "one_hopper_or_blackwell" if hopper or blackwell else "one_other"
    if hopper:
        return f"hopper_{2 if ranks <= 2 else 4 if ranks <= 4 else 8}"
    return "many_blackwell" if blackwell else "many_others"


def band_classes(deployment: Deployment) -> tuple[str, str, str]:
    """Keys of fitted.band, the narrowest first: the first that enough start-ups stand behind counts."""
    ranks = deployment.layout.tensor_parallel
    return non_torch_class(deployment), "one_gpu" if ranks == 1 else "many_gpus", "any"


def weights_class(deployment: Deployment) -> str:
    """Key of fitted.weights_band."""
    return "16_bit" if deployment.weights.bits >= 16 else "quantized"
