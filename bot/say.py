"""Sized -> Reply: what a person reads, most important first, in their language."""

from __future__ import annotations

from typing import Any

from bot import present
from bot.advice import advise
from bot.advice_facts import facts_of
from bot.amounts import count, gib, gib_number
from bot.cautions import cautions
from bot.choices import shown
from bot.guide_notes import guide_caveats, guide_facts
from bot.messages import Messages, messages
from bot.questions import question
from bot.reply import Cell, Reply, Step, Table
from bot.resolve import REFERENCE_GPU, Remark
from bot.size import CACHE_IN_8_BITS, Changed, Held, Sized
from formulas.deployment import Deployment, Layout
from formulas.estimate import Estimate
from formulas.solve import GPU_COUNTS, Choice

SHOWN_GPUS = 6
SHOWN_STEPS = 7


def say(sized: Sized) -> Reply:
    """The reply to one question worked out."""
    text = messages(sized.resolution.query.language)
    answer = present.answer(sized)
    assumptions = _assumptions(sized, text)
    remarks = (*sized.resolution.notes.warnings, *cautions(sized))
    notes = (*(_remark(remark, text) for remark in remarks), *guide_caveats(sized.estimate, text))
    answer = answer.model_copy(update={"assumptions": list(assumptions), "notes": list(notes)})
    return Reply(
        answer=answer,
        verdict=answer.verdict,
        headline=headline(sized, text),
        language=text.language,
        tables=_tables(sized, text),
        facts=(*_facts(sized, text), *guide_facts(sized.estimate, text)),
        notes=notes,
        steps=_steps(sized, text),
        assumptions=assumptions,
        source=_source(sized.estimate.deployment, text),
    )


# --------------------------------------------------------------------------- names


def names(deployment: Deployment) -> dict[str, str]:
    """What every sentence may mention of a deployment."""
    return {
        "model": deployment.model.id,
        "weights": shown(deployment.weights.key),
        "batch": count(deployment.load.batch),
        "tokens": count(deployment.load.sequence_tokens),
        "gpu": deployment.gpu.name,
        "gpus": gpus(deployment.gpu.name, deployment.layout.gpu_count),
        "engine": deployment.engine,
        "version": present.release(deployment.engine_version),
        "kv_cache": deployment.kv_cache.key,
    }


def gpus(name: str, number: int) -> str:
    """'2 × NVIDIA L40S'"""
    return f"{number} × {name}"


def layout_text(layout: Layout, text: Messages) -> str:
    """'tensor parallel 8, pipeline parallel 2'"""
    sizes = {
        "tensor_parallel": layout.tensor_parallel,
        "pipeline_parallel": layout.pipeline_parallel,
        "data_parallel": layout.data_parallel,
    }
    parts = [text(f"label.{name}", count=size) for name, size in sizes.items() if size > 1]
    parts += [text("label.expert_parallel")] if layout.expert_parallel else []
    return ", ".join(parts) or text("label.single")


def amounts(result: Estimate) -> dict[str, str]:
    """Every size that a sentence may mention."""
    return {
        "total": gib(result.memory.total),
        "weights_size": gib(result.memory.weights),
        "usable": gib(result.usable),
        "visible": gib(result.deployment.gpu.visible_bytes),
        "headroom": gib(abs(result.headroom)),
        "missing": gib(max(0, -result.headroom)),
        "band": gib(result.band),
    }


# --------------------------------------------------------------------------- headline


def headline(sized: Sized, text: Messages) -> str:
    """The verdict as one sentence."""
    values: dict[str, Any] = {**names(sized.estimate.deployment), **amounts(sized.estimate)}
    if sized.held is None or sized.resolution.solve_for == "gpu":
        return _headline_choice(sized, text, values)
    return text(_headline_key(sized, sized.held), **values, **_held_values(sized, sized.held, text))


def _headline_choice(sized: Sized, text: Messages, values: dict[str, Any]) -> str:
    if not sized.gpus:
        return text("headline.needs_more", **values)
    best = sized.gpus[0]
    key = "headline.gpu" if sized.resolution.solve_for == "gpu" else "headline.needs"
    return text(key, **values, choice=gpus(best.gpu.name, best.gpu_count))


