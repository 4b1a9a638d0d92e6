"""TensorRT-LLM: a dry run of max_num_tokens, then a share of what it left free for the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Version, version
from formulas.engines.eager_step import token_bytes
from formulas.engines.layout_rules import division_problem
from formulas.engines.plain_weights import stage_weights
from formulas.engines.sequence_cache import caches, pages, sequence_bytes
from formulas.estimate import Memory, Pool
from formulas.kv_cache import LayerCache
from formulas.layout import stage_layers
from formulas.since import Since
from formulas.units import GIB

LATEST = version("1.2.0")
"""The PyTorch flow as its documentation describes it in 2026; the exact newest release was not read."""

FREE_FRACTION: Since[float] = Since(
    {"0.0": 0.85, "0.10.0": 0.90},
    source="TensorRT-LLM llmapi KvCacheConfig.free_gpu_memory_fraction; 0.85 in the Triton backend of 2024",
)
BLOCK_TOKENS: Since[int] = Since(
    {"0.0": 64, "1.0.0": 32}, source="TensorRT-LLM llmapi KvCacheConfig.tokens_per_block; 64 in engines built before"
)
MAX_NUM_TOKENS = 8192
"""Tokens of the dry run: TensorRT-LLM llmapi, BuildConfig.max_num_tokens."""
LOGIT_ROWS, LOGIT_BYTES = 256, 6
"""Requests in the dry run's last step, and bytes of one logit with its fp32 copy."""
CONTEXT_ONE, CONTEXT_MANY = round(0.5 * GIB), round(1.0 * GIB)
"""CUDA context and, over several GPUs, NCCL and all-reduce buffers: 0.5 GiB before loading in a public H200 log."""
BAND = round(1.5 * GIB)
"""No start-up log prints the peak of the dry run: wide on purpose."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One pipeline stage on one GPU."""

    weights: int
    caches: tuple[LayerCache, ...]


class TensorRtPlan:
    """Memory by load. Public: usable, utilization, band, memory(), pool().

    The fraction is of free memory, so usable is what is in use once the cache took its share.
    """

    def __init__(self, deployment: Deployment, laws: Any) -> None:
        self.deployment = deployment
        self.laws = laws
        self.release = deployment.engine_version

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        architecture, count = self.deployment.model.architecture, self.deployment.layout.pipeline_parallel
        return tuple(
            Stage(
                weights=stage_weights(self.deployment, stage, self.laws, copies=True),
                caches=tuple(caches(self.deployment, stage_layers(architecture, count, stage), self.laws)),
            )
            for stage in range(count)
        )

    @cached_property
    def usable(self) -> int:
        """On the stage with the largest weights, whose cache is the smallest: the fraction, or what is stated."""
        caps = self._caps()
        rest = max(stage.weights for stage in self.stages) + self.activations + self.overhead
        return min(self._share, *(rest + cap for cap in caps)) if caps else self._share

    def _caps(self) -> list[int]:
        """Bytes of the cache as kv_cache_config limits them: max_gpu_total_bytes, max_tokens."""
        settings = self.deployment.settings
        caps = [settings.kv_cache_memory_bytes] if settings.kv_cache_memory_bytes else []
        if settings.most_tokens:
            caps.append(max(self._sequence(stage, settings.most_tokens) for stage in self.stages))
        return caps

    @property
    def _share(self) -> int:
        gpu, settings = self.deployment.gpu, self.deployment.settings
        fraction = FREE_FRACTION.at(self.release) if settings.utilization is None else settings.utilization
        return int(
            self.laws.free_share_usable_bytes(
                visible_bytes=min(gpu.visible_bytes, settings.free_bytes or gpu.visible_bytes),
                free_fraction=fraction,
                weights_bytes=max(stage.weights for stage in self.stages),
                activation_bytes=self.activations,
                overhead_bytes=self.overhead,
            )
        )

    @property
    def utilization(self) -> float:
        """Share of the whole card that the free-memory fraction amounts to here."""
        return self.usable / self.deployment.gpu.visible_bytes

    @property
    def band(self) -> Mapping[str, int]:
        return {"activations_and_overhead": BAND}

    @cached_property
    def activations(self) -> int:
        """Peak of the dry run."""
        tokens = self.deployment.settings.max_batched_tokens or MAX_NUM_TOKENS
        step = self.laws.eager_step_bytes(
            max_batched_tokens=tokens, eager_token_bytes=token_bytes(self.deployment, self.laws)
        )
        architecture = self.deployment.model.architecture
        rows = min(self.deployment.settings.max_sequences or LOGIT_ROWS, LOGIT_ROWS) if architecture.lm_head else 0
        return int(
            step + self.laws.logits_bytes(logit_rows=rows, vocab_size=architecture.vocab_size, logit_size=LOGIT_BYTES)
        )

    @property
    def overhead(self) -> int:
        return CONTEXT_ONE if self.deployment.layout.gpu_count == 1 else CONTEXT_MANY

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch sequences per replica."""
        found = (self._memory(stage, batch, sequence_tokens) for stage in self.stages)
        return max(found, key=lambda memory: memory.total)

    def pool(self, *, sequence_tokens: int) -> Pool:
        """Bytes of the cache, and the tokens of sequences of this length that it holds (windows have pools)."""
        left = min(max(0, self.usable - stage.weights - self.activations - self.overhead) for stage in self.stages)
        cells = [self._sequence(stage, sequence_tokens) for stage in self.stages]
        if not max(cells) or not sequence_tokens:
            return Pool(bytes=left, tokens=0)
        return Pool(bytes=left, tokens=left * pages(sequence_tokens, self._page) // max(cells))

    # ------------------------------------------------------------------ parts

    @property
    def _page(self) -> int:
        return self.deployment.settings.block_size or BLOCK_TOKENS.at(self.release)

    def _memory(self, stage: Stage, batch: int, sequence_tokens: int) -> Memory:
        return Memory(
            weights=stage.weights,
            kv_cache=batch * self._sequence(stage, sequence_tokens),
            activations=self.activations,
            overhead=self.overhead,
        )

    def _sequence(self, stage: Stage, sequence_tokens: int) -> int:
        return sequence_bytes(stage.caches, sequence_tokens, self._kept)

    def _kept(self, entry: LayerCache, tokens: int) -> int:
        """Pages of the whole sequence, or of the window and one page more."""
        whole = pages(tokens, self._page)
        return min(whole, pages(entry.span, self._page) + self._page) if entry.span else whole


class TensorRtLlm:
    """NVIDIA's engine."""

    key = "tensorrt-llm"
    takes_share = False
    caps_requests = False
    latest = LATEST

    def utilization(self, release: Version) -> float:
        """Share of the free memory; the plan says what it amounts to of the card."""
        return FREE_FRACTION.at(release)

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """The checkpoint's own KV format where it declares one, else the model's dtype."""
        if model.quantization and model.quantization.kv_cache:
            return model.quantization.kv_cache
        return "fp16" if model.architecture.dtype == "float16" else "bf16"

    def supports(self, gpu: Gpu) -> bool:
        """NVIDIA from Ampere on."""
        return gpu.vendor == "custom" or (gpu.vendor == "NVIDIA" and (gpu.compute_capability or 0) >= 8.0)

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        return division_problem(model.architecture, layout)

    def plan(self, deployment: Deployment, laws: Any) -> TensorRtPlan:
        """Memory by load on the fullest GPU."""
        return TensorRtPlan(deployment, laws)


ENGINE = TensorRtLlm()
