"""answer(text) -> Reply: the whole way from a question to what is shown; no surface, no network, never raises."""

from __future__ import annotations

import logging

from bot.derive import derive
from bot.errors import QuestionError
from bot.help import help_reply
from bot.parse import parse
from bot.query import Query
from bot.reply import Reply
from bot.resolve import resolve
from bot.say import say
from bot.size import size
from bot.sorry import internal_error, sorry

log = logging.getLogger(__name__)


def answer(text: str) -> Reply:
    """One question answered, or one sentence that says what to ask instead."""
    query = parse(text)
    try:
        return _answer(query)
    except QuestionError as error:
        return sorry(query, error)
    except Exception:
        return internal_error(query, log)


def _answer(query: Query) -> Reply:
    if query.verb == "help":
        return help_reply(query)
    sized = size(resolve(query))
    return derive(sized) if query.verb == "explain" else say(sized)
