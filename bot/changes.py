"""The same question with one thing changed: cache, weights, batch, length, GPUs; each solved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from bot.changed_settings import changed_settings, free_settings
from bot.contract import VerdictName
from bot.formats import CACHE_IN_8_BITS, GGUF_ENGINE, number_format
from bot.resolve import CUSTOM, Resolution
from catalog.load import load
from catalog.types import Gpu, NumberFormat
from formulas.deployment import Deployment, Layout
from formulas.engines import engine
from formulas.estimate import Estimate, Pool, estimate
from formulas.pinned import PRINTED_TO, PinnedPlan, with_usable
from formulas.solve import largest_batch, longest_sequence

EDGES = ("batch", "sequence", "utilization")
"""Unknowns whose solution fills the memory."""
EIGHT_BITS = 8.5
"""Weights of at most this many bits raise the question of an 8-bit cache; GGUF q8_0 is 8.5."""
LIGHTER = {
    "vllm": ("fp8", "awq"),
    "sglang": ("fp8", "awq"),
    "tgi": ("fp8", "awq"),
    "tensorrt-llm": ("fp8", "awq"),
    "llama.cpp": ("q8_0", "q4_k_m"),
}
"""By engine: formats to try where the weights are too large, the widest first."""
HALF = 0.65
"""Share of the bits that a lighter format has at most, for the change to be worth its quality."""
KERNELS_FROM = {"fp8": 8.0, "awq": 7.5}
"""Least compute capability (vLLM quantization/fp8.py with Marlin, awq.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What these GPUs hold, with the low and high end of the batch inside the band."""

    pool: Pool
    max_batch: int
    max_batch_low: int
    max_batch_high: int
    longest: int
    limited_by_model: bool
    least: Estimate | None
    """The question on as few GPUs of this kind as hold it."""
    utilization: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The same question with one thing changed."""

    change: str
    """Contract form: kv_cache=fp8, gpu_count=2, batch=13 ..."""
    estimate: Estimate
    max_batch: int

    @property
    def longest(self) -> int:
        """Longest sequence at its batch."""
        deployment = self.estimate.deployment
        return longest_sequence(deployment, self.estimate.plan, limit=deployment.model.max_length)


def settled(result: Estimate, resolution: Resolution) -> VerdictName:
    """The verdict on a question. A solved batch, length or utilization is at the edge by its nature, and fits."""
    if not resolution.gpu_named:
        return "needs"
    holds_some = resolution.notes.is_capped and result.memory.kv_cache > result.band
    if result.fits and (resolution.solve_for in EDGES or holds_some):
        return "fits"
    return result.verdict


def changes(result: Estimate, held: Held | None, resolution: Resolution) -> tuple[Changed, ...]:
    """What else would do, each change at what it makes of the unknown; without GPUs the 8-bit cache alone."""
    return tuple(_at_its_edge(change, resolution.solve_for) for change in _changes(result, held, resolution))


def _changes(result: Estimate, held: Held | None, resolution: Resolution) -> Iterator[Changed]:
    if cache := _other_cache(result, resolution):
        yield cache
    if held is None or settled(result, resolution) == "fits":
        return
    solved = changed_settings if resolution.query.paste else free_settings
    yield from (changed(change, other) for change, other in solved(result, held.utilization))
    if whole := _whole_card(result):
        yield whole
    if lighter := _lighter_weights(result):
        yield lighter
    if offloaded := _fewer_layers(result):
        yield offloaded
    fewer = held.max_batch_low if result.fits else held.max_batch
    if 0 < fewer < result.deployment.load.batch:
        yield changed(f"batch={fewer}", estimate(result.deployment.at(batch=fewer)))
    longest = _surely_longest(result, held)
    if 0 < longest < result.deployment.load.sequence_tokens:
        yield changed(f"sequence_tokens={longest}", estimate(result.deployment.at(sequence_tokens=longest)))
    yield from _other_hardware(result, held)


def _surely_longest(result: Estimate, held: Held) -> int:
    """The longest sequence; of measured memory less what its printed digits leave open."""
    if not isinstance(result.plan, PinnedPlan):
        return held.longest
    plan = with_usable(result.plan, result.plan.usable - PRINTED_TO)
    return longest_sequence(result.deployment, plan, limit=held.longest)


def _other_cache(result: Estimate, resolution: Resolution) -> Changed | None:
    """The 8-bit cache, whenever the weights have 8 bits or less or the question does not fit as it stands."""
    deployment = result.deployment
    offered = CACHE_IN_8_BITS.get(deployment.engine)
    stated = resolution.query.kv_cache is not None
    needed = deployment.weights.bits <= EIGHT_BITS or settled(result, resolution) not in ("fits", "needs")
    if stated or not offered or not needed or result.memory.kv_cache == 0 or deployment.kv_cache.key == offered.key:
        return None
    return changed(f"kv_cache={offered.key}", estimate(deployment.change(kv_cache=number_format(offered.key))))


def _lighter_weights(result: Estimate) -> Changed | None:
    """The widest lighter format that a decoder fits in."""
    deployment = result.deployment
    if deployment.model.architecture.role != "decoder":
        return None
    for key in LIGHTER.get(deployment.engine, ()):
        lighter = number_format(key)
        if lighter.bits < HALF * deployment.weights.bits and computes(deployment.gpu, lighter):
            other = estimate(deployment.change(weights=lighter))
            if other.fits:
                return changed(f"weights={key}", other)
    return None


def _fewer_layers(result: Estimate) -> Changed | None:
    """llama.cpp with as many layers on the card as it holds, the others in host memory."""
    deployment = result.deployment
    one_card = deployment.layout.gpu_count == 1 and not deployment.gpu.unified_memory
    if deployment.engine != GGUF_ENGINE or result.fits or not one_card:
        return None
    from formulas.engines.llama_cpp_plan import LlamaCppPlan

    layers = result.plan.offload().gpu_layers if isinstance(result.plan, LlamaCppPlan) else 0
    if not layers:
        return None
    other = estimate(deployment.change(settings=replace(deployment.settings, gpu_layers=layers)))
    return changed(f"gpu_layers={layers}", other)


def computes(gpu: Gpu, weights: NumberFormat) -> bool:
    """Whether the engine's kernels read these weights on this card; AMD has none for FP8 without FP8 arithmetic."""
    if gpu.vendor == "AMD" and weights.key.startswith("fp8"):
        return gpu.fp8_native
    least = KERNELS_FROM.get(weights.key)
    return least is None or gpu.vendor != "NVIDIA" or (gpu.compute_capability or 0) >= least


def _whole_card(result: Estimate) -> Changed | None:
    """The same card without the processes that take a part of it."""
    deployment = result.deployment
    if deployment.settings.free_bytes is None:
        return None
    whole = estimate(_with_whole_cards(deployment))
    return changed("free_bytes=all", whole) if whole.fits else None


def _with_whole_cards(deployment: Deployment) -> Deployment:
    if deployment.settings.free_bytes is None:
        return deployment
    return deployment.change(settings=replace(deployment.settings, free_bytes=None, utilization=None))


def _other_hardware(result: Estimate, held: Held) -> Iterator[Changed]:
    deployment = result.deployment
    alone = deployment.settings.free_bytes is not None or deployment.gpu.max_per_node == 1
    if not alone and held.least and _differs(held.least.deployment.layout, deployment.layout, fits=result.fits):
        yield changed(f"gpu_count={held.least.deployment.layout.gpu_count}", held.least)
    freed = alone and _whole_card(result) is not None
    if not freed and (larger := _larger_card(result)):
        yield changed(f"gpu={larger.deployment.gpu.name}", larger)


def _differs(other: Layout, asked: Layout, *, fits: bool) -> bool:
    """Whether this is another number of GPUs or, where the load does not fit, another way to share these."""
    return other.gpu_count != asked.gpu_count or (not fits and other != asked)


def _larger_card(result: Estimate) -> Estimate | None:
    """The smallest larger card of the maker that holds the question in the same layout, with room to spare."""
    deployment = _with_whole_cards(result.deployment)
    runs_on = engine(deployment.engine).supports
    here, least = deployment.gpu, result.memory.weights + result.memory.kv_cache
    larger = (
        gpu
        for gpu in _of_maker(here.vendor)
        if gpu.marketed_gb > here.marketed_gb and gpu.visible_bytes > least and runs_on(gpu)
    )
    for gpu in sorted(larger, key=lambda gpu: gpu.visible_bytes):
        other = estimate(deployment.change(gpu=gpu))
        if other.verdict == "fits":
            return other
    return None


def _of_maker(vendor: str) -> list[Gpu]:
    """Cards that may be named beside one of this maker; beside a card known by its memory alone, all of them."""
    return [gpu for gpu in recommended() if vendor in (gpu.vendor, CUSTOM)]


def changed(change: str, result: Estimate) -> Changed:
    """A change with its largest batch."""
    return Changed(change=change, estimate=result, max_batch=largest_batch(result.deployment, result.plan))


def _at_its_edge(change: Changed, solve_for: str | None) -> Changed:
    """A change at what it makes of the unknown: its own largest batch, its own longest sequence."""
    deployment = change.estimate.deployment
    if solve_for == "batch":
        return replace(change, estimate=estimate(deployment.at(batch=max(1, change.max_batch))))
    if solve_for == "sequence" and change.longest:
        return changed(change.change, estimate(deployment.at(sequence_tokens=change.longest)))
    return change


@cache
def recommended() -> list[Gpu]:
    """Cards that a "what GPU" answer may name."""
    return [gpu for gpu in load().gpus.values() if gpu.recommend]
