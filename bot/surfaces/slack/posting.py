"""Answers that others see: posted with the question's author, and updated in place when the same is asked again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.contract import Answer
from bot.followup import short
from bot.surfaces.slack.logging import log
from bot.surfaces.slack.permalink import Target
from bot.surfaces.slack.respond import REFUSED
from bot.surfaces.slack.store import MONTH_SECONDS

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

    from bot.surfaces.slack.desk import Desk, Where
    from bot.surfaces.slack.message import Message
    from bot.surfaces.slack.state import State

KEPT_SECONDS = MONTH_SECONDS
NOT_PART_OF_A_QUESTION = frozenset({"assumed", "unread"})
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
"""A card that can no longer be updated."""

PROBLEMS = {
    "not_in_channel": "slack.not_in_channel",
    "channel_not_found": "slack.not_in_channel",
    "is_archived": "slack.archived",
    "thread_not_found": "slack.thread_gone",
    "message_not_found": "slack.thread_gone",
    "cannot_reply_to_message": "slack.thread_gone",
    "restricted_action": "slack.restricted",
    "restricted_action_read_only_channel": "slack.restricted",
    "restricted_action_thread_only_channel": "slack.restricted",
    "ratelimited": "slack.busy",
}
"""Slack's error code -> the sentence that says what to do."""


class NotPosted(Exception):
    """Slack did not take the message; `key` is the sentence for the person."""

    def __init__(self, key: str, code: str) -> None:
        super().__init__(code)
        self.key, self.code = key, code


@dataclass(frozen=True, slots=True)
class Posted:
    """A card that stands."""

    message: Message
    ts: str
    link: str | None
    updated: bool


def post(desk: Desk, client: WebClient, where: Where, target: Target, state: State) -> Posted:
    """Put the answer in a channel or thread. Raises NotPosted.

    Where the thread already has a card for the same question, that card is updated.
    """
    message = desk.shared(replace(state, asker=where.user))
    key = fingerprint(message.reply.answer)
    old = _standing(desk, where, target, key)
    try:
        updated = old is not None and _update(client, target, old, message)
        ts = old if updated and old else _send(client, target, message)
    except Exception as error:
        raise _not_posted(error) from None
    remember(desk, where, replace(target, thread=target.thread or ts), ts, key, state)
    return Posted(message, ts, permalink(client, target.channel, ts), updated)


def remember(desk: Desk, where: Where, target: Target, ts: str, key: str, state: State) -> None:
    """Note the card of a thread, and its question as the one that follow-ups lean on."""
    tenant, thread = where.tenant, target.thread or ts
    desk.store.set(tenant.key("card", target.channel, thread, key), ts, KEPT_SECONDS)
    desk.store.set(tenant.key("shows", target.channel, ts), key, KEPT_SECONDS)
    desk.store.set(tenant.key("thread", target.channel, thread), short(state.question), KEPT_SECONDS)


def previous(desk: Desk, where: Where, target: Target) -> str | None:
    """The question that was last answered in a thread."""
    return desk.store.get(where.tenant.key("thread", target.channel, target.thread or ""))


def fingerprint(answer: Answer) -> str:
    """The same for the same question, in whatever words; the engine's settings and what a log says are part of it."""
    understood = answer.understood.model_dump_json(exclude=set(NOT_PART_OF_A_QUESTION), exclude_none=True)
    logged = [answer.diagnosis and answer.diagnosis["phase"], answer.verdict if answer.diagnosis else None]
    if answer.measured and answer.capacity:
        logged += [answer.measured.measured, answer.capacity.kv_cache_tokens]
    return hashlib.blake2b(f"{understood}{logged}".encode(), digest_size=12).hexdigest()


def permalink(client: WebClient, channel: str, ts: str) -> str | None:
    """The link to a message, or None where Slack gives none."""
    from slack_sdk.errors import SlackApiError

    try:
        return str(client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"])
    except (SlackApiError, OSError, KeyError):
        return None


def _standing(desk: Desk, where: Where, target: Target, key: str) -> str | None:
    """The time of the thread's card for this question, if it still shows it."""
    if target.thread is None:
        return None
    ts = desk.store.get(where.tenant.key("card", target.channel, target.thread, key))
    shows = desk.store.get(where.tenant.key("shows", target.channel, ts)) if ts else None
    return ts if shows == key else None


def _send(client: WebClient, target: Target, message: Message) -> str:
    def call(content: dict[str, Any]) -> Any:
        return client.chat_postMessage(
            channel=target.channel,
            thread_ts=target.thread,
            unfurl_links=False,
            unfurl_media=False,
            metadata=_metadata(message),
            **content,
        )

    return str(_twice(call, message)["ts"])


def _update(client: WebClient, target: Target, ts: str, message: Message) -> bool:
    """Whether the card could be updated."""
    from slack_sdk.errors import SlackApiError

    try:
        _twice(lambda content: client.chat_update(channel=target.channel, ts=ts, **content), message)
    except SlackApiError as error:
        if _code(error) in GONE:
            return False
        raise
    return True


def _twice(call: Any, message: Message) -> Any:
    """Native blocks first; plain sections once where Slack refuses those."""
    from slack_sdk.errors import SlackApiError

    try:
        return call(message.native())
    except SlackApiError as error:
        if _code(error) != REFUSED:
            raise
        log().warning("blocks_refused")
        return call(message.plain())


def _metadata(message: Message) -> dict[str, Any]:
    """For other apps and workflows; no words of the person."""
    understood = message.reply.answer.understood
    payload = {"model": understood.model, "gpu": understood.gpu, "verdict": message.reply.verdict}
    return {"event_type": "vram_sizing", "event_payload": {key: value for key, value in payload.items() if value}}


def _not_posted(error: Exception) -> NotPosted:
    from slack_sdk.errors import SlackApiError

    code = _code(error) if isinstance(error, SlackApiError) else type(error).__name__
    log().warning("not_posted", code=code)
    return NotPosted(PROBLEMS.get(code, "slack.not_posted"), code)


def _code(error: SlackApiError) -> str:
    response = error.response
    return str(response.get("error", "unknown")) if hasattr(response, "get") else "unknown"
