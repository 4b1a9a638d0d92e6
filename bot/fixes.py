"""What mends a failed start, each with the number that the log or the solved question gives: one function a fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil, floor
from typing import Any

from bot.amounts import count, gib
from bot.changes import HALF, LIGHTER, computes
from bot.diagnosis import SOLVED, Case, Fix, rules
from bot.formats import CACHE_IN_8_BITS, number_format
from bot.ollama import OLLAMA, kept_flag
from formulas.engines.llama_cpp_plan import LlamaCppPlan
from formulas.engines.llama_cpp_versions import MICRO_BATCH
from formulas.estimate import estimate
from formulas.solve import longest_sequence
from formulas.units import GIB, MIB

MOST_SHARE = 0.97
"""Beyond it the driver and the CUDA context have no room (vLLM's own advice stops at 0.95 to 0.98)."""
LEAST_SHARE = 0.5
"""A smaller share is another deployment; then other processes are what to look at."""
OTHERS_FROM = 3 * GIB
"""More than a CUDA context and NCCL take: another process is on the card."""
GRAPHS = 3 * GIB
"""Upper end of what vLLM says that graph capture takes ("1~3 GiB")."""
SPARE = GIB // 2
"""Kept free beyond what was missing, so that the next allocation finds room."""
LEAST_BATCHED = 512
DEFAULT_SEQUENCES = 256
"""vLLM's max_num_seqs on most cards (engine/arg_utils.py)."""
LARGE_CARD = 70 * GIB
BATCHED_LARGE, BATCHED_SMALL = 8192, 2048
"""Default tokens of a step on cards from LARGE_CARD on, and below (vLLM engine/arg_utils.py; SGLang is alike)."""
LARGE_TENSOR = 8
LEAST_LENGTH = 1024


def fixes(case: Case) -> list[Fix]:
    """Everything that may help, the cheapest first; SOLVED marks where the solved changes belong."""
    rule = rules().get(case.log.failure or "")
    return list(_found(case, rule.fixes_in(case.log.phase))) if rule else []


def _found(case: Case, names: tuple[str, ...]) -> Iterator[Fix]:
    for name in names:
        made = FIXES[name](case) if name in FIXES else Fix(name)
        if made is not None and (name != SOLVED or case.sized):
            yield made


# --------------------------------------------------------------------------- length


def _shorter(case: Case) -> Fix | None:
    possible = case.log.number("max_len_possible")
    if possible is None and case.sized and case.sized.held and case.sized.held.longest:
        possible = case.sized.held.longest
    return _set(case, "shorter", "sequence_tokens", int(possible)) if possible and possible > 0 else None


def _length_halved(case: Case) -> Fix | None:
    length = case.stated("sequence_tokens")
    if case.sized and case.sized.held and length:
        longest = case.sized.held.longest
        return _set(case, "shorter", "sequence_tokens", longest) if LEAST_LENGTH <= longest < length else None
    return _set(case, "length_halved", "sequence_tokens", length // 2) if length and length > LEAST_LENGTH else None


def _longer(case: Case) -> Fix | None:
    asked = case.log.number("requested_tokens", "prompt_tokens")
    longest = case.sized.held.longest if case.sized and case.sized.held else None
    if not asked or (longest is not None and longest < asked):
        return None
    return _set(case, "longer" if longest is None else "longer_fits", "sequence_tokens", int(asked))


def _model_limit(case: Case) -> Fix | None:
    limit = case.log.number("model_limit")
    return _set(case, "model_limit", "sequence_tokens", int(limit)) if limit else None


# --------------------------------------------------------------------------- share of the card


def _more_utilization(case: Case) -> Fix | None:
    least = _least_share(case)
    return _share(case, "more_utilization", least) if least and least <= MOST_SHARE else None


def _least_share(case: Case) -> float | None:
    """The share at which one request fits: solved, else from what the log says is missing."""
    if case.utilization is None or case.flag("utilization") is None:
        return None
    if case.sized and case.sized.held:
        solved = case.sized.held.utilization
        return ceil(100 * solved) / 100 if solved and solved > case.utilization else None
    missing = _missing(case)
    return ceil(100 * (case.utilization + missing / case.total)) / 100 if missing and case.total else None


def _missing(case: Case) -> float | None:
    needed, available = case.log.size("needed"), case.log.size("available", "available_kv")
    if needed is not None and available is not None:
        return needed - available
    asked, possible = case.log.number("max_len_requested"), case.log.number("max_len_possible")
    if asked and possible and available:
        return available * (asked / possible - 1)
    return -available if available is not None and available < 0 else None


def _less_utilization(case: Case) -> Fix | None:
    if not case.total or case.short is None:
        return None
    room = (GRAPHS if case.log.phase == "graph_capture" else SPARE) + case.short
    if case.utilization is None:
        flag, by = case.flag("utilization"), ceil(100 * room / case.total) / 100
        return Fix("less_by", {"flag": flag, "by": f"{by:g}"}) if flag else None
    share = floor(100 * (case.utilization - room / case.total)) / 100
    return _share(case, "less_utilization", share) if share >= LEAST_SHARE else None


def _fitting_utilization(case: Case) -> Fix | None:
    free = case.log.size("free")
    if free is None or not case.total:
        return None
    share = floor(100 * free / case.total) / 100
    return _share(case, "fitting_utilization", share) if _holds(case, share) else None


def _holds(case: Case, share: float) -> bool:
    """Whether the server starts with this share: solved where the model is known."""
    if share <= 0 or not case.sized or not case.sized.held:
        return share >= LEAST_SHARE
    deployment = case.sized.estimate.deployment
    return estimate(deployment.change(settings=replace(deployment.settings, utilization=share))).fits


def _more_fraction(case: Case) -> Fix | None:
    """SGLang keeps weights and cache inside the fraction of what was free before loading."""
    after, weights = case.log.size("free_after_weights"), case.log.size("weights")
    before = case.log.size("free_before_weights") or (after + weights if after and weights else None)
    if not after or not before:
        return Fix("more_fraction_unknown")
    least = ceil(100 * (1 - after / before) + 1) / 100
    return _share(case, "more_fraction", least) if least <= MOST_SHARE else None


def _share(case: Case, name: str, share: float) -> Fix | None:
    flag = case.flag("utilization")
    now = f"{case.utilization:.3g}" if case.utilization else "?"
    values = {**case.values, "now": now, "share": f"{share:g}"}
    return Fix(name, {**values, "flag": f"{flag} {share:g}"}, f"{flag} {share:g}") if flag else None


def _free_card(case: Case) -> Fix | None:
    others = case.others
    if others is None or others < OTHERS_FROM:
        return None
    return Fix("free_card", {"others": gib(others)})


# --------------------------------------------------------------------------- steps of the engine


def _sequences(case: Case) -> Fix | None:
    now = case.log.number("dummy_requests") or case.stated("max_sequences")
    now = now or (DEFAULT_SEQUENCES if case.engine == "vllm" else None)
    if not now or now < 2 or not _mends(case, max_sequences=int(now) // 2):
        return None
    return _set(case, "sequences", "max_sequences", int(now) // 2)


def _sequences_for_states(case: Case) -> Fix | None:
    blocks = case.log.number("mamba_blocks")
    return _set(case, "sequences_for_states", "max_sequences", int(blocks)) if blocks else None


def _batched(case: Case) -> Fix | None:
    now = case.stated("max_batched_tokens") or case.log.number("prefill_tokens", "n_ubatch")
    if not now and case.engine in ("llama.cpp", "ollama"):
        now = MICRO_BATCH
    if not now and case.sized and hasattr(case.sized.estimate.plan, "step"):
        now = case.sized.estimate.plan.step(case.sized.estimate.deployment.load.sequence_tokens).max_batched_tokens
    least = MICRO_BATCH // 4 if case.engine in ("llama.cpp", "ollama") else LEAST_BATCHED
    if not now and case.total:
        now = BATCHED_LARGE if case.total >= LARGE_CARD else BATCHED_SMALL
    fewer = int(now) // 2 if now else BATCHED_SMALL // 2
    if fewer < least or not _mends(case, max_batched_tokens=fewer):
        return None
    return _set(case, "batched", "max_batched_tokens", fewer)


def _batched_to_length(case: Case) -> Fix | None:
    length = case.log.number("max_len_requested") or case.stated("sequence_tokens")
    return _set(case, "batched_to_length", "max_batched_tokens", int(length)) if length else None


def _sequences_in_step(case: Case) -> Fix | None:
    tokens = case.log.number("max_num_batched_tokens")
    return _set(case, "sequences_in_step", "max_sequences", int(tokens)) if tokens else None


def _prefill_to_input(case: Case) -> Fix | None:
    length = case.log.number("max_len_requested")
    return _set(case, "prefill_to_input", "max_batched_tokens", int(length)) if length else None


def _eager(case: Case) -> Fix | None:
    flag = case.flag("enforce_eager")
    return Fix("eager", {"flag": flag}, flag) if flag and not case.stated("enforce_eager") else None


def _mends(case: Case, **settings: Any) -> bool:
    """Whether these settings turn a deployment that is computed not to fit; where it fits or is unknown they may."""
    if not case.sized or not case.sized.held or case.sized.estimate.fits:
        return True
    deployment = case.sized.estimate.deployment
    return estimate(deployment.change(settings=replace(deployment.settings, **settings))).fits


def _images(case: Case) -> Fix | None:
    towers = case.sized and case.sized.estimate.deployment.model.architecture.towers
    return Fix("images") if towers and case.engine == "vllm" else None


def _layers(case: Case) -> Fix | None:
    """llama.cpp: as many layers on the GPU as fit."""
    if case.engine not in ("llama.cpp", "ollama"):
        return None
    if case.sized and case.sized.held and isinstance(case.sized.estimate.plan, LlamaCppPlan):
        number = case.sized.estimate.plan.offload().gpu_layers
        flag = kept_flag("gpu_layers", number, ollama=case.engine == OLLAMA)
        return Fix("layers", {"flag": flag, "layers": str(number)}, flag)
    return Fix("layers_fewer")


def _cache_8_bit(case: Case) -> Fix | None:
    """Where nothing is solved: the flag of the 8-bit cache."""
    offered = CACHE_IN_8_BITS.get("llama.cpp" if case.engine == "ollama" else case.engine)
    if case.sized or not offered or case.stated("kv_cache"):
        return None
    flag = "OLLAMA_KV_CACHE_TYPE=q8_0" if case.engine == "ollama" else offered.flag
    return Fix("cache_8_bit", {"flag": flag}, flag)


# --------------------------------------------------------------------------- GPUs and the host


def _spread(case: Case) -> Fix | None:
    """Where nothing is solved: twice the GPUs."""
    twice = 2 * int(case.stated("tensor_parallel") or 1)
    return None if case.sized or twice > LARGE_TENSOR else _set(case, "spread", "tensor_parallel", twice)


def _tensor_sizes(case: Case) -> Fix | None:
    heads, now = case.log.number("heads"), case.log.number("tensor_parallel")
    sizes = [size for size in (1, 2, 4, 8) if heads and heads % size == 0 and size != now]
    flag = case.flag("tensor_parallel")
    if not sizes or not flag:
        return None
    smaller = [size for size in sizes if not now or size < now]
    chosen = f"{flag} {(smaller or sizes)[-1]}"
    return Fix("tensor_sizes", {"flag": chosen, "sizes": ", ".join(map(str, sizes)), "heads": str(heads)}, chosen)


def _tensor_to_gpus(case: Case) -> Fix | None:
    gpus = case.log.number("gpus")
    return _set(case, "tensor_to_gpus", "tensor_parallel", int(gpus)) if gpus else None


def _host_limit(case: Case) -> Fix | None:
    limit = (case.log.number("memory_limit_gi") or 0) * GIB or (case.log.number("memory_limit_mi") or 0) * MIB
    return Fix("host_limit", {"limit": gib(round(limit))}) if limit else None


def _nccl_memory(case: Case) -> Fix | None:
    low = "out of memory" in case.log.line
    return Fix("nccl_memory") if low else None


def _install(case: Case) -> Fix | None:
    return Fix("install", case.values) if "module" in case.values else None


def _drop_flag(case: Case) -> Fix | None:
    return Fix("drop_flag", case.values) if "argument" in case.values else None


def _lighter(case: Case) -> Fix | None:
    """The widest lighter format in which a request fits, and the longest one that does; unsolved, what formats save."""
    if not case.sized or not case.sized.held:
        return Fix("lighter")
    deployment = case.sized.estimate.deployment
    for key in LIGHTER.get(deployment.engine, ()):
        weights = number_format(key)
        if weights.bits < HALF * deployment.weights.bits and computes(deployment.gpu, weights):
            other = deployment.change(weights=weights, measured=None)
            longest = longest_sequence(other, estimate(other).plan, limit=deployment.load.sequence_tokens)
            if longest >= LEAST_LENGTH:
                return Fix("lighter_solved", {"weights": key, "longest": count(longest)})
    return None


def _set(case: Case, name: str, slot: str, number: int) -> Fix | None:
    flag = case.written(slot, number)
    return Fix(name, {**case.values, "flag": flag, "number": count(number)}, flag) if flag else None


FIXES: dict[str, Callable[[Case], Fix | None]] = {
    "shorter": _shorter,
    "length_halved": _length_halved,
    "longer": _longer,
    "model_limit": _model_limit,
    "more_utilization": _more_utilization,
    "less_utilization": _less_utilization,
    "fitting_utilization": _fitting_utilization,
    "more_fraction": _more_fraction,
    "free_card": _free_card,
    "sequences": _sequences,
    "sequences_for_states": _sequences_for_states,
    "batched": _batched,
    "batched_to_length": _batched_to_length,
    "sequences_in_step": _sequences_in_step,
    "prefill_to_input": _prefill_to_input,
    "eager": _eager,
    "images": _images,
    "layers": _layers,
    "cache_8_bit": _cache_8_bit,
    "spread": _spread,
    "tensor_sizes": _tensor_sizes,
    "tensor_to_gpus": _tensor_to_gpus,
    "host_limit": _host_limit,
    "nccl_memory": _nccl_memory,
    "install": _install,
    "drop_flag": _drop_flag,
    "lighter": _lighter,
}
"""Fixes that need a number; the others of diagnosis.toml are sentences alone."""
