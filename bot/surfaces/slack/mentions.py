"""`@vram …`: answered in the thread of the mention; what cannot be answered is said to its author alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.contract import Answer
from bot.followup import follow_up
from bot.messages import Messages, messages
from bot.surfaces.slack import posting
from bot.surfaces.slack.controls import ANSWERED
from bot.surfaces.slack.desk import Desk, Where, spoken_in, where
from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.message import Message, failure
from bot.surfaces.slack.permalink import Target
from bot.surfaces.slack.typed import has_files, typed

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient


def register(app: App, desk: Desk) -> None:
    """Listen to mentions."""

    @safely("mention_failed")
    def work(event: dict[str, Any], body: dict[str, Any], client: WebClient, context: Any) -> None:
        here = where(context, event.get("channel") or "")
        if is_ours(event) and desk.first_time(here, body):
            answer(desk, client, here, event)

    app.event("app_mention")(ack=acknowledge, lazy=[work])


def is_ours(event: dict[str, Any]) -> bool:
    """A person's own new message: neither a bot's nor an edit of an older one."""
    return bool(event.get("user")) and not event.get("bot_id") and "edited" not in event and "subtype" not in event


def answer(desk: Desk, client: WebClient, here: Where, event: dict[str, Any]) -> None:
    """Post the answer into the thread; never raises."""
    target = Target(here.channel, event.get("thread_ts") or event["ts"])
    try:
        _answer(desk, client, here, target, event)
        if has_files(event):
            whisper(client, here, target, {"text": _language(desk, here, event)("slack.files_unread")})
    except Exception as error:
        whisper(client, here, target, Message(failure(log_error("mention_failed", error))).native())


def _answer(desk: Desk, client: WebClient, here: Where, target: Target, event: dict[str, Any]) -> None:
    state = desk.state(here, typed(event), asker=here.user)
    before = posting.previous(desk, here, target)
    leaning = follow_up(before, state.question) if before else None
    state = replace(state, question=leaning or state.question)
    message = desk.private(state)
    if message.reply.verdict not in ANSWERED:
        whisper(client, here, target, message.native())
        if "thread_ts" in event and not before and _lacks_model(message.reply.answer):
            whisper(client, here, target, {"text": messages(message.reply.language)("slack.thread_unknown")})
        return
    try:
        posted = posting.post(desk, client, here, target, state)
    except posting.NotPosted as problem:
        whisper(client, here, target, {"text": messages(message.reply.language)(problem.key, code=problem.code)})
        return
    desk.remember(here, posted.message, state)
    if posted.updated:
        whisper(client, here, target, _points_to(posted, message.reply.language))


def _lacks_model(answer: Answer) -> bool:
    return answer.error is not None and (answer.error.code, answer.error.slot) == ("empty", "model")


def _language(desk: Desk, here: Where, event: dict[str, Any]) -> Messages:
    return spoken_in(desk.state(here, typed(event)))


def _points_to(posted: posting.Posted, language: str) -> dict[str, Any]:
    """The card stands further up in the thread: say so."""
    sentence = messages(language)("slack.updated")
    link = [{"type": "link", "url": posted.link}] if posted.link else []
    runs = [{"type": "text", "text": f"{sentence} "}, *link]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": runs}]}
    return {"text": sentence, "blocks": [block]}


def whisper(client: WebClient, here: Where, target: Target, content: dict[str, Any]) -> None:
    """Say something in the thread that only the author sees; never raises."""
    from slack_sdk.errors import SlackApiError

    try:
        client.chat_postEphemeral(channel=target.channel, user=here.user, thread_ts=target.thread, **content)
    except (SlackApiError, OSError) as error:
        log_error("not_whispered", error)
