"""Errors summed up: over all rows of an engine, and by release, card and model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.accuracy.score import Quantity, Scored
from formulas.deployment import version

RELEASES = ("0.8", "0.15", "0.20", "0.26")
"""Where vLLM's accounting changed: the V1 engine, NCCL buffers, counted graphs, model runner V2."""


class Summary(NamedTuple):
    """Absolute errors of one quantity over some rows."""

    count: int
    p50: float
    p75: float
    p90: float
    largest: float
    inside: int
    """Rows that the log's rounding explains."""


def summary(quantity: Quantity, rows: Iterable[Scored]) -> Summary | None:
    """None where no row has the quantity."""
    pairs = [row.pairs[quantity.key] for row in rows if quantity.key in row.pairs]
    errors = sorted(abs(quantity.of(pair)) for pair in pairs)
    if not errors:
        return None
    return Summary(
        count=len(errors),
        p50=median(errors),
        p75=percentile(errors, 0.75),
        p90=percentile(errors, 0.90),
        largest=errors[-1],
        inside=sum(pair.inside for pair in pairs),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The error that this share of the rows stays below; the next larger one where it falls between two."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def release_range(row: Scored) -> str:
    """'0.15 to 0.20': since and before which release."""
    bounds = [None, *RELEASES, None]
    at = row.deployment.engine_version
    passed = sum(at >= version(bound) for bound in RELEASES)
    since, before = bounds[passed], bounds[passed + 1]
    if since is None:
        return f"before {before}"
    return f"{since} on" if before is None else f"{since} to {before}"


def card_class(row: Scored) -> str:
    """Class of card, as people shop for them."""
    gpu = row.deployment.gpu
    capability = gpu.compute_capability or 0
    if gpu.vendor != "NVIDIA":
        return gpu.vendor
    if gpu.unified_memory:
        return "unified memory"
    if capability == 9.0:
        return "Hopper"
    if capability in (10.0, 10.3):
        return "Blackwell data centre"
    return "A100, L40S, L4, T4" if gpu.name.startswith("NVIDIA ") else "GeForce and RTX"


def model_class(row: Scored) -> str:
    """What makes a model's memory special."""
    architecture = row.deployment.model.architecture
    if architecture.has_mixer("compressed"):
        return "DeepSeek-V4"
    if architecture.has_mixer("mla"):
        return "MLA"
    if architecture.has_mixer("gated_delta_net", "mamba2", "kimi_delta"):
        return "linear attention and states"
    if architecture.towers or architecture.role != "decoder":
        return "vision, audio"
    return "experts" if architecture.has_experts else "dense"


def layout_class(row: Scored) -> str:
    """One GPU or several."""
    return "one GPU" if row.deployment.layout.gpu_count == 1 else "several GPUs"


def grouped(rows: Iterable[Scored], by: Callable[[Scored], str]) -> dict[str, list[Scored]]:
    """Rows by class, classes in alphabetical order."""
    found: dict[str, list[Scored]] = {}
    for row in rows:
        found.setdefault(by(row), []).append(row)
    return dict(sorted(found.items()))
