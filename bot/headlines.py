"""The verdict as one sentence: which of them it is, and the values that fill it."""

from __future__ import annotations

from typing import Any

from bot.amounts import count, gib
from bot.changes import Held
from bot.choices import GUIDE
from bot.messages import Messages
from bot.phrasing import amounts, gpus, is_audio, layout_text, names, remark_text
from bot.resolve import Remark
from bot.size import Sized, best_choice, is_laid_out
from formulas.deployment import Layout
from formulas.engines import engine
from formulas.solve import GPU_COUNTS, MOST_SEQUENCES


def headline(sized: Sized, text: Messages) -> str:
    """The verdict as one sentence."""
    values: dict[str, Any] = {**shown_names(sized, text), **amounts(sized.estimate)}
    if sized.held is None or sized.resolution.solve_for == "gpu":
        return _headline_choice(sized, text, values)
    sentence = text(_headline_key(sized, sized.held), **values, **held_values(sized, sized.held, text))
    if sized.resolution.solve_for == "gpu_count" and sized.verdict == "tight":
        return f"{sentence} {text('headline.within_band', **values)}"
    return sentence


def shown_names(sized: Sized, text: Messages) -> dict[str, str]:
    """Model, format, cards and lengths as sentences call them."""
    return names(sized.estimate.deployment, text, mixed=sized.resolution.query.mix is not None)


def _headline_choice(sized: Sized, text: Messages, values: dict[str, Any]) -> str:
    if sized.estimate.deployment.engine == GUIDE and sized.resolution.solve_for is None:
        return text("headline.guide", **values)
    count_of_gpus = sized.estimate.deployment.layout.gpu_count
    if is_laid_out(sized.resolution) and count_of_gpus > 1:
        return _headline_each(sized, text, {**values, "count": count_of_gpus})
    if not sized.gpus:
        return text("headline.needs_more", **values)
    best = best_choice(sized.gpus)
    key = "headline.gpu" if sized.resolution.solve_for == "gpu" else "headline.needs"
    key += "_single" if best.gpu_count == 1 else ""
    return text(key, **values, choice=gpus(best.gpu.name, best.gpu_count))


def _headline_each(sized: Sized, text: Messages, values: dict[str, Any]) -> str:
    """What each of the GPUs needs that a command shares the work between."""
    if not sized.gpus:
        return text("headline.needs_each_more", **values)
    return text("headline.needs_each", **values, choice=best_choice(sized.gpus).gpu.name)


def _headline_key(sized: Sized, held: Held) -> str:
    result, solve_for = sized.estimate, sized.resolution.solve_for
    if sized.refusals:
        return "headline.refused"
    if result.memory.weights > result.usable and solve_for not in ("gpu_count", "utilization"):
        return "headline.weights_too_large"
    audio = "_audio" if is_audio(result.deployment) else ""
    keys = {
        "batch": _batch_headline(held, audio),
        "sequence": ("sequence_model" if held.limited_by_model else "sequence") if held.longest else "sequence_none",
        "gpu_count": "gpu_count" if held.least else "gpu_count_none",
        "utilization": "utilization" if result.fits else "utilization_none",
    }
    if solve_for in keys:
        return f"headline.{keys[solve_for]}"
    if sized.resolution.query.command and sized.verdict != "tight" and not _is_loaded(sized):
        started = "fits_command" if result.memory.kv_cache else "fits"
        return f"headline.{started if result.fits else _short_of_a_request(sized, held)}"
    return f"headline.{result.verdict}"


def _short_of_a_request(sized: Sized, held: Held) -> str:
    """What a server does whose cache holds no request of the length that was asked for."""
    return (
        "starts_shorter"
        if held.longest and engine(sized.estimate.deployment.engine).caps_requests
        else "does_not_start"
    )


def _is_loaded(sized: Sized) -> bool:
    """Whether words beside a command say how many requests it is to hold at once, which is more than to start."""
    query = sized.resolution.query
    return query.batch is not None and query.paste is not None and not query.paste.states("batch")


def _batch_headline(held: Held, audio: str) -> str:
    if held.max_batch >= MOST_SEQUENCES:
        return "batch_unbounded"
    return f"batch{audio}" if held.max_batch else "batch_none"


def held_values(sized: Sized, held: Held, text: Messages) -> dict[str, Any]:
    """What the GPUs hold, as sentences print it."""
    least = held.least.deployment.layout if held.least else Layout()
    return {
        "max_batch": count(held.max_batch),
        "range": _range(sized, held, text),
        "high": count(held.max_batch_high),
        "longest": count(held.longest),
        "pool": gib(held.pool.bytes),
        "pool_tokens": count(held.pool.tokens),
        "count": least.gpu_count,
        "layout": layout_text(least, text, sized.estimate.deployment.engine),
        "most": GPU_COUNTS[-1],
        "utilization": f"{sized.estimate.plan.utilization:.3g}",
        "reason": "; ".join(remark_text(Remark(each.key, each.values), text) for each in sized.refusals),
    }


def _range(sized: Sized, held: Held, text: Messages) -> str:
    """The largest batch, with its ends inside the band where they differ."""
    if held.max_batch_low == held.max_batch_high:
        return count(held.max_batch)
    low, high = count(held.max_batch_low), count(held.max_batch_high)
    return text("label.range", max_batch=count(held.max_batch), low=low, high=high, band=gib(sized.estimate.band))
