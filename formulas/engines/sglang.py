"""SGLang: a static share of the card holds weights and pools; activations and CUDA graphs use the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Version
from formulas.engines import sglang_seen as seen
from formulas.engines import sglang_versions as releases
from formulas.engines.layout_rules import division_problem
from formulas.engines.plain_weights import stage_weights
from formulas.engines.sglang_cache import pools
from formulas.engines.sglang_draft import draft_weights
from formulas.engines.sglang_fraction import constant_fraction, static_fraction
from formulas.engines.sglang_pools import Pools
from formulas.estimate import Memory, Pool
from formulas.layout import stage_layers


@dataclass(frozen=True, slots=True)
class Stage:
    """One pipeline stage on one GPU."""

    weights: int
    pools: Pools


class SglangPlan:
    """Memory by load. Public: usable, utilization, band, memory(), pool().

    utilization is mem_fraction_static. Activations are not in the sum: they and the graphs use the other share.
    """

    def __init__(self, deployment: Deployment, laws: Any) -> None:
        self.deployment = deployment
        self.laws = laws
        self.utilization = static_fraction(deployment, laws)

    @cached_property
    def usable(self) -> int:
        """The static share of what is free, or what the weights and a pool of stated tokens take of it.

        Nothing where the reserve for steps is more than the card.
        """
        gpu, settings = self.deployment.gpu, self.deployment.settings
        visible = min(gpu.visible_bytes, settings.free_bytes or gpu.visible_bytes)
        share = max(0, int(self.laws.usable_bytes(visible_bytes=visible, utilization=self.utilization)))
        if settings.most_tokens is None:
            return share
        sizes = [
            stage.pools.needed(batch=1, sequence_tokens=settings.most_tokens, laws=self.laws) for stage in self.stages
        ]
        return min(share, self.overhead + max(s.weights + size for s, size in zip(self.stages, sizes, strict=True)))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        architecture, count = self.deployment.model.architecture, self.deployment.layout.pipeline_parallel
        return tuple(
            Stage(
                weights=stage_weights(self.deployment, stage, self.laws, copies=True)
                + self._draft * (stage == count - 1),
                pools=pools(self.deployment, stage_layers(architecture, count, stage), self.laws),
            )
            for stage in range(count)
        )

    @cached_property
    def _draft(self) -> int:
        """Weights of the draft; before 0.5.14 the reserve held them."""
        counted = self.deployment.engine_version >= releases.DRAFTS_COUNTED_SINCE
        return draft_weights(self.deployment, self.laws) if counted else 0

    @cached_property
    def overhead(self) -> int:
        """What the static share pays of memory taken before the weights load; kept by loading; the image cache."""
        towers = self.deployment.model.architecture.towers
        images = releases.TOWER_CACHE.at(self.deployment.engine_version) if towers else 0
        return round(self._context * self.utilization) + self.loading + images

    @property
    def _context(self) -> int:
        """Bytes taken before the weights load."""
        gpu, release = self.deployment.gpu, self.deployment.engine_version
        if self._shares_system_memory:
            return seen.CONTEXT_UNIFIED.bytes
        large = gpu.vendor != "NVIDIA" or gpu.name.startswith("NVIDIA ")
        alone = seen.CONTEXT.at(release) if large else seen.CONTEXT_SMALL
        return alone.bytes + (self._links if self.deployment.layout.gpu_count > 1 else 0)

    @property
    def _links(self) -> int:
        """Buffers for the exchange between GPUs."""
        gpu = self.deployment.gpu
        if gpu.vendor == "AMD":
            return seen.ROCM_MANY.bytes
        return seen.NVLINK_MANY.bytes if "GB/s" in gpu.nvlink else 0

    @property
    def _shares_system_memory(self) -> bool:
        return self.deployment.gpu.unified_memory and self.deployment.settings.free_bytes is None

    @property
    def loading(self) -> int:
        """Bytes that loading keeps beside the weights."""
        if self.deployment.model.architecture.has_mixer("compressed"):
            return seen.LOADING_COMPRESSED.bytes
        if self.deployment.gpu.unified_memory:
            return seen.LOADING_UNIFIED.bytes
        alone = self.deployment.layout.gpu_count == 1
        return seen.LOADING_ONE.bytes if alone else seen.LOADING_MANY.bytes

    @property
    def band(self) -> Mapping[str, int]:
        """The cache is exact; weights nearly so, memory taken before they load and kept by loading are not."""
        weights = max(stage.weights for stage in self.stages)
        wide = self._shares_system_memory or self.deployment.model.architecture.has_mixer("compressed")
        return {
            "weights": round(releases.WEIGHTS_BAND * weights),
            "overhead": self._context_band,
            "loading": seen.LOADING_BAND_WIDE if wide else seen.LOADING_BAND,
        }

    @property
    def _context_band(self) -> int:
        gpu = self.deployment.gpu
        if self._shares_system_memory:
            return seen.UNIFIED_BAND
        if self.deployment.layout.gpu_count == 1 or not self._links:
            return seen.CONTEXT_BAND
        return seen.ROCM_BAND if gpu.vendor == "AMD" else seen.NVLINK_BAND

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch sequences per replica."""
        found = (
            Memory(
                weights=stage.weights,
                kv_cache=stage.pools.needed(batch=batch, sequence_tokens=sequence_tokens, laws=self.laws),
                activations=0,
                overhead=self.overhead,
            )
            for stage in self.stages
        )
        return max(found, key=lambda memory: memory.total)

    def pool(self, *, sequence_tokens: int) -> Pool:
        """Bytes and max_total_num_tokens of the pool, whatever the length; the tightest stage decides."""
        budgets = [max(0, self.usable - stage.weights - self.overhead) for stage in self.stages]
        tokens = [
            stage.pools.tokens(budget, self.laws)
            for stage, budget in zip(self.stages, budgets, strict=True)
            if not stage.pools.empty
        ]
        return Pool(bytes=min(budgets), tokens=min(tokens, default=0))

    def tokens(self, cache_bytes: int, *, sequence_tokens: int) -> int:
        """Tokens of so many bytes of keys and values on every GPU, as the log prints them; states are apart."""
        cells = [stage.pools.cell(self.laws) for stage in self.stages if not stage.pools.empty]
        return min((int(cache_bytes / cell) for cell in cells if cell), default=0)

    def cache_bytes(self, tokens: int) -> int:
        """Bytes of keys and values of so many tokens on the fullest GPU."""
        return round(tokens * max((stage.pools.cell(self.laws) for stage in self.stages), default=0))


