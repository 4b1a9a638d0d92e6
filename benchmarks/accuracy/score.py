"""Predicted beside measured, quantity by quantity, for every row that the catalog can express."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from benchmarks.accuracy.deploy import GIB, Unresolved, deployment
from benchmarks.accuracy.rows import Start, starts
from formulas import compiled
from formulas.deployment import Deployment
from formulas.engines import engine
from formulas.engines.llama_cpp_plan import LlamaCppPlan
from formulas.engines.sglang import SglangPlan
from formulas.engines.vllm_plan import VllmPlan
from formulas.estimate import Estimate, Plan, worked_out
from formulas.fitted import Fitted

ROUNDING_GIB = {"vllm": 0.00501, "sglang": 0.01001}
"""Logs print two decimals of a GiB, SGLang for keys and values apart; the last digit is a float's."""


class Pair(NamedTuple):
    """One quantity: predicted and measured, both in GiB or both in tokens."""

    predicted: float
    measured: float
    low: float | None = None
    high: float | None = None
    """Predictions at the ends of what the log rounds, where the prediction starts from a logged figure."""

    @property
    def difference(self) -> float:
        return self.predicted - self.measured

    @property
    def relative(self) -> float:
        return self.predicted / self.measured - 1

    @property
    def inside(self) -> bool:
        """Whether the log's rounding explains the difference."""
        low, high = (self.predicted if end is None else end for end in (self.low, self.high))
        return low <= self.measured <= high


class Quantity(NamedTuple):
    """What is compared, and how its error is given."""

    key: str
    title: str
    error: Literal["relative", "GiB"]
    target: str = ""

    def of(self, pair: Pair) -> float:
        return pair.relative if self.error == "relative" else pair.difference


QUANTITIES = (
    Quantity("weights", "weights", "relative", "median 0.5 %, p90 3 %"),
    Quantity("kv", "available KV cache", "GiB", "median 0.30 GiB, p90 2 GiB"),
    Quantity("tokens", "KV tokens, question to tokens", "relative", "median 1.3 %, p90 6 %"),
    Quantity("tokens_given", "KV tokens from the logged KV GiB", "relative", "95 % inside the log's rounding"),
    Quantity("blocks", "cache blocks", "relative"),
    Quantity("graphs", "CUDA graphs", "GiB"),
    Quantity("peak", "activation peak", "GiB"),
    Quantity("non_torch", "memory outside torch", "GiB"),
)


@dataclass(frozen=True, slots=True)
class Scored:
    """One row worked out."""

    start: Start
    deployment: Deployment
    estimate: Estimate
    pairs: Mapping[str, Pair]

    @property
    def verdict_holds(self) -> bool:
        """The verdict on one request of full length agrees with the log; tight agrees with both."""
        return self.estimate.verdict != ("fits" if self.start.refused else "does_not_fit")


def scored(constants: Fitted | None = None) -> tuple[Scored, ...]:
    """Every row that can be expressed, under these constants; those in force by default."""
    return tuple(score(start, at, constants) for start, at in expressed())


def expressed() -> list[tuple[Start, Deployment]]:
    """Rows and their deployments."""
    return [(start, at) for start in starts() for at in _tried(start) if isinstance(at, Deployment)]


def left_out() -> list[tuple[Start, str]]:
    """Rows that cannot be expressed, and why."""
    return [(start, str(reason)) for start in starts() for reason in _tried(start) if isinstance(reason, Unresolved)]


def _tried(start: Start) -> Iterable[Deployment | Unresolved]:
    try:
        yield deployment(start)
    except Unresolved as reason:
        yield reason


def score(start: Start, at: Deployment, constants: Fitted | None = None) -> Scored:
    """One row, predicted and measured."""
    plan = VllmPlan(at, compiled, constants) if start.engine == "vllm" else engine(at.engine).plan(at, compiled)
    length = at.load.sequence_tokens
    worked = worked_out(at, plan)
    pairs = {key: pair for key, pair in PAIRS[start.engine](start, worked, length) if pair is not None}
    return Scored(start, at, worked, pairs)


