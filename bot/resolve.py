"""resolve(query) -> Resolution: finds each name, fills what was not said, and records every assumption."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from bot.additions import served_beside
from bot.capped import at_its_cache
from bot.card_state import as_set_up
from bot.choices import choose_engine, choose_kv_cache, choose_length, choose_weights, fit_card, fit_engine
from bot.commands.rewrite import Change
from bot.errors import ERRORS, OutOfRange, QuestionError, UnknownGpu, Unsupported
from bot.layouts import choose_layout
from bot.measured import with_measured
from bot.models import find_named
from bot.parsing.check import LIMITS, WHOLE
from bot.query import CustomCard, Problem, Query
from bot.stated import slot_load, stated
from catalog.find import find_gpu, find_machine
from catalog.load import load
from catalog.types import Gpu, NotFound
from formulas.deployment import Deployment, Layout, Load, Settings
from formulas.engines import engine

REFERENCE_GPU = "NVIDIA H100 SXM 80GB"
"""Whose engine defaults (batched tokens, kernels) hold when no GPU was named."""


CUSTOM = "custom"
"""Maker of a card that is known by its memory alone."""


class Remark(NamedTuple):
    """A sentence of bot/lang by key, with what fills it."""

    key: str
    values: dict[str, Any]


@dataclass
class Notes:
    """What the answer must own up to, collected while resolving."""

    assumed: list[str] = field(default_factory=list)
    """Fields that the text did not state."""
    assumptions: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    layout_refused: tuple[Layout, str] | None = None
    """The layout of a pasted command that its engine does not take, and why."""
    is_capped: bool = False
    """Whether the length is what the cache holds: the server starts with it, and refuses longer requests."""
    other_server: tuple[str, ...] = ()
    """In what the question is of another server than its measurements."""

    def assume(self, field_name: str, key: str | None = None, **values: Any) -> None:
        """Record that a field was filled in, and say how if it has a sentence."""
        self.assumed.append(field_name)
        if key:
            self.assumptions.append(Remark(key, values))

    def explain(self, key: str, **values: Any) -> None:
        """Record how something that was stated is taken."""
        self.assumptions.append(Remark(key, values))

    def warn(self, key: str, **values: Any) -> None:
        """Record something the reader must know."""
        self.warnings.append(Remark(key, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A question with nothing left open."""

    query: Query
    deployment: Deployment
    model_name: str
    """The Hugging Face id: the catalog's, or that of a copy known by its name."""
    gpu_named: bool
    solve_for: str | None
    notes: Notes
    rewrites: tuple[Change, ...] = ()
    """Flags of a pasted command to be put right that a deployment does not hold."""


def resolve(query: Query) -> Resolution:
    """Raises QuestionError with the sentence to show when the question cannot be answered."""
    _refuse(query)
    notes = Notes()
    named = find_named(query, notes)
    model, gpu = named.model, as_set_up(_gpu(query, notes), query.extra, notes)
    weights = choose_weights(query, named, notes)
    engine_key, release = choose_engine(query, weights, gpu, notes)
    weights = fit_card(fit_engine(weights, engine_key, notes), query, gpu, engine_key, notes)
    if _unknown(query) == "utilization" and not engine(engine_key).takes_share:
        raise Unsupported("unsupported.utilization", engine=engine_key)
    kv_cache = choose_kv_cache(query, model, gpu, weights, engine_key, notes)
    length = choose_length(query, model, gpu, notes)
    beside = served_beside(query, named, engine_key, notes)
    deployment = Deployment(
        model=model,
        weights=weights,
        kv_cache=kv_cache,
        formats=load().formats,
        gpu=gpu,
        engine=engine_key,
        engine_version=release,
        layout=choose_layout(query, model, gpu, engine_key, notes),
        settings=_settings(query, gpu, beside.settings | stated(query, release)),
        load=slot_load(query, Load(batch=_batch(query, notes), sequence_tokens=length), release),
        draft=beside.draft,
    )
    _note_typos(query, notes)
    _note_unread(query, notes)
    if "other_server" in query.extra:
        notes.warn("warning.other_server", words=(query.extra["other_server"],), engine=engine_key)
    _note_inherited(query, notes)
    return Resolution(
        query=query,
        deployment=at_its_cache(with_measured(deployment, query, notes), query, notes),
        model_name=named.name,
        gpu_named=query.gpu is not None,
        solve_for=_unknown(query),
        notes=notes,
    )


def _refuse(query: Query) -> None:
    for problem in query.problems:
        kind: type[QuestionError] = ERRORS.get(problem.code, OutOfRange)
        slot = problem.slot or "question"
        values = {"words": problem.words, "slot": slot, **_limits(slot)}
        raise kind(f"{problem.code}.{_sentence(problem, slot)}", suggestions=problem.suggestions, **values)


