"""Fixes that change where the model runs: formats, GPUs, layers on the host, what the machine has and lacks."""

from __future__ import annotations

from collections.abc import Callable

from bot.amounts import count, gib
from bot.changes import HALF, LIGHTER, computes
from bot.diagnosis import Case, Fix
from bot.fixes.length import LEAST_LENGTH
from bot.formats import CACHE_IN_8_BITS, GGUF_ENGINE, number_format
from bot.ollama import OLLAMA, RUN_LLAMA_CPP, kept_flag
from formulas.engines.llama_cpp_plan import LlamaCppPlan
from formulas.estimate import estimate
from formulas.layout import TENSOR_PARALLEL
from formulas.solve import longest_sequence
from formulas.units import GIB, MIB

VLLM = "vllm"
HALF_A_CACHE = 0.5
"""What an 8-bit cache takes of a 16-bit one."""


def layers(case: Case) -> Fix | None:
    """llama.cpp: as many layers on the GPU as fit."""
    if case.engine not in RUN_LLAMA_CPP:
        return None
    if case.held and case.sized and isinstance(case.sized.estimate.plan, LlamaCppPlan):
        number = case.sized.estimate.plan.offload().gpu_layers
        flag = kept_flag("gpu_layers", number, ollama=case.engine == OLLAMA)
        return Fix("layers", {"flag": flag, "layers": str(number)}, flag, {"gpu_layers": number})
    return Fix(f"layers_fewer{_for_ollama(case)}")


def experts_on_host(case: Case) -> Fix | None:
    """A flag of llama.cpp; Ollama has none for it."""
    return None if case.engine == OLLAMA else Fix("experts_on_host")


def more_context(case: Case) -> Fix | None:
    """The context that all slots share."""
    return Fix(f"more_context{_for_ollama(case)}")


def _for_ollama(case: Case) -> str:
    return "_ollama" if case.engine == OLLAMA else ""


def cache_8_bit(case: Case) -> Fix | None:
    """Where nothing is solved: the flag of the 8-bit cache, unless the log says that half a cache is still too much."""
    offered = CACHE_IN_8_BITS.get(GGUF_ENGINE if case.engine == OLLAMA else case.engine)
    if case.sized or not offered or case.stated("kv_cache") or _has_room_for(case) < HALF_A_CACHE:
        return None
    flag = "OLLAMA_KV_CACHE_TYPE=q8_0" if case.engine == OLLAMA else offered.flag
    return Fix("cache_8_bit", {"flag": flag}, flag)


def _has_room_for(case: Case) -> float:
    """The share of one request's cache that there is room for; all of it where the log does not say."""
    needed, available = case.log.size("needed"), case.log.size("available", "available_kv")
    if needed and available is not None:
        return available / needed
    asked, possible = case.log.number("max_len_requested"), case.log.number("max_len_possible")
    return possible / asked if asked and possible else 1.0


def spread(case: Case) -> Fix | None:
    """Where nothing is solved: twice the GPUs."""
    twice = 2 * int(case.stated("tensor_parallel") or 1)
    return None if case.sized or twice > max(TENSOR_PARALLEL) else case.set("spread", "tensor_parallel", twice)


def tensor_sizes(case: Case) -> Fix | None:
    """The largest size below the one that was asked for that divides the heads."""
    heads, now = case.log.number("heads"), case.log.number("tensor_parallel")
    sizes = [size for size in TENSOR_PARALLEL if heads and heads % size == 0 and size != now]
    smaller = [size for size in sizes if not now or size < now]
    values = {"sizes": ", ".join(map(str, sizes)), "heads": str(heads)}
    return case.first("tensor_sizes", "tensor_parallel", reversed(smaller or sizes), **values)


def tensor_to_gpus(case: Case) -> Fix | None:
    """As many as there are."""
    gpus = case.log.number("gpus")
    return case.set("tensor_to_gpus", "tensor_parallel", int(gpus)) if gpus else None


def host_limit(case: Case) -> Fix | None:
    """The container's memory limit."""
    limit = (case.log.number("memory_limit_gi") or 0) * GIB or (case.log.number("memory_limit_mi") or 0) * MIB
    return Fix("host_limit", {"limit": gib(round(limit))}) if limit else None


def host_memory(case: Case) -> Fix | None:
    """More memory of the host, or less of it in use, as the engine takes it."""
    if case.engine in RUN_LLAMA_CPP:
        return Fix("host_memory_gguf")
    return Fix("host_memory_vllm" if case.engine == VLLM else "host_memory")


def nccl_memory(case: Case) -> Fix | None:
    """Room beside the engine's share, where NCCL says that memory is what it lacks."""
    return Fix("nccl_memory") if "out of memory" in case.log.line else None


def install(case: Case) -> Fix | None:
    """A missing package by its name."""
    return Fix("install", case.values) if "module" in case.values else None


def drop_flag(case: Case) -> Fix | None:
    """A flag that the release does not know."""
    return Fix("drop_flag", case.values) if "argument" in case.values else None


def lighter(case: Case) -> Fix | None:
    """The widest lighter format in which a request fits, and the longest one that does; unsolved, what formats save."""
    if not case.held or not case.sized:
        return Fix("lighter")
    deployment = case.sized.estimate.deployment
    for key in LIGHTER.get(deployment.engine, ()):
        weights = number_format(key)
        if weights.bits < HALF * deployment.weights.bits and computes(deployment.gpu, weights):
            other = deployment.change(weights=weights, measured=None)
            longest = longest_sequence(other, estimate(other).plan, limit=deployment.load.sequence_tokens)
            if longest >= LEAST_LENGTH:
                changed = {"weights": key, "sequence_tokens": longest}
                return Fix("lighter_solved", {"weights": key, "longest": count(longest)}, settings=changed)
    return None


FIXES: dict[str, Callable[[Case], Fix | None]] = {
    "layers": layers,
    "experts_on_host": experts_on_host,
    "more_context": more_context,
    "cache_8_bit": cache_8_bit,
    "spread": spread,
    "tensor_sizes": tensor_sizes,
    "tensor_to_gpus": tensor_to_gpus,
    "host_limit": host_limit,
    "host_memory": host_memory,
    "nccl_memory": nccl_memory,
    "install": install,
    "drop_flag": drop_flag,
    "lighter": lighter,
}