Found = Iterable[tuple[str, Pair | None]]


def _vllm(start: Start, worked: Estimate, length: int) -> Found:
    plan, logged = worked.plan, start.logged
    assert isinstance(plan, VllmPlan)
    yield "weights", _gib(worked.memory.weights, logged.weights_gib)
    yield "kv", _gib(available(plan, length), logged.kv_gib)
    pool = plan.pool(sequence_tokens=length)
    yield "tokens", _tokens(pool.tokens, _printed(start))
    yield "tokens_given", _given(start, lambda size: plan.tokens(size, sequence_tokens=length))
    if page := plan.stages[0].cache.page_bytes:
        yield "blocks", _tokens(pool.bytes // page, logged.blocks)
    if logged.graphs_gib is not None and logged.graphs_gib > 0:
        yield "graphs", _gib(plan.captured_graphs(0), logged.graphs_gib)
    yield "peak", _gib(worked.memory.activations, logged.peak_gib)
    yield "non_torch", _gib(plan.non_torch, logged.non_torch_gib)


def _printed(start: Start) -> int | None:
    """Tokens as printed, else as the printed concurrency implies."""
    logged = start.logged
    if logged.tokens is None and logged.concurrency and start.max_model_len:
        return round(logged.concurrency * start.max_model_len)
    return logged.tokens


def available(plan: Plan, length: int) -> int:
    """Bytes left for the KV cache on the fullest GPU; below zero where weights and activations exceed the share."""
    pool = plan.pool(sequence_tokens=length).bytes
    return pool or plan.usable - plan.memory(batch=0, sequence_tokens=length).total


def _sglang(start: Start, worked: Estimate, length: int) -> Found:
    plan, logged = worked.plan, start.logged
    assert isinstance(plan, SglangPlan)
    cell = plan.stages[0].pools.cell(compiled)
    yield "weights", _gib(worked.memory.weights, logged.weights_gib)
    yield "tokens", _tokens(plan.pool(sequence_tokens=length).tokens, logged.tokens)
    yield "tokens_given", _given(start, lambda size: int(size / cell))


def _llama_cpp(start: Start, worked: Estimate, length: int) -> Found:
    plan, logged = worked.plan, start.logged
    assert isinstance(plan, LlamaCppPlan)
    if start.weights:
        yield "weights", _gib(worked.memory.weights, logged.weights_gib)
    yield "kv", _gib(worked.memory.kv_cache, logged.kv_gib)
    yield "peak", _gib(worked.memory.activations, logged.peak_gib)


def _tgi(start: Start, worked: Estimate, length: int) -> Found:
    yield "tokens", _tokens(worked.plan.pool(sequence_tokens=length).tokens, start.logged.tokens)


PAIRS: dict[str, Callable[[Start, Estimate, int], Found]] = {
    "vllm": _vllm,
    "sglang": _sglang,
    "llama.cpp": _llama_cpp,
    "tgi": _tgi,
}


def _gib(predicted: float, measured: float | None) -> Pair | None:
    return None if measured is None else Pair(predicted / GIB, measured)


def _tokens(predicted: int, measured: int | None) -> Pair | None:
    return Pair(predicted, measured) if measured else None


def _given(start: Start, count: Callable[[int], int]) -> Pair | None:
    """Tokens that the logged cache makes, over all that its two decimals may stand for."""
    kv_gib, tokens, off = start.logged.kv_gib, start.logged.tokens, ROUNDING_GIB[start.engine]
    if tokens is None or kv_gib is None or kv_gib <= 0:
        return None
    low, middle, high = (count(round((kv_gib + by) * GIB)) for by in (-off, 0, off))
    return Pair(middle, tokens, low, high)
