"""Fixes that change what the engine computes at once: tokens of a step, graphs, pictures."""

from __future__ import annotations

from collections.abc import Callable

from bot.changed_settings import SMALLEST_STEP
from bot.diagnosis import Case, Fix
from bot.ollama import RUN_LLAMA_CPP
from formulas.engines.llama_cpp_versions import MICRO_BATCH
from formulas.engines.vllm_plan import VllmPlan
from formulas.units import GIB

LEAST_MICRO_BATCH = MICRO_BATCH // 4
"""Fewest tokens of a step of llama.cpp that a fix sets: our choice."""
V0_BLOCKS = "cpu_blocks"
"""Printed by vLLM's V0 engine alone, which without chunked prefill takes a prompt in one step."""
LARGE_CARD = 70 * GIB
BATCHED_LARGE, BATCHED_SMALL = 8192, 2048
"""Default tokens of a step on cards from LARGE_CARD on, and below (vLLM engine/arg_utils.py; SGLang is alike)."""


def batched(case: Case) -> Fix | None:
    """Half the tokens of a step, and half again until it starts; none where a step has to hold a whole prompt."""
    if V0_BLOCKS in case.log.facts and case.sized is None:
        return None
    least = LEAST_MICRO_BATCH if case.engine in RUN_LLAMA_CPP else SMALLEST_STEP
    return case.first("batched", "max_batched_tokens", case.halves(_now(case), least))


def _now(case: Case) -> int:
    """Tokens of a step as stated or printed, else by default."""
    now = case.stated("max_batched_tokens") or case.log.number("prefill_tokens", "n_ubatch")
    if now:
        return int(now)
    if case.engine in RUN_LLAMA_CPP:
        return MICRO_BATCH
    if case.sized and isinstance(plan := case.sized.estimate.plan, VllmPlan):
        return plan.step(case.sized.estimate.deployment.load.sequence_tokens).max_batched_tokens
    return BATCHED_LARGE if (case.total or 0) >= LARGE_CARD else BATCHED_SMALL


def batched_to_length(case: Case) -> Fix | None:
    """A step that holds the longest prompt."""
    length = case.log.number("max_len_requested") or case.stated("sequence_tokens")
    return case.set("batched_to_length", "max_batched_tokens", int(length)) if length else None


def prefill_to_input(case: Case) -> Fix | None:
    """A prefill that holds the longest input."""
    length = case.log.number("max_len_requested")
    return case.set("prefill_to_input", "max_batched_tokens", int(length)) if length else None


def eager(case: Case) -> Fix | None:
    """Without CUDA graphs."""
    flag = case.flag("enforce_eager")
    if not flag or case.stated("enforce_eager"):
        return None
    return Fix("eager", {"flag": flag}, flag, {"enforce_eager": True})


def images(case: Case) -> Fix | None:
    """Fewer or smaller pictures, for a model that sees."""
    towers = case.sized and case.sized.estimate.deployment.model.architecture.towers
    return Fix("images") if towers and case.engine == "vllm" else None


FIXES: dict[str, Callable[[Case], Fix | None]] = {
    "batched": batched,
    "batched_to_length": batched_to_length,
    "prefill_to_input": prefill_to_input,
    "eager": eager,
    "images": images,
}
