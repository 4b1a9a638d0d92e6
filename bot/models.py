"""Which model a question means: a row of the catalog, or what bot.repositories makes of the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Named
from bot.errors import UnknownModel
from bot.query import Query
from catalog.find import find_model
from catalog.types import NotFound

if TYPE_CHECKING:
    from bot.resolve import Notes

MAIN = "main"
"""The revision of a repository that the catalog's rows describe."""


def find_named(query: Query, notes: Notes) -> Named:
    """The model of a question. Raises QuestionError where there is none that can be sized."""
    if query.model is None:
        raise UnknownModel("unknown_model.none")
    text, words = query.model.value, query.model.words
    found = find_model(text)
    if not isinstance(found, NotFound) and query.extra.get("revision", MAIN) == MAIN:
        if query.model.vague or found.vague:
            notes.assume("model", "assumed.model", words=words, model=found.item.id)
        return Named(found.item, found.item.id, None)
    from bot.repositories import look_up

    return look_up(query, text, words, found if isinstance(found, NotFound) else None, notes)
