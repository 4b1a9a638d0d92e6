"""The HTTP server's entry: `gunicorn "bot.surfaces.slack.server:create_app()"`, as the Procfile has it."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot.settings import Settings, SettingsError, load
from bot.startup import connect
from bot.surfaces.slack import default_answer, oauth
from bot.surfaces.slack.app import build_app
from bot.surfaces.slack.guard import Guard
from bot.surfaces.slack.logging import configure, log, log_error
from bot.surfaces.slack.message import HELP
from bot.surfaces.slack.replay import build_seen, redis_client

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from slack_bolt import App

    from bot.surfaces.slack.desk import Answering

GUNICORN_STOPS = 4
"""The exit status on which gunicorn gives up instead of starting the worker again."""


def create_app(*, answer: Answering | None = None) -> Guard:
    """The WSGI app from the environment's settings, warmed up, or an exit that says which are missing or wrong."""
    try:
        settings = load()
        settings.require(*oauth.required(settings))
        configure(settings.log_level)
        connect(settings)
        server = build_server(settings, answer=answer)
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(GUNICORN_STOPS) from None
    log().info("started", **readiness(settings, answer))
    return server


def build_server(settings: Settings, *, answer: Answering | None = None) -> Guard:
    """Guard, then Bolt."""
    secret = settings.slack_signing_secret
    return Guard(
        endpoint(build_app(settings, answer=answer)),
        signing_secret=secret.reveal() if secret else "",
        seen=build_seen(settings),
        open_paths=(oauth.INSTALL_PATH, oauth.REDIRECT_PATH) if oauth.is_multi_workspace(settings) else (),
        health={"/healthz": lambda: {"status": "ok"}, "/readyz": lambda: readiness(settings, answer)},
    )


def endpoint(app: App) -> WSGIApplication:
    """Bolt's WSGI adapter, which here answers 400 to what it cannot parse."""
    from slack_bolt import BoltResponse
    from slack_bolt.adapter.wsgi import SlackRequestHandler

    class Endpoint(SlackRequestHandler):
        def dispatch(self, request: Any) -> BoltResponse:
            try:
                return super().dispatch(request)
            except Exception as error:
                log_error("unreadable_request", error)
                return BoltResponse(status=HTTPStatus.BAD_REQUEST, body="")

    return Endpoint(app)


def readiness(settings: Settings, answer: Answering | None) -> dict[str, Any]:
    """Whether questions can be answered; without Redis they can."""
    try:
        (answer or default_answer)(HELP)
    except Exception as error:
        return {"status": "unavailable", "reference": log_error("not_ready", error)}
    redis = _redis_state(settings)
    return {"status": "degraded" if redis == "away" else "ready", "redis": redis}


def _redis_state(settings: Settings) -> str:
    from redis import RedisError

    if settings.redis_url is None:
        return "not used"
    try:
        with redis_client(settings) as client:
            client.ping()
    except RedisError:
        return "away"
    return "connected"
