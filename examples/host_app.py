"""An existing Bolt app that gains vram with one line, SLACK_* variables set: gunicorn "examples.host_app:web()"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot.settings import Settings, load
from bot.surfaces.slack import register
from bot.surfaces.slack.client import web_client


def build_host(**options: Any) -> App:
    """The host: its own middleware, command and button; then ours."""
    app = App(name="host", **options)
    app.use(count_requests())
    app.command("/deploy")(deploy)
    app.action("approve")(approve)
    register(app)
    return app


def count_requests() -> Callable[..., None]:
    """Middleware of the host, which our listeners run behind as the host's do."""
    seen = 0

    def count(context: dict[str, Any], next: Callable[[], Any]) -> None:
        nonlocal seen
        seen += 1
        context["request_number"] = seen
        next()

    return count


def deploy(ack: Ack, command: dict[str, Any]) -> None:
    ack(f"Deploying {command['text']}")


def approve(ack: Ack) -> None:
    ack()


def options(settings: Settings) -> dict[str, Any]:
    """What Bolt needs to run in one workspace."""
    settings.require("slack_bot_token", "slack_signing_secret")
    client = web_client(settings.slack_bot_token, settings.slack_api_url)
    return {"client": client, "signing_secret": settings.slack_signing_secret.reveal()}


def web() -> SlackRequestHandler:
    """The host as a WSGI app."""
    return SlackRequestHandler(build_host(**options(load()), process_before_response=True))