class Sglang:
    """The engine of the LMSYS project."""

    key = "sglang"
    takes_share = False
    caps_requests = True
    """srt/managers/tp_worker.py: max_req_len is the smaller of context length and pool, less one."""
    latest = releases.LATEST

    def utilization(self, release: Version) -> float:
        """mem_fraction_static on one GPU before 0.4.6; from there the plan works it out for the card."""
        return constant_fraction(1, release)

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """The checkpoint's own KV format where it states one, fp8 for sparse attention on Blackwell, else the dtype."""
        if model.quantization and model.quantization.kv_cache:
            return model.quantization.kv_cache
        if model.architecture.has_index and (gpu.compute_capability or 0) >= releases.SPARSE_FP8_FROM:
            return "fp8"
        return "fp16" if model.architecture.dtype == "float16" else "bf16"

    def supports(self, gpu: Gpu) -> bool:
        """NVIDIA from Turing on, and AMD Instinct."""
        return gpu.vendor in ("AMD", "custom") or (gpu.vendor == "NVIDIA" and (gpu.compute_capability or 0) >= 7.5)

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        return division_problem(model.architecture, layout)

    def plan(self, deployment: Deployment, laws: Any) -> SglangPlan:
        """Memory by load on the fullest GPU."""
        return SglangPlan(deployment, laws)


ENGINE = Sglang()
