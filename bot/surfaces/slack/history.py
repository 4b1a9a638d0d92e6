"""A person's last questions: kept for thirty days, deleted when they say so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.followup import SHORT, short
from bot.surfaces.slack.store import MONTH_SECONDS, Store

if TYPE_CHECKING:
    from bot.surfaces.slack.desk import Where

MOST = 10


def add(store: Store, where: Where, question: str) -> None:
    """Put a question first, once; one that cannot be said in short is not kept."""
    question = short(question)
    if len(question) > SHORT:
        return
    kept = [question, *(each for each in last(store, where) if each != question)][:MOST]
    store.set(_key(where), json.dumps(kept), MONTH_SECONDS)


def last(store: Store, where: Where) -> list[str]:
    """The last questions, newest first."""
    text = store.get(_key(where))
    try:
        kept = json.loads(text) if text else []
    except ValueError:
        return []
    return [each for each in kept if isinstance(each, str)] if isinstance(kept, list) else []


def forget(store: Store, where: Where) -> None:
    store.delete(_key(where))


def _key(where: Where) -> str:
    return where.tenant.key("asked", where.user)
