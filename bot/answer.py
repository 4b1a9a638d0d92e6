"""answer(text) -> Reply: the whole way from a question to what is shown; no surface, no network, never raises."""

from __future__ import annotations

import logging

from bot.amounts import shown_in
from bot.compare import compared
from bot.defaults import Defaults, inherit
from bot.errors import Conflict, EmptyQuestion, QuestionError
from bot.help import help_reply
from bot.masking import masked
from bot.parse import parse
from bot.query import Query
from bot.reply import Reply
from bot.resolve import resolve
from bot.say import say
from bot.size import size
from bot.sorry import internal_error, sorry
from bot.tried import with_tried
from bot.which_format import asks_format, widest_format
from bot.which_model import with_offers

log = logging.getLogger(__name__)


def answer(text: str, *, defaults: Defaults | None = None) -> Reply:
    """One question answered, or one sentence that says what to ask instead.

    defaults: settings that stand in for what the question does not say; the reply names them.
    """
    settings = defaults or Defaults()
    text = masked(text.encode("utf-8", "replace").decode("utf-8"))
    query = Query(text=text)
    try:
        query = inherit(parse(text), settings)
        with shown_in(settings.units):
            return _answer(query, settings)
    except QuestionError as error:
        return sorry(query, error)
    except Exception as error:
        return internal_error(query, error, log)


def _answer(query: Query, settings: Defaults) -> Reply:
    if query.log:
        from bot.read_log import read_log

        return read_log(query, query.log)
    if query.verb == "help":
        return help_reply(query)
    try:
        if asks_format(query):
            return widest_format(query)
        sized = size(resolve(query))
    except Conflict as error:
        return compared(query, sorry(query, error), settings)
    except EmptyQuestion as error:
        raise with_offers(query, error) from None
    if query.verb == "explain":
        from bot.derive import derive

        return derive(sized)
    return with_tried(say(sized), query, sized.resolution)
