"""A question that holds a log: diagnosed by the log alone, and worked out too where it names its model."""

from __future__ import annotations

from dataclasses import replace

from bot.diagnosis import Case
from bot.errors import QuestionError, UnknownModel
from bot.logged_command import logged_command
from bot.logs.observation import Observation
from bot.query import Query, Said
from bot.reply import Reply
from bot.resolve import resolve
from bot.say_log import say_log
from bot.size import size
from bot.sorry import sorry
from bot.tried import with_tried

CARD_IN_USE = "card_in_use"
"""The failure in which what is free is all that there is."""


def read_log(query: Query, log: Observation) -> Reply:
    """The reply to a log; words around it that were not understood are no obstacle."""
    query = _with_log(replace(query, problems=(), unread=(), verb="size"), log)
    try:
        sized = size(resolve(query))
    except UnknownModel:
        return say_log(Case(query, log, None))
    except QuestionError as error:
        return _without_figures(say_log(Case(query, log, None), explained=query.model is not None), query, error)
    return with_tried(say_log(Case(query, log, sized)), query, sized.resolution)


def _with_log(query: Query, log: Observation) -> Query:
    """What only the log says: the command that it was started with, and what of the card was free."""
    free = log.size("free") if log.failure == CARD_IN_USE else None
    if free and not query.free_bytes:
        query = replace(query, free_bytes=Said(free, ""))
    if query.paste is None and query.engine:
        query = replace(query, paste=logged_command(log, query.engine.value))
    return query


def _without_figures(reply: Reply, query: Query, error: QuestionError) -> Reply:
    """The reply with why nothing beside the log was worked out, where the question names its model."""
    if not query.model:
        return reply
    notes = (*reply.notes, sorry(query, error).headline)
    return replace(reply, notes=notes, answer=reply.answer.model_copy(update={"notes": list(notes)}))
