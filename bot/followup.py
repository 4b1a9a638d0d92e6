"""A short question that leans on the one before it: `same on h200`, `batch 40`, `kv fp8` change one thing of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from bot.carried import TRAVELS
from bot.masking import masked
from bot.parse import SLOTS, parse
from bot.query import Problem, Query, Said
from bot.spoken import spoken
from bot.words import fold, languages
from catalog.find import find_model
from catalog.types import NotFound
from formulas.deployment import PARALLEL

SHORT = 500
"""Longer questions are pasted commands and logs: they are remembered as what they come to."""
SHORTEST_LOG = 120
"""Longer questions and those of several lines may hold a log."""
MOST_KEPT = 300
"""Characters that are kept of a log in which nothing was read that a question can say."""
HARDWARE = ("gpu_count", *PARALLEL)

REPLACES: dict[str, tuple[str, ...]] = {
    "sequence_tokens": ("mix", "audio_seconds"),
    "mix": ("sequence_tokens", "audio_seconds"),
    "audio_seconds": ("sequence_tokens", "mix"),
    "engine": (
        "engine_version",
        "max_batched_tokens",
        "max_sequences",
        "block_size",
        "enforce_eager",
        "method",
    ),
    "method": ("engine", "engine_version"),
    "gpu": ("free_bytes",),
    "gpu_count": PARALLEL,
    "tensor_parallel": ("gpu_count",),
    "pipeline_parallel": ("gpu_count",),
    "data_parallel": ("gpu_count",),
    "measured": ("logged_at",),
    "utilization": ("free_bytes",),
    "free_bytes": ("utilization",),
}
"""What a newly stated slot takes out of the question before."""
SETTLES = {
    "batch": "batch",
    "sequence_tokens": "sequence",
    "mix": "sequence",
    "gpu": "gpu",
    "gpu_count": "gpu_count",
    "tensor_parallel": "gpu_count",
    "utilization": "utilization",
}
"""What is no longer asked for once it is stated."""
UNSAYS: dict[str, tuple[str, ...]] = {
    "batch": ("batch",),
    "sequence": ("sequence_tokens", "mix"),
    "gpu": ("gpu", *HARDWARE),
    "gpu_count": HARDWARE,
    "utilization": ("utilization",),
}
"""What is no longer stated once it is asked for."""
OF_THE_SERVER = (
    "model",
    "weights",
    "gpu",
    *HARDWARE,
    "expert_parallel",
    "engine",
    "engine_version",
    "method",
    "block_size",
    "free_bytes",
)
"""What another server would have otherwise: measurements are of one server."""
HARDWARE_OF_THE_SERVER = ("gpu", *HARDWARE, "expert_parallel", "free_bytes")
OF_THE_ENGINE = (
    "engine",
    "engine_version",
    "utilization",
    "max_batched_tokens",
    "max_sequences",
    "enforce_eager",
    "block_size",
)
LOGGED = ("measured", "logged_at", "weights", "kv_cache")
"""What a whole question about a measured server goes on with where it says nothing else; its load is its own."""
COMPLETES = {"gpu_count": "gpu", **dict.fromkeys((*PARALLEL, "expert_parallel"), "gpu")}
"""Slot -> the one without which it had no meaning: stated with it for the first time, it completes the question."""


def follow_up(previous: str, change: str) -> str | None:
    """The whole question that `change` makes of `previous`; None where `change` stands by itself."""
    forgotten, change = without_forgetting(change)
    before = parse(previous)
    if forgotten:
        before = replace(before, measured=None, logged_at=None)
        return follow_up(spoken(before), change) or change or spoken(before)
    now = parse(change)
    if not _leans(now):
        return _on_the_same_server(before, now)
    problems = [problem for problem in now.problems if not _only_lacks_model(problem)]
    if problems or now.log:
        slots = {problem.slot for problem in problems if problem.slot in SLOTS} | set(_stated(now))
        kept = merge(before, now) if now.log else before
        return f"{spoken(replace(kept, **dict.fromkeys(slots)))} {change}"  # type: ignore[arg-type]
    return " ".join((spoken(merge(before, now)), *now.unread))


def _on_the_same_server(before: Query, now: Query) -> str | None:
    """A whole question about the model whose server was measured is about that server, where it names no other.

    Where the log named no model that is known, the one that is named now is meant.
    """
    others = now.log or now.measured or now.problems or now.command or now.verb == "help"
    if not before.measured or others or _model(now) is None:
        return None
    if _model(before) is None:
        return " ".join((spoken(merge(before, now)), *now.unread))
    if _model(before) != _model(now):
        return None
    names_hardware = any(getattr(now, slot) for slot in HARDWARE_OF_THE_SERVER)
    names_engine = now.engine is not None and _value(now, "engine") != _value(before, "engine")
    kept = (*LOGGED, *(() if names_hardware else HARDWARE_OF_THE_SERVER), *(() if names_engine else OF_THE_ENGINE))
    inherited = {slot: getattr(before, slot) for slot in kept if getattr(now, slot) is None}
    merged = replace(now, **inherited, extra={**before.extra, **now.extra})
    return " ".join((spoken(remembering(before, merged)), *now.unread))


def _model(query: Query) -> str | None:
    found = find_model(query.model.value) if query.model else None
    return None if found is None or isinstance(found, NotFound) else found.item.id


def without_forgetting(text: str) -> tuple[bool, str]:
    """Whether a text asks to forget what was measured, and what else it says."""
    words = text.split()
    folded = [fold(word.strip(",.;:!?")) for word in words]
    for phrase in _forgetting():
        if folded[: len(phrase)] == phrase:
            return True, " ".join(words[len(phrase) :]).strip(" ,.;:!?")
    return False, text


@cache
def _forgetting() -> list[list[str]]:
    found = [fold(phrase).split() for table in languages().values() for phrase in table["forget"]]
    return sorted(found, key=len, reverse=True)


def _stated(query: Query) -> dict[str, Any]:
    return {slot: said for slot in SLOTS if (said := getattr(query, slot)) is not None}


def merge(before: Query, now: Query) -> Query:
    """The question before, with what is said now in place of what it said."""
    stated = _stated(now)
    other = [slot for slot in stated if _value(before, slot) != _value(now, slot)]
    gone = {name for slot in other for name in REPLACES.get(slot, ())}
    asked = before.solve_for
    if now.solve_for:
        gone |= {*UNSAYS.get(now.solve_for.value, ())} - stated.keys()
    elif asked and asked.value in {SETTLES.get(slot) for slot in stated}:
        gone.add("solve_for")
    merged = replace(
        before,
        **{**dict.fromkeys(gone - stated.keys()), **stated},
        verb=now.verb if now.verb != "size" else before.verb,
        language=now.language if now.language != "en" else before.language,
        unread=(),
        extra={**before.extra, **now.extra},
    )
    return remembering(before, merged)


def remembering(before: Query, now: Query) -> Query:
    """The new question, with the server that its measurements are of where it is of another one now."""
    if not before.measured or now.measured != before.measured or now.logged_at or not _departs(before, now):
        return now
    return replace(now, logged_at=_server(before))


def marked(query: Query) -> Query:
    """The question with the server that its measurements are of, for a form in which anything may be changed."""
    return query if query.logged_at or not query.measured else replace(query, logged_at=_server(query))


def _server(query: Query) -> Said[str]:
    others = dict.fromkeys(SLOTS - {*OF_THE_SERVER})
    return Said(spoken(replace(query, **others, command=False)), "")  # type: ignore[arg-type]


def _departs(before: Query, now: Query) -> bool:
    """Whether the server is another; what was open before is only filled in."""
    if any(before.extra.get(name) != now.extra.get(name) for name in TRAVELS):
        return True
    return any(_value(before, slot) != _value(now, slot) for slot in OF_THE_SERVER if not _was_open(before, slot))


def _was_open(before: Query, slot: str) -> bool:
    if slot in ("model", "weights") and _model(before) is None:
        return slot == "model" or before.weights is None
    if slot in ("gpu", "engine", "engine_version"):
        return getattr(before, slot) is None
    return slot in COMPLETES and getattr(before, COMPLETES[slot]) is None


def _value(query: Query, slot: str) -> Any:
    said = getattr(query, slot)
    return said.value if said else None


def _leans(now: Query) -> bool:
    if now.model is not None:
        return _says_same(now.text)
    if now.log is not None or now.verb == "help":
        return now.log is not None
    says_something = bool(_stated(now)) or now.verb == "explain" or bool(now.extra.keys() & TRAVELS)
    lacks_model_only = any(map(_only_lacks_model, now.problems))
    return lacks_model_only and (says_something or len(now.problems) > 1)


def _only_lacks_model(problem: Problem) -> bool:
    return problem.code == "empty" and problem.slot == "model"


def _says_same(text: str) -> bool:
    start = fold(" ".join(text.split()))
    return any(start.startswith(f"{fold(word)} ") for table in languages().values() for word in table["follow_up"])


def short(question: str, most: int = SHORT) -> str:
    """A paste of more characters as the short question that it comes to; what comes to none stays as it is."""
    question = without_log(question)
    if len(question) <= most:
        return question
    query = parse(question)
    return spoken(query) if query.model and not query.problems else question


def without_log(question: str) -> str:
    """The question, a log in it replaced by the words for what it says; they give the same deployment."""
    if len(question) <= SHORTEST_LOG and "\n" not in question:
        return question
    query = parse(question)
    if query.log is None:
        return question
    return spoken(query) or masked(question)[:MOST_KEPT]
