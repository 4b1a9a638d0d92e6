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


def non_torch_classes(deployment: Deployment) -> tuple[str, ...]:
    """Keys of fitted.non_torch, the narrowest first: the first that has logs counts."""
    ranks = "one_gpu" if communicating_ranks(deployment) == 1 else "many_gpus"
    if deployment.model.architecture.has_mixer("compressed"):
        return *(["deepseek_v4_compiled"] if _compiles_v4(deployment) else []), "deepseek_v4", ranks
    narrowest = _non_torch_class(deployment)
    return narrowest, *(["many_hopper"] if narrowest.startswith("hopper_") else []), ranks


def _non_torch_class(deployment: Deployment) -> str:
    """The narrowest class. Pipelines bring no communication buffers that matter."""
    gpu, ranks = deployment.gpu, communicating_ranks(deployment)
    if gpu.vendor == "AMD":
        return "rocm"
    if gpu.unified_memory:
        return "unified"
    if deployment.engine_version < releases.NON_TORCH_V0:
        return "v0" if deployment.engine_version >= releases.PROFILED_APART else "v0_before_0.6.4"
    capability = gpu.compute_capability or 0
    hopper, blackwell = capability == 9.0, capability in (10.0, 10.3)
    if deployment.engine_version < releases.NON_TORCH_STEP:
        return _before_the_step(ranks, "hopper" if hopper else "others")
    if ranks == 1:
        return "one_hopper_or_blackwell" if hopper or blackwell else "one_other"
    if hopper:
        return f"hopper_{2 if ranks <= 2 else 4 if ranks <= 4 else 8}"
    return "many_blackwell" if blackwell else "many_others"


def _compiles_v4(deployment: Deployment) -> bool:
    """Whether DeepSeek-V4 runs through torch.compile, which graphs that may break replace."""
    graphs_break = deployment.engine_version >= releases.BREAKABLE_GRAPHS
    return not (deployment.settings.enforce_eager or uses_runner_v2(deployment) or graphs_break)


def communicating_ranks(deployment: Deployment) -> int:
    """GPUs that share a layer's work: tensor parallel ones, and data parallel ones over which experts are spread."""
    return max(deployment.layout.tensor_parallel, deployment.layout.expert_ranks)


def _before_the_step(ranks: int, card: str) -> str:
    return "one_gpu_before_0.15" if ranks == 1 else f"many_{card}_before_0.15"


def band_classes(deployment: Deployment) -> tuple[str, ...]:
    """Keys of fitted.band, the narrowest first: the first that enough start-ups stand behind counts."""
    return *non_torch_classes(deployment), "any"


def weights_class(deployment: Deployment) -> str:
    """Key of fitted.weights_band: by bits, where the checkpoint's recipe is not known."""
    if deployment.weights.bits >= 16:
        return "16_bit"
    recipe = deployment.model.quantization
    if recipe is not None and recipe.weights == deployment.weights.key:
        return "recipe"
    return "8_bit" if deployment.weights.bits >= 8 else "4_bit"
