"""llama.cpp: GGUF files on any card, layers split over GPUs, the whole context allocated at start."""

from __future__ import annotations

from typing import Any

from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Version
from formulas.engines import llama_cpp_versions as builds
from formulas.engines.llama_cpp_plan import LlamaCppPlan


class LlamaCpp:
    """llama-server with all layers on the GPU."""

    key = "llama.cpp"
    takes_share = False
    caps_requests = False
    latest = builds.LATEST

    def utilization(self, release: Version) -> float:
        """The whole card; the plan takes off the margin that --fit leaves free."""
        return 1.0

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """f16 for keys and values, whatever the weights."""
        return "fp16"

    def supports(self, gpu: Gpu) -> bool:
        """CUDA, HIP, Metal, Vulkan and SYCL: every card."""
        return True

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        """Layers are whole, so there must be one for every GPU."""
        if layout.tensor_parallel * layout.pipeline_parallel > model.architecture.num_hidden_layers:
            return "more_stages_than_layers"
        return None

    def plan(self, deployment: Deployment, laws: Any) -> LlamaCppPlan:
        """Memory by load on the fullest GPU."""
        return LlamaCppPlan(deployment, laws)


ENGINE = LlamaCpp()
