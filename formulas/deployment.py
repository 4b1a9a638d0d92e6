"""Deployment: model, formats, GPU, engine settings and load, chosen together; frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.types import Gpu, Model, NumberFormat

Version = tuple[int, int, int]


def version(text: str) -> Version:
    """'0.11.2' -> (0, 11, 2); missing parts are zero. Raises ValueError for anything else."""
    parts = [int(part) for part in text.lstrip("v").split(".")[:3]]
    major, minor, patch = (*parts, 0, 0)[:3]
    return major, minor, patch


PARALLEL = ("tensor_parallel", "pipeline_parallel", "data_parallel")
"""Fields of a layout that say how many GPUs share the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the GPUs share the work."""

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    expert_parallel: bool = False

    @property
    def gpu_count(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel * self.data_parallel

    @property
    def expert_ranks(self) -> int:
        """GPUs over which whole experts are spread; 1 when the experts' width is divided instead."""
        return self.tensor_parallel * self.data_parallel if self.expert_parallel else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Engine settings; None means the engine's default for this version and card."""

    utilization: float | None = None
    max_batched_tokens: int | None = None
    max_sequences: int | None = None
    enforce_eager: bool = False
    block_size: int | None = None
    free_bytes: int | None = None
    """Memory free on the card before the engine starts, when other processes use it."""
    prefix_caching: bool | None = None
    hybrid_manager: bool | None = None
    """False: windowed layers are allocated like full attention (--disable-hybrid-kv-cache-manager, KV connectors)."""
    speculative_tokens: int = 0
    """Draft tokens a step; the draft is the checkpoint's own prediction layer where it has one, else one layer more."""
    drafts_looked_up: bool = False
    """Draft tokens come from the text itself (ngram, suffix): there is no draft layer."""
    lora_slots: int = 0
    """Adapters on the GPU at once; 0 where LoRA is off."""
    lora_rank: int = 16
    language_model_only: bool = False
    """Vision and audio towers are not loaded."""
    kv_cache_memory_bytes: int | None = None
    """Size of the KV cache where the command states it instead of a share of the card."""
    gpu_blocks: int | None = None
    """Pages of the KV cache where the command states them (--num-gpu-blocks-override)."""
    cpu_offload_bytes: int = 0
    """Weights kept in CPU memory, per GPU."""
    max_capture_size: int | None = None
    """Largest batch captured as a CUDA graph, where stated."""
    most_tokens: int | None = None
    """Tokens that the cache holds at most (SGLang --max-total-tokens, TGI --max-batch-total-tokens, TensorRT-LLM)."""
    state_slots: int | None = None
    """States that SGLang keeps for all requests (--max-mamba-cache-size)."""
    state_share: float | None = None
    """State memory a byte of KV cache in SGLang (--mamba-full-memory-ratio)."""
    window_share: float | None = None
    """Windowed tokens a token of the full pool in SGLang (--swa-full-tokens-ratio)."""
    shared_slots: int = 0
    """Slots of llama.cpp that share one context (--kv-unified); 0: each has its own."""
    full_windows: bool = False
    """Windowed layers of llama.cpp keep the whole context (--swa-full)."""
    value_cache: str | None = None
    """Format key of cached values in llama.cpp where it is not that of the keys (--cache-type-v)."""
    gpu_layers: int | None = None
    """Layers of llama.cpp on the GPUs, the output head first (-ngl); None: all."""
    host_experts: int | None = None
    """First layers of llama.cpp whose routed experts stay in host memory (--n-cpu-moe; --cpu-moe: all)."""
    state_dtype: str | None = None
    """Dtype of Mamba and delta-net states, where stated (--mamba-ssm-cache-dtype); None: as the checkpoint has it."""
    flashinfer_sampler: bool = False
    """FlashInfer samples (VLLM_USE_FLASHINFER_SAMPLER, or installed before vLLM 0.11.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is served at once: batch sequences (over all replicas) of sequence_tokens each, input and output."""

    batch: int
    sequence_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One way to serve one model."""

    model: Model
    weights: NumberFormat
    kv_cache: NumberFormat
    formats: Mapping[str, NumberFormat] = field(compare=False, repr=False)
    """Every number format by key, for mixed recipes."""
    gpu: Gpu
    engine: str
    engine_version: Version
    layout: Layout = Layout()
    settings: Settings = Settings()
    load: Load
    draft: Model | None = None
    """Draft of speculative decoding where it is a checkpoint of its own; without one see speculative_tokens."""
    measured: Measured | None = None
    """What a running server of this model on these GPUs logged; formulas.pinned puts it in place of fitted terms."""

    def change(self, **fields: Any) -> Deployment:
        """The same deployment with top-level fields replaced."""
        return replace(self, **fields)

    def at(self, *, batch: int | None = None, sequence_tokens: int | None = None) -> Deployment:
        """The same deployment under another load."""
        load = Load(
            batch=self.load.batch if batch is None else batch,
            sequence_tokens=self.load.sequence_tokens if sequence_tokens is None else sequence_tokens,
        )
        return replace(self, load=load)

    @property
    def batch_per_replica(self) -> int:
        return -(-self.load.batch // self.layout.data_parallel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one server logged, bytes on one GPU; None for what it did not print."""

    at: Deployment
    """The deployment that the log is of, under the load whose length was its limit."""
    visible: int | None = None
    """Memory of the card."""
    weights: int | None = None
    activations: int | None = None
    pool: int | None = None
    """KV cache."""
    tokens: int | None = None
    """KV cache as the engine prints it."""
