"""Whether a question would wait for the Hub: asked before it is worked out, where nobody may be kept waiting."""

from __future__ import annotations

from bot.parse import parse
from catalog.find import find_model
from catalog.remote import remote
from catalog.types import NotFound


def waits(text: str) -> bool:
    """Whether the model that a question names is neither in the catalog nor remembered. Never raises."""
    source = remote()
    if source is None or "/" not in text:
        return False
    query = parse(text)
    if query.model is None or query.problems:
        return False
    revision = str(query.extra.get("revision", ""))
    known = not isinstance(find_model(query.model.value), NotFound)
    return not (known and not revision) and not source.is_cached(query.model.value, revision)
