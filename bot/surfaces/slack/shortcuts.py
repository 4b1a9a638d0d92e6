"""The global shortcut, and the one on a message: both open the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.surfaces.slack import forms
from bot.surfaces.slack.desk import Desk, where
from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.typed import typed

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
        _open(desk, client, context, body, to, typed(message))

    app.shortcut(ANYWHERE)(ack=acknowledge, lazy=[anywhere])
    app.shortcut(ON_MESSAGE)(ack=acknowledge, lazy=[on_message])


def _open(
    desk: Desk, client: WebClient, context: Any, body: dict[str, Any], to: forms.Destination, text: str = ""
) -> None:
    try:
        forms.open_form(desk, client, where(context, to.channel), body.get("trigger_id") or "", to, text)
    except Exception as error:
        log_error("form_not_opened", error)