def _headline_key(sized: Sized, held: Held) -> str:
    solve_for, fits = sized.resolution.solve_for, sized.estimate.fits
    keys = {
        "batch": "batch" if held.max_batch else "batch_none",
        "sequence": ("sequence_model" if held.limited_by_model else "sequence") if held.longest else "batch_none",
        "gpu_count": "gpu_count" if held.least else "gpu_count_none",
        "utilization": "utilization" if held.utilization else "utilization_none",
    }
    if solve_for in keys:
        return f"headline.{keys[solve_for]}"
    if sized.resolution.query.command and fits:
        return "headline.fits_command"
    if sized.estimate.memory.weights > sized.estimate.usable:
        return "headline.weights_too_large"
    return f"headline.{sized.estimate.verdict}"


def _held_values(sized: Sized, held: Held, text: Messages) -> dict[str, Any]:
    least = held.least.deployment.layout if held.least else Layout()
    return {
        "max_batch": count(held.max_batch),
        "range": _range(sized, held, text),
        "longest": count(held.longest),
        "pool": gib(held.pool.bytes),
        "pool_tokens": count(held.pool.tokens),
        "count": least.gpu_count,
        "layout": layout_text(least, text),
        "most": GPU_COUNTS[-1],
        "utilization": f"{held.utilization:.3f}" if held.utilization else "",
    }


def _range(sized: Sized, held: Held, text: Messages) -> str:
    """The largest batch, with its ends inside the band where they differ."""
    if held.max_batch_low == held.max_batch_high:
        return count(held.max_batch)
    low, high = count(held.max_batch_low), count(held.max_batch_high)
    return text("label.range", max_batch=count(held.max_batch), low=low, high=high, band=gib(sized.estimate.band))


# --------------------------------------------------------------------------- tables


def _tables(sized: Sized, text: Messages) -> tuple[Table, ...]:
    components = _components(sized, text)
    return (components, _choices(sized.gpus, text)) if sized.gpus else (components,)


def _components(sized: Sized, text: Messages) -> Table:
    result = sized.estimate
    memory, deployment = result.memory, result.deployment
    rows = [
        (text("table.weights", format=shown(deployment.weights.key)), memory.weights),
        (text("table.kv_cache", format=deployment.kv_cache.key), memory.kv_cache),
        (text("table.activations"), memory.activations),
        (text("table.overhead"), memory.overhead),
        (text("table.total"), memory.total),
    ]
    rows = [(label, size) for label, size in rows if size]
    if sized.held:
        share = f"{100 * result.plan.utilization:.3g} %"
        rows.append((text("table.usable", utilization=share, visible=gib(deployment.gpu.visible_bytes)), result.usable))
    return Table(
        caption=text("table.components"),
        columns=(text("table.component"), text("table.size"), *([text("table.share")] if sized.held else [])),
        rows=tuple(_component(label, size, result.usable if sized.held else None) for label, size in rows),
    )


def _component(label: str, size: int, usable: int | None) -> tuple[Cell, ...]:
    number = Cell(gib_number(size), size / 2**30)
    if usable is None:
        return Cell(label), number
    share = 100 * size / usable
    return Cell(label), number, Cell(f"{share:.0f} %", share)


def _choices(choices: tuple[Choice, ...], text: Messages) -> Table:
    columns = (text("table.gpu"), text("table.gpu_count"), text("table.spare"))
    rows = [
        (
            Cell(choice.gpu.name),
            Cell(str(choice.gpu_count), choice.gpu_count),
            Cell(gib_number(choice.estimate.headroom), choice.estimate.headroom / 2**30),
        )
        for choice in choices[:SHOWN_GPUS]
    ]
    return Table(caption=text("table.gpus"), columns=columns, rows=tuple(rows))


# --------------------------------------------------------------------------- facts


