"""The measured start-ups that the fit rests on: what each log says, beside what is computed without any constant."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from benchmarks.accuracy.deploy import GIB
from benchmarks.accuracy.rows import Start
from benchmarks.accuracy.score import available, expressed
from formulas import compiled
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.vllm_plan import VllmPlan
from formulas.fitted import Constant, Fitted

TIB = 2**40
"""A cache so large that its tokens tell the bytes of one."""
ANY = "any"
"""The class of all logs."""

ZERO, ONE = Constant(0, 0, 0, 0), Constant(1, 0, 0, 0)
NOTHING = Fitted({"one_gpu": ZERO, "many_gpus": ZERO}, ZERO, ZERO, {ANY: ZERO}, {}, {})
"""Constants that leave only what is computed."""
ONE_A_LAYER = replace(NOTHING, graph_layer={ANY: ONE})


class Log(NamedTuple):
    """A start-up that takes part, with all that its figures and those computed without constants say. Bytes."""

    start: Start
    deployment: Deployment
    weights_error: float
    """Computed less logged weights; zero where the log has none."""
    missing: float | None
    """What weights and activations alone leave beyond the logged cache; None where the log has no cache."""
    graphs: float
    """What the graphs take of the budget, a byte a layer at the reference number of sizes."""
    step: float
    """What they take at least, where the budget counts them."""
    width: float
    """What captured graphs take, a byte a layer at the reference number of sizes."""

    @property
    def tower(self) -> bool:
        return bool(self.deployment.model.architecture.towers)

    @property
    def captured(self) -> float | None:
        """Logged graphs that tell the bytes of a layer; the estimate counts where it is printed."""
        logged = self.start.logged
        size = logged.graphs_gib if logged.graphs_estimate_gib is None else logged.graphs_estimate_gib
        early = self.deployment.engine_version < releases.NON_TORCH_STEP
        if size is None or early or not self.width or size * GIB <= self.step:
            return None
        return size * GIB


def logs() -> list[Log]:
    """vLLM rows that take part, in the order of the file."""
    return [log_of(start, at) for start, at in expressed() if start.engine == "vllm" and _takes_part(start)]


def _takes_part(start: Start) -> bool:
    return start.confidence != "low" and not start.aside


def log_of(start: Start, at: Deployment) -> Log:
    """What a row says beside what is computed of it."""
    plan, layers, length = VllmPlan(at, compiled, NOTHING), VllmPlan(at, compiled, ONE_A_LAYER), at.load.sequence_tokens
    logged = start.logged.weights_gib
    weights = plan.memory(batch=0, sequence_tokens=length).weights
    error = 0.0 if logged is None else weights - logged * GIB
    cache = _logged_cache(start, plan, length)
    counted = layers.counted_graphs(0)
    return Log(
        start=start,
        deployment=at,
        weights_error=error,
        missing=None if cache is None else available(plan, length) - cache + error,
        graphs=layers.captured_graphs(0) if counted else 0,
        step=plan.profiled_step if counted else 0,
        width=layers.captured_graphs(0),
    )


def _logged_cache(start: Start, plan: VllmPlan, length: int) -> float | None:
    """The cache as printed, else as its tokens make it, which are exact; None where the log has neither."""
    logged = start.logged
    if logged.kv_gib is not None:
        return logged.kv_gib * GIB
    tokens = plan.tokens(TIB, sequence_tokens=length)
    return logged.tokens * TIB / tokens if logged.tokens and tokens else None
