"""The Slack surface. `register(app)` adds it to any Bolt app: that is the plugin."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.reply import Reply

    Answering = Callable[[str], Reply]

ANSWER_THREADS = 16


def register(app: App, *, answer: Answering | None = None, command: str = "/vram") -> None:
    """Attach every listener to `app`.

    answer: what turns a question into a Reply, by default bot.answer.answer.
    command: the slash command to listen to, for a host whose manifest names it otherwise.
    """
    from bot.surfaces.slack import commands

    pool = ThreadPoolExecutor(ANSWER_THREADS, thread_name_prefix="vram")
    commands.register(app, answer=answer or default_answer, pool=pool, command=command)


def default_answer(text: str) -> Reply:
    """bot.answer.answer, imported with the first question."""
    from bot.answer import answer

    return answer(text)
