"""Socket Mode: the same app over a connection that we open, for where no public URL is to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings import Settings
from bot.surfaces.slack.app import build_app
from bot.surfaces.slack.client import web_client

if TYPE_CHECKING:
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    from bot.surfaces.slack.desk import Answering


def handler(settings: Settings, *, answer: Answering | None = None) -> SocketModeHandler:
    """A handler to `start()`; its own client carries the app-level token."""
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    settings.require("slack_bot_token", "slack_app_token")
    token = settings.slack_app_token
    return SocketModeHandler(
        build_app(settings, answer=answer),
        token.reveal() if token else "",
        web_client=web_client(token, settings.slack_api_url),
    )
