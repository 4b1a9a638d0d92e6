"""A short question that leans on the one before it: `same on h200`, `batch 40`, `kv fp8` change one thing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from bot.amounts import tokens_short
from bot.carried import TRAVELS, language_words, logged_words, settings_words
from bot.formats import shown
from bot.logs.readings import Readings
from bot.masking import masked
from bot.parse import SLOTS, parse
from bot.query import CustomCard, Problem, Query, Said
from bot.questions import release_words
from bot.words import fold, languages
from catalog.find import find_model
from catalog.types import NotFound
from formulas.units import GIB

SHORT = 500
"""Longer questions are pasted commands and logs: they are remembered as what they come to."""
SHORTEST_LOG = 120
"""Longer questions and those of several lines may hold a log."""
MOST_KEPT = 300
"""Characters that are kept of a log in which nothing was read that a question can say."""
LAYOUT = ("tensor_parallel", "pipeline_parallel", "data_parallel")
HARDWARE = ("gpu_count", *LAYOUT)

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
    "gpu_count": LAYOUT,
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
COMPLETES = {"gpu_count": "gpu", **dict.fromkeys((*LAYOUT, "expert_parallel"), "gpu")}
"""Slot -> the one without which it had no meaning: stated with it for the first time, it completes the question."""


def follow_up(previous: str, change: str) -> str | None:
    """The whole question that `change` makes of `previous`; None where `change` stands by itself."""
    forgotten, change = without_forgetting(change)
    before = parse(previous)
    if forgotten:
        before = replace(before, measured=None, logged_at=None)
        return follow_up(spoken(before), change) if change else spoken(before)
    now = parse(change)
    if not _leans(now):
        return None
    problems = [problem for problem in now.problems if not _only_lacks_model(problem)]
    if problems or now.log:
        slots = {problem.slot for problem in problems if problem.slot in SLOTS} | set(_stated(now))
        kept = merge(before, now) if now.log else before
        return f"{spoken(replace(kept, **dict.fromkeys(slots)))} {change}"  # type: ignore[arg-type]
    return " ".join((spoken(merge(before, now)), *now.unread))


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
    if slot in ("gpu", "engine", "engine_version"):
        return getattr(before, slot) is None
    return slot in COMPLETES and getattr(before, COMPLETES[slot]) is None


def _value(query: Query, slot: str) -> Any:
    said = getattr(query, slot)
    return said.value if said else None


def spoken(query: Query) -> str:
    """A question that is read back to the same slots."""
    return " ".join(_parts(query))


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


# --------------------------------------------------------------------------- words


def _parts(query: Query) -> Iterator[str]:
    if query.verb == "explain":
        yield "explain"
    for slot, words in WORDS.items():
        if (said := getattr(query, slot)) is not None:
            yield words(said.value)
    if query.command and (length := _own_limit(query)):
        yield WORDS["sequence_tokens"](length)
    yield from _cards(query)
    if query.engine and query.engine_version:
        yield f"{query.engine.value} {release_words(query.engine_version.value)}"
    elif query.engine or query.engine_version:
        said = query.engine or query.engine_version
        yield said.value if query.engine else f"version {said.value}"  # type: ignore[union-attr]
    yield from filter(None, (settings_words(query.extra), language_words(query.language)))
    if query.command and not (query.batch or query.solve_for):
        yield ASKED["batch"]


def _own_limit(query: Query) -> int | None:
    """The length that a command means where it states none: the model's own limit."""
    asked = query.solve_for and query.solve_for.value == "sequence"
    if query.model is None or query.sequence_tokens or query.mix or query.audio_seconds or asked:
        return None
    found = find_model(query.model.value)
    return None if isinstance(found, NotFound) else found.item.max_length


def _cards(query: Query) -> Iterator[str]:
    count = query.gpu_count.value if query.gpu_count else None
    if query.gpu is not None:
        card = query.gpu.value
        name = f"{card.label} GPU" if isinstance(card, CustomCard) else card
        yield f"on {count}x {name}" if count else f"on {name}"
    elif count:
        yield f"{count} GPUs"


def _mix(mix: tuple[tuple[float, int], ...]) -> str:
    return " ".join(f"{100 * share:g}% {tokens_short(tokens)}" for share, tokens in mix)


ASKED = {
    "batch": "how many users",
    "sequence": "longest context",
    "gpu_count": "how many GPUs",
    "gpu": "which GPU",
    "utilization": "minimum utilization",
}

WORDS: dict[str, Callable[[Any], str]] = {
    "solve_for": lambda asked: ASKED[asked],
    "model": str,
    "weights": shown,
    "kv_cache": lambda key: f"kv {key}",
    "batch": lambda number: f"batch {number}",
    "sequence_tokens": lambda tokens: f"seq {tokens_short(tokens)}",
    "mix": _mix,
    "audio_seconds": lambda seconds: f"{seconds:g} s audio",
    "tensor_parallel": lambda size: f"tp{size}",
    "pipeline_parallel": lambda size: f"pp{size}",
    "data_parallel": lambda size: f"dp{size}",
    "expert_parallel": lambda on: "ep" if on else "",
    "utilization": lambda share: f"util {share:g}",
    "free_bytes": lambda size: f"{size / GIB:.4g}GiB free",
    "max_batched_tokens": lambda tokens: f"--max-num-batched-tokens {tokens}",
    "max_sequences": lambda number: f"--max-num-seqs {number}",
    "enforce_eager": lambda on: "--enforce-eager" if on else "",
    "block_size": lambda size: f"--block-size {size}",
    "measured": Readings.words,
    "logged_at": logged_words,
    "method": lambda method: f"method {method}",
    "form": lambda form: f"as {form}",
}
"""Slot -> its value in words; cards and engine, which are said together, apart."""
