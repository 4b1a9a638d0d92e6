"""The production server with a stand-in for the answer; gunicorn loads it in tests."""

from __future__ import annotations

from bot.surfaces.slack import server
from bot.surfaces.slack.guard import Guard
from tests.slack import replies


def create_app() -> Guard:
    return server.create_app(answer=replies.answer)
