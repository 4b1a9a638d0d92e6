"""Whether a question would wait for the Hub: asked before it is worked out, where nobody may be kept waiting."""

from __future__ import annotations

from collections.abc import Iterator

from bot.parse import parse
from bot.query import Query
from catalog.find import find_model
from catalog.remote import remote
from catalog.types import NotFound

BESIDE = ("speculative_model", "lora_modules")
"""Flags that name what is served beside the model."""


def waits(text: str) -> bool:
    """Whether a model, draft or adapter that a question names is neither in the catalog nor remembered."""
    source = remote()
    if source is None or "/" not in text:
        return False
    query = parse(text)
    if query.problems:
        return False
    return any(not source.is_cached(name, revision) for name, revision in _looked_up(query))


def _looked_up(query: Query) -> Iterator[tuple[str, str]]:
    """Names and revisions that the catalog does not settle."""
    revision = str(query.extra.get("revision", ""))
    if query.model and (revision or isinstance(find_model(query.model.value), NotFound)):
        yield query.model.value, revision
    for name in (str(query.extra.get(flag) or "").rpartition("=")[2] for flag in BESIDE):
        if name and isinstance(find_model(name), NotFound):
            yield name, ""
