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


def read_log(query: Query, log: Observation) -> Reply:
    """The reply to a log; words around it that were not understood are no obstacle."""
    query = replace(query, problems=(), unread=(), verb="size")
    try:
        sized = size(resolve(query))
    except QuestionError as error:
        return say_log(Case(query, log, None), "model" if isinstance(error, UnknownModel) else None)
    return say_log(Case(query, log, sized))