def _sentence(problem: Problem, slot: str) -> str:
    """The last part of the key of a problem's sentence: by what it can offer, else by the field."""
    if problem.code == "empty" and problem.words:
        return "words"
    if problem.code in ("unknown_model", "unknown_gpu") and not problem.suggestions:
        return "alone"
    if problem.code == "out_of_range" and slot in LIMITS:
        return "whole" if slot in WHOLE else "share"
    return slot


def _limits(slot: str) -> dict[str, Any]:
    """Least and greatest value of a field, where it has any."""
    return dict(zip(("least", "most"), LIMITS.get(slot, ()), strict=False))


def _unknown(query: Query) -> str | None:
    return query.solve_for.value if query.solve_for else None


def _gpu(query: Query, notes: Notes) -> Gpu:
    if query.gpu is None:
        notes.assume("gpu")
        return _card(REFERENCE_GPU)
    if isinstance(query.gpu.value, CustomCard):
        return _custom(query.gpu.value)
    card = _card(query.gpu.value)
    machine = _machine(query, notes)
    if query.gpu.vague:
        key = "assumed.gpu_memory" if card.unified_memory else "assumed.gpu"
        size = f"{card.marketed_gb:g} GB"
        notes.assume("gpu", None if machine else key, words=query.gpu.words, gpu=card.name, size=size)
    return card


def _machine(query: Query, notes: Notes) -> bool:
    """Whether the card was named by a machine that holds it; says what it holds."""
    found = find_machine(str(query.extra["machine"])) if "machine" in query.extra else None
    if found is None or isinstance(found, NotFound):
        return False
    notes.explain("assumed.machine", words=found.item.name, count=found.item.gpu_count, gpu=found.item.gpu)
    return True


def _card(name: str) -> Gpu:
    found = find_gpu(name)
    if isinstance(found, NotFound):
        raise UnknownGpu("unknown_gpu.gpu", suggestions=found.suggestions, words=(name,))
    return found.item


def _custom(card: CustomCard) -> Gpu:
    return Gpu(
        name=f"{card.label} GPU",
        vendor=CUSTOM,
        marketed_gb=card.visible_bytes / 1e9,
        visible_bytes=card.visible_bytes,
        visible_basis="stated",
        compute_capability=9.0,
        source="the question",
        checked=date.today(),
    )


def _settings(query: Query, gpu: Gpu, others: dict[str, Any]) -> Settings:
    utilization = query.utilization.value if query.utilization else None
    if query.free_bytes and utilization is None:
        utilization = int(100 * query.free_bytes.value / gpu.visible_bytes) / 100
    return Settings(
        utilization=utilization,
        max_batched_tokens=query.max_batched_tokens.value if query.max_batched_tokens else None,
        max_sequences=query.max_sequences.value if query.max_sequences else None,
        enforce_eager=bool(query.enforce_eager and query.enforce_eager.value),
        block_size=query.block_size.value if query.block_size else None,
        free_bytes=_free_bytes(query, gpu),
        **others,
    )


def _free_bytes(query: Query, gpu: Gpu) -> int | None:
    """As stated, or what Ollama is told to leave alone taken off (OLLAMA_GPU_OVERHEAD); None: the whole card."""
    if query.free_bytes:
        return query.free_bytes.value
    left_alone = query.extra.get("gpu_overhead")
    return max(0, gpu.visible_bytes - int(left_alone)) if left_alone else None


def _batch(query: Query, notes: Notes) -> int:
    if query.batch and "in_flight" in query.extra:
        rate, seconds = query.extra["in_flight"]
        notes.assume("batch", "assumed.in_flight", words=(rate,), seconds=f"{seconds:g}", batch=query.batch.value)
    if query.batch and "of_all" in query.extra:
        notes.explain("assumed.of_all", words=query.extra["of_all"], batch=query.batch.value)
    if query.batch:
        return query.batch.value
    if _unknown(query) != "batch":
        notes.assume("batch", None if query.command else "assumed.batch")
    return 1


def _note_inherited(query: Query, notes: Notes) -> None:
    for slot, whose in query.inherited:
        notes.assume(slot, f"assumed.inherited_{whose}", setting=slot, value=getattr(query, slot).value)


def _note_typos(query: Query, notes: Notes) -> None:
    for typed, read in query.extra.get("typos", ()):
        notes.explain("assumed.typo", words=(typed,), read=read)


def _note_unread(query: Query, notes: Notes) -> None:
    remarked = {remark.words for remark in query.paste.remarks} if query.paste else set()
    if unread := tuple(words for words in query.unread if words.partition("=")[0] not in remarked):
        notes.warn("warning.unread", words=unread)