def _facts(sized: Sized, text: Messages) -> tuple[str, ...]:
    held = sized.held
    if held is None:
        return ()
    values: dict[str, Any] = {
        **names(sized.estimate.deployment),
        **amounts(sized.estimate),
        **_held_values(sized, held, text),
    }
    facts = []
    if sized.estimate.memory.kv_cache == 0:
        facts.append(text("fact.no_cache"))
    if sized.resolution.solve_for != "batch":
        facts.append(text("fact.max_batch", **values))
    if sized.resolution.solve_for != "sequence":
        facts.append(text("fact.longest_model" if held.limited_by_model else "fact.longest", **values))
    facts += _cache_lines(sized, text)
    if sized.estimate.memory.kv_cache:
        facts.append(text("fact.pool", **values))
    return tuple(facts)


def _cache_lines(sized: Sized, text: Messages) -> list[str]:
    """Both KV formats, each with its largest batch, whenever the question left the format open."""
    other = next((change for change in sized.changes if change.change.startswith("kv_cache=")), None)
    if other is None or sized.held is None:
        return []
    current = sized.estimate.deployment
    return [
        text("fact.cache_default", kv_cache=current.kv_cache.key, max_batch=count(sized.held.max_batch)),
        text(
            "fact.cache_changed",
            flag=CACHE_IN_8_BITS[current.engine].flag,
            max_batch=count(other.max_batch),
            verdict=text(f"verdict.{other.estimate.verdict}"),
        ),
    ]


# --------------------------------------------------------------------------- steps and assumptions


def _steps(sized: Sized, text: Messages) -> tuple[Step, ...]:
    steps = [_change_step(change, text) for change in sized.changes if sized.verdict != "fits"]
    if command := _start(sized):
        steps.insert(0, Step(text("step.start"), command=command))
    language = sized.resolution.query.language
    facts = facts_of(sized)
    known = {change.change.partition("=")[0] for change in sized.changes}
    steps += [
        Step(advice.sentence(facts, language))
        for advice in advise(facts)
        if (advice.change or "").partition("=")[0] not in known
    ]
    return tuple(steps[:SHOWN_STEPS])


def _start(sized: Sized) -> str | None:
    if sized.held is None or not sized.estimate.fits or sized.resolution.query.command:
        return None
    return present.command(sized.estimate)


def _change_step(change: Changed, text: Messages) -> Step:
    deployment = change.estimate.deployment
    layout = deployment.layout
    sentence = text(
        f"step.{change.change.partition('=')[0]}",
        max_batch=count(change.max_batch),
        longest=count(deployment.load.sequence_tokens),
        count=layout.gpu_count,
        gpu=deployment.gpu.name,
        layout=layout_text(layout, text),
        verdict=text(f"verdict.{change.estimate.verdict}"),
    )
    return Step(sentence, question=question(deployment), command=present.command(change.estimate))


def _assumptions(sized: Sized, text: Messages) -> tuple[str, ...]:
    deployment, notes = sized.estimate.deployment, sized.resolution.notes
    kept = sized.estimate.memory.kv_cache
    remarks = [_remark(remark, text) for remark in notes.assumptions if kept or remark.key != "assumed.kv_cache"]
    if "engine" in notes.assumed or "engine_version" in notes.assumed:
        remarks.append(text("assumed.engine", **names(deployment)))
    if deployment.settings.utilization is None:
        remarks.append(text("assumed.utilization", utilization=f"{sized.estimate.plan.utilization:.3g}"))
    if not sized.resolution.gpu_named:
        remarks.append(text("assumed.gpu_none", gpu=REFERENCE_GPU))
    return tuple(remarks)


def _remark(remark: Remark, text: Messages) -> str:
    return text(remark.key, **{key: readable(value, text) for key, value in remark.values.items()})


def readable(value: Any, text: Messages) -> str:
    """Numbers with separators, quoted words, layouts as text."""
    if isinstance(value, int):
        return count(value)
    if isinstance(value, tuple):
        return ", ".join(f"“{word}”" for word in value)
    if isinstance(value, Layout):
        return layout_text(value, text)
    return str(value)


def _source(deployment: Deployment, text: Messages) -> str:
    return text("label.source", **{**names(deployment), "source": deployment.model.source})
