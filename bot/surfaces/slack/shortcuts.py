"""The global shortcut, and the one on a message: both open the form; a log needs none and is answered in its thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.messages import messages
from bot.parse import parse
from bot.surfaces.slack import forms, posting
from bot.surfaces.slack.desk import Desk, Where, spoken_in, where
from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.permalink import Target
from bot.surfaces.slack.typed import has_files, typed

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient

ANYWHERE, ON_MESSAGE = "vram_size", "vram_size_message"


def register(app: App, desk: Desk) -> None:
    """Listen to both."""

    @safely("shortcut_failed")
    def anywhere(body: dict[str, Any], client: WebClient, context: Any) -> None:
        _open(desk, client, context, body, forms.Destination(goal="modal"))

    @safely("shortcut_failed")
    def on_message(body: dict[str, Any], client: WebClient, context: Any) -> None:
        message, channel = body.get("message") or {}, (body.get("channel") or {}).get("id", "")
        to = forms.Destination(
            goal="thread",
            response_url=body.get("response_url") or "",
            channel=channel,
            thread=message.get("thread_ts") or message.get("ts") or body.get("message_ts") or "",
        )
        text = typed(message)
        if text.strip() and parse(text).log:
            _diagnose(desk, client, where(context, channel), to, text)
        else:
            _open(desk, client, context, body, to, text)
        if has_files(message):
            here = where(context, channel)
            forms.tell(client, here, to, spoken_in(desk.state(here, text))("slack.files_unread"))

    app.shortcut(ANYWHERE)(ack=acknowledge, lazy=[anywhere])
    app.shortcut(ON_MESSAGE)(ack=acknowledge, lazy=[on_message])


def _open(
    desk: Desk, client: WebClient, context: Any, body: dict[str, Any], to: forms.Destination, text: str = ""
) -> None:
    try:
        forms.open_form(desk, client, where(context, to.channel), body.get("trigger_id") or "", to, text)
    except Exception as error:
        log_error("form_not_opened", error)


def _diagnose(desk: Desk, client: WebClient, here: Where, to: forms.Destination, text: str) -> None:
    """What a log says, for everyone in its thread; where the bot may not post, the person is told how to invite it."""
    state = desk.state(here, text, asker=here.user)
    try:
        posted = posting.post(desk, client, here, Target(to.channel, to.thread), state)
    except posting.NotPosted as problem:
        forms.tell(client, here, to, messages(to.language)(problem.key, code=problem.code))
        return
    desk.remember(here, posted.message, state)
