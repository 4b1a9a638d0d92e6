"""`/vram …`: the answer goes out in the acknowledgement itself, ephemeral."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.messages import messages
from bot.reply import Reply
from bot.surfaces.slack import respond
from bot.surfaces.slack.logging import log
from bot.surfaces.slack.message import Message, ask

if TYPE_CHECKING:
    from slack_bolt import Ack, App

ACK_SECONDS = 2.0
"""Slack shows an error to the person after 3 seconds; the rest is for the way there and back."""


def register(app: App, *, answer: Callable[[str], Reply], pool: Executor, command: str) -> None:
    """Listen to the slash command."""

    def size(ack: Ack, body: dict[str, Any]) -> None:
        future = pool.submit(ask, answer, body.get("text") or "")
        try:
            message = future.result(timeout=ACK_SECONDS)
            ack(message.body())
            log().info("answered", verdict=message.reply.verdict)
        except TimeoutError:
            ack({"response_type": "ephemeral", "text": messages()("slack.waiting")})
            log().info("answering_late")
            future.add_done_callback(partial(_send_late, body.get("response_url")))

    app.command(command)(size)


def _send_late(url: str | None, future: Future[Message]) -> None:
    if url:
        respond.send(url, future.result())
