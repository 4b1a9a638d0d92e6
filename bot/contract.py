"""The machine-readable answer: the names and meanings that scripts, tests and surfaces rely on."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VerdictName = Literal["fits", "tight", "does_not_fit", "needs", "help", "error"]


class Part(BaseModel):
    """Base of every object below; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=True)


class Understood(Part):
    """What was taken from the text, then what was filled in."""

    model: str | None = None
    weights: str | None = None
    kv_cache: str | None = None
    batch: int | None = None
    sequence_tokens: int | None = None
    mix: list[tuple[float, int]] | None = None
    gpu: str | None = None
    gpu_count: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    data_parallel: int | None = None
    expert_parallel: bool | None = None
    engine: str | None = None
    engine_version: str | None = None
    utilization: float | None = None
    max_batched_tokens: int | None = None
    max_sequences: int | None = None
    enforce_eager: bool | None = None
    block_size: int | None = None
    solve_for: Literal["batch", "sequence", "gpu_count", "gpu", "utilization"] | None = None
    method: Literal["engine", "guide"] = "engine"
    assumed: list[str] = Field(default_factory=list)
    unread: list[str] = Field(default_factory=list)
    flags: dict[str, Any] = Field(default_factory=dict)
    """Other settings of a pasted command or log, by name, as they are written there."""


class Memory(Part):
    """Bytes on the fullest GPU for the batch and length asked for; total is the sum of the four."""

    weights: int
    kv_cache: int
    activations: int
    overhead: int
    total: int


class GpuMemory(Part):
    """visible: what CUDA reports; usable: visible * utilization."""

    visible: int
    usable: int


class Capacity(Part):
    """What the engine can hold on these GPUs."""

    kv_cache_bytes: int
    kv_cache_tokens: int
    max_batch: int
    max_sequence_tokens: int
    min_gpu_count: int | None
    min_utilization: float | None = None
    max_sequence_limit: Literal["memory", "model"] = "memory"
    """model: the model's own context is the limit, memory would hold more."""


class Uncertainty(Part):
    """Plus or minus, bytes, and the terms that cause it."""

    kv_cache_bytes: int
    terms: dict[str, int] = Field(default_factory=dict)


class Measured(Part):
    """Which figures the log of a running server settles; the KV cache of a load follows from the model alone."""

    measured: list[str] = Field(default_factory=list)
    """Names of memory and capacity: weights, activations, overhead, kv_cache_bytes, kv_cache_tokens."""
    predicted: list[str] = Field(default_factory=list)
    because: list[str] = Field(default_factory=list)
    """What of the question is not as it was logged, where that makes figures predicted."""


class GpuChoice(Part):
    gpu: str
    gpu_count: int
    headroom: int
    max_batch: int | None = None


class Alternative(Part):
    """The same question with one thing changed, solved."""

    change: str
    fits: bool | None
    verdict: VerdictName | None = None
    max_batch: int | None = None
    max_sequence_tokens: int | None = None
    command: str | None = None
    question: str | None = None


class Refused(Part):
    """Why an engine refuses a pasted command whatever the memory, and what the command put right comes to."""

    reasons: list[str]
    """length, layout, kernels, free, choice ...: keys of the sentences in bot/lang."""
    command: str | None = None
    """The command as its engine takes it; the fields below are its."""
    fits: bool | None = None
    memory: Memory | None = None
    gpu_memory: GpuMemory | None = None
    headroom: int | None = None
    capacity: Capacity | None = None


class Error(Part):
    code: str
    message: str
    slot: str | None = None
    """What of the question is at fault, where it is one thing: a field of `understood`."""
    suggestions: list[str] = Field(default_factory=list)


class Answer(Part):
    """One question answered."""

    question: str
    understood: Understood
    memory: Memory | None = None
    gpu_memory: GpuMemory | None = None
    fits: bool | None = None
    verdict: VerdictName = "error"
    headroom: int | None = None
    capacity: Capacity | None = None
    uncertainty: Uncertainty | None = None
    measured: Measured | None = None
    """Only where a log was pasted, now or before in the thread."""
    gpus: list[GpuChoice] = Field(default_factory=list)
    alternatives: list[Alternative] = Field(default_factory=list)
    assumptions: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    diagnosis: dict[str, Any] | None = None
    refused: Refused | None = None
    error: Error | None = None
