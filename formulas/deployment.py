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
