"""Sized -> Reply: what a person reads, most important first, in their language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot import present
from bot.amounts import count
from bot.basis import measured_notes, measured_remarks
from bot.cautions import cautions
from bot.changes import Held
from bot.choices import GUIDE
from bot.command_facts import command_facts
from bot.formats import CACHE_IN_8_BITS
from bot.guide_notes import guide_caveats, guide_facts
from bot.headlines import headline, held_values, shown_names
from bot.messages import Messages, messages
from bot.ollama import is_ollama, kept_flag
from bot.phrasing import amounts, is_audio, layout_text, remark_text
from bot.reply import Reply, Table
from bot.reply_tables import tables
from bot.resolve import REFERENCE_GPU
from bot.size import Sized
from bot.steps import steps
from formulas.engines import engine
from formulas.engines.vllm_plan import VllmPlan
from formulas.solve import LONGEST_TOKENS, MOST_SEQUENCES

SAYS_ALSO = {
    "refusal.free": ("warning.free",),
    "refusal.kernels": ("warning.no_native_fp8", "warning.no_bf16"),
    "refusal.card": ("warning.engine_card",),
}
"""Warnings that a refusal has said already."""
BEFORE_CACHE = (
    "fact.no_cache",
    "fact.nothing_left",
    "fact.nothing_left_tight",
    "fact.max_batch",
    "fact.max_batch_none",
    "fact.max_batch_audio",
)
"""Sentences that stand before the one on the other KV cache."""


def say(sized: Sized) -> Reply:
    """The reply to one question worked out."""
    text = messages(sized.resolution.query.language)
    answer = present.answer(sized)
    assumptions = assumptions_of(sized, text)
    said = {key for refusal in sized.refusals for key in SAYS_ALSO.get(refusal.key, ())}
    remarks = [each for each in (*sized.resolution.notes.warnings, *cautions(sized)) if each.key not in said]
    said_so_far = (remark_text(remark, text) for remark in remarks)
    notes = (*said_so_far, *measured_notes(sized, text), *guide_caveats(sized.estimate, text))
    answer = answer.model_copy(update={"assumptions": list(assumptions), "notes": list(notes)})
    return Reply(
        answer=answer,
        verdict=answer.verdict,
        headline=headline(sized, text),
        language=text.language,
        tables=_tables(sized, text),
        facts=(*_all_facts(sized, text), *guide_facts(sized.estimate, text)),
        notes=notes,
        steps=steps(sized, text),
        assumptions=assumptions,
        source=_source(sized, text),
    )


def _tables(sized: Sized, text: Messages) -> tuple[Table, ...]:
    """Of a refused command those of the command put right, labelled so; none where no flag does that."""
    if not sized.refusals:
        return tables(sized, text)
    found = tables(sized.accepted, text) if sized.accepted else ()
    return tuple(replace(table, caption=text("table.put_right", caption=table.caption)) for table in found)


def _all_facts(sized: Sized, text: Messages) -> tuple[str, ...]:
    """Of a refused command what the command put right comes to."""
    if not sized.refusals:
        return (*_facts(sized, text), *command_facts(sized, text))
    right = sized.accepted
    if right is None or right.held is None:
        return ()
    values = {**shown_names(right, text), **amounts(right.estimate), **held_values(right, right.held, text)}
    return (text(f"fact.put_right_{right.estimate.verdict}", **values), *_all_facts(right, text))


def _facts(sized: Sized, text: Messages) -> tuple[str, ...]:
    held = sized.held
    if held is None:
        return ()
    values: dict[str, Any] = {**shown_names(sized, text), **amounts(sized.estimate), **held_values(sized, held, text)}
    keys = _fact_keys(sized, held)
    cache = _other_cache(sized, text) if held.max_batch or held.pool.bytes else []
    sentences = [text(key, **values) for key in keys]
    place = sum(key in BEFORE_CACHE for key in keys)
    return (*sentences[:place], *cache, *sentences[place:])


def _fact_keys(sized: Sized, held: Held) -> list[str]:
    """Sentences of what these GPUs hold; the solved quantity is in the headline already."""
    keeps, solve_for = sized.estimate.memory.kv_cache > 0, sized.resolution.solve_for
    if keeps and not held.pool.bytes:
        return ["fact.nothing_left_tight" if held.max_batch_high else "fact.nothing_left"]
    if sized.estimate.deployment.settings.gpu_layers == 0:
        return ["fact.no_layers"]
    audio = is_audio(sized.estimate.deployment)
    keys = [] if keeps else ["fact.no_cache"]
    if frees_at_once(sized):
        keys.append("fact.pooled")
    if solve_for != "batch":
        keys.append(_batch_key(held, audio=audio))
    if solve_for != "sequence" and not audio:
        keys.append(_longest_key(held))
    pool = "fact.pool_audio" if audio else "fact.pool"
    return [*keys, pool] if keeps else keys


def _batch_key(held: Held, *, audio: bool) -> str:
    if audio:
        return "fact.max_batch_audio"
    if held.max_batch >= MOST_SEQUENCES:
        return "fact.max_batch_unbounded"
    return "fact.max_batch" if held.max_batch else "fact.max_batch_none"


def frees_at_once(sized: Sized) -> bool:
    """Whether a request gives its cache back when its prompt is read, in the engine whose scheduler is followed."""
    return sized.estimate.deployment.model.pooled and isinstance(sized.estimate.plan, VllmPlan)


def _longest_key(held: Held) -> str:
    if held.longest >= LONGEST_TOKENS:
        return "fact.longest_unbounded"
    if not held.longest:
        return "fact.longest_none"
    return "fact.longest_model" if held.limited_by_model else "fact.longest"


def _other_cache(sized: Sized, text: Messages) -> list[str]:
    """The 8-bit KV cache with its largest batch, whenever the question left the format open."""
    other = next((change for change in sized.changes if change.change.startswith("kv_cache=")), None)
    if other is None or sized.held is None or other.max_batch <= sized.held.max_batch:
        return []
    current = sized.estimate.deployment
    return [
        text(
            "fact.other_cache" if sized.verdict == "fits" else "fact.other_cache_turns",
            kv_cache=current.kv_cache.key,
            flag=_cache_flag(sized),
            max_batch=count(other.max_batch),
            verdict=text(f"verdict.{other.estimate.verdict}"),
        )
    ]


def _cache_flag(sized: Sized) -> str:
    offered = CACHE_IN_8_BITS[sized.estimate.deployment.engine]
    query = sized.resolution.query
    return kept_flag("kv_cache_type", offered.key, ollama=True) if is_ollama(query) else offered.flag


def assumptions_of(sized: Sized, text: Messages) -> tuple[str, ...]:
    notes = sized.resolution.notes
    kept = sized.estimate.memory.kv_cache
    remarks = [remark_text(remark, text) for remark in notes.assumptions if kept or remark.key != "assumed.kv_cache"]
    if "engine" in notes.assumed or "engine_version" in notes.assumed:
        remarks.append(text("assumed.engine", **shown_names(sized, text)))
    if sized.resolution.deployment.settings.utilization is None and sized.resolution.solve_for != "utilization":
        remarks.append(_share(sized, text))
    if fewest := _fewest(sized, text):
        remarks.append(fewest)
    remarks += measured_remarks(sized, text)
    if not sized.resolution.gpu_named:
        remarks.append(text("assumed.gpu_none", gpu=REFERENCE_GPU))
    return tuple(remarks)


def _fewest(sized: Sized, text: Messages) -> str:
    """How the fewest GPUs share the work, where that is another layout than the one that was sized."""
    least = sized.held.least.deployment.layout if sized.held and sized.held.least else None
    if least is None or least.gpu_count == 1 or least == sized.estimate.deployment.layout:
        return ""
    return text(
        "assumed.fewest", count=least.gpu_count, layout=layout_text(least, text, sized.estimate.deployment.engine)
    )


def _share(sized: Sized, text: Messages) -> str:
    """How much of the card the engine may use."""
    deployment, share = sized.estimate.deployment, sized.estimate.plan.utilization
    if engine(deployment.engine).takes_share:
        return text("assumed.utilization", utilization=f"{share:.3g}")
    return text("assumed.share", share=f"{100 * share:.3g}", **shown_names(sized, text))


def _source(sized: Sized, text: Messages) -> str:
    """Where the dimensions come from; the release too where no assumption names it."""
    deployment, assumed = sized.estimate.deployment, sized.resolution.notes.assumed
    said = deployment.engine == GUIDE or "engine" in assumed or "engine_version" in assumed
    key = "label.source" if said else "label.source_version"
    return text(key, **{**shown_names(sized, text), "source": deployment.model.source})
