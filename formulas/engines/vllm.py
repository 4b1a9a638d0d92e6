"""vLLM: what a server of this release allocates on one GPU, and how many requests the rest holds."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from catalog.types import Gpu, Model
from formulas import compiled
from formulas.deployment import Deployment, Layout, Version
from formulas.engines import vllm_versions as releases
from formulas.engines.vllm_plan import VllmPlan
from formulas.layout import attention_heads


class Vllm:
    """The engine that most people deploy, and the default of every question."""

    key = "vllm"
    takes_share = True
    caps_requests = False
    latest = releases.LATEST

    def utilization(self, release: Version) -> float:
        """0.90, and 0.92 from 0.20."""
        return releases.UTILIZATION.at(release)

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """The checkpoint's own KV format where it declares one, else the model's dtype; never that of the weights."""
        if model.quantization and model.quantization.kv_cache:
            return model.quantization.kv_cache
        return "fp16" if model.architecture.dtype == "float16" else "bf16"

    def supports(self, gpu: Gpu) -> bool:
        """NVIDIA from Volta on, and AMD Instinct."""
        return gpu.vendor in ("AMD", "custom") or (gpu.vendor == "NVIDIA" and (gpu.compute_capability or 0) >= 7.0)

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        """Tensor parallelism must divide the heads, and divide or be divided by the key/value heads."""
        for heads, key_value_heads in attention_heads(model.architecture):
            if heads % layout.tensor_parallel:
                return "heads_not_divisible"
            if key_value_heads % layout.tensor_parallel and layout.tensor_parallel % key_value_heads:
                return "key_value_heads_not_divisible"
        if layout.pipeline_parallel > model.architecture.num_hidden_layers:
            return "more_stages_than_layers"
        return None

    def plan(self, deployment: Deployment, laws: Any) -> VllmPlan:
        """Memory by load on the fullest GPU; one plan serves every batch."""
        return _plan(deployment.at(batch=1)) if laws is compiled else VllmPlan(deployment, laws)


@lru_cache(maxsize=4096)
def _plan(deployment: Deployment) -> VllmPlan:
    return VllmPlan(deployment, compiled)


ENGINE = Vllm()
