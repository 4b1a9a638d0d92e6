"""A question that holds a log: diagnosed by the log alone, and worked out too where it names its model."""

from __future__ import annotations

from dataclasses import replace

from bot.diagnosis import Case
from bot.errors import QuestionError, UnknownModel
from bot.logs.observation import Observation
from bot.query import Query
from bot.reply import Reply
from bot.resolve import resolve
from bot.say_log import say_log
from bot.size import size
from bot.sorry import sorry


def read_log(query: Query, log: Observation) -> Reply:
    """The reply to a log; words around it that were not understood are no obstacle."""
    query = replace(query, problems=(), unread=(), verb="size")
    try:
        sized = size(resolve(query))
    except UnknownModel:
        return say_log(Case(query, log, None), "model")
    except QuestionError as error:
        return _without_figures(say_log(Case(query, log, None), "figures" if query.model else None), query, error)
    return say_log(Case(query, log, sized))


def _without_figures(reply: Reply, query: Query, error: QuestionError) -> Reply:
    """The reply with why nothing beside the log was worked out, where the question names its model."""
    if not query.model:
        return reply
    notes = (*reply.notes, sorry(query, error).headline)
    return replace(reply, notes=notes, answer=reply.answer.model_copy(update={"notes": list(notes)}))
