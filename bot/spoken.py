"""A question as words that are read back to the same slots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.amounts import tokens_short
from bot.carried import language_words, logged_words, settings_words
from bot.formats import shown
from bot.logs.readings import Readings
from bot.query import CustomCard, Query
from bot.questions import release_words
from catalog.find import find_model
from catalog.types import NotFound
from formulas.units import GIB


def spoken(query: Query) -> str:
    """A question that is read back to the same slots."""
    return " ".join(_parts(query))


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
