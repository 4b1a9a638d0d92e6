"""The Slack surface. `register(app)` adds it to any Bolt app: that is the plugin."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.defaults import Defaults
    from bot.reply import Reply
    from bot.surfaces.slack.desk import Answering, Desk
    from bot.surfaces.slack.store import Store

ANSWER_THREADS, LATE_THREADS = 16, 16
SURFACES = frozenset({"command", "mentions", "shortcuts", "home", "step"})


def register(
    app: App,
    *,
    answer: Answering | None = None,
    command: str = "/vram",
    surfaces: Collection[str] = SURFACES,
    store: Store | None = None,
) -> None:
    """Attach our listeners to `app`, each to ids of our own (`vram_…`, `size_deployment`) and nothing else.

    answer: what turns a question into a Reply, by default bot.answer.answer.
    command: the slash command to listen to, for a host whose manifest names it otherwise.
    surfaces: which ways in to listen to. Bolt gives an event to the first listener that takes it, so a host that
        handles mentions or its Home itself leaves those out.
    store: what is remembered between requests, by default this process's memory.
    """
    from bot.surfaces.slack import actions, commands, functions, home, mentions, options, shortcuts, submissions

    desk = _desk(answer, command, store)
    ways = {
        "command": commands.register,
        "mentions": mentions.register,
        "shortcuts": shortcuts.register,
        "home": home.register,
        "step": functions.register,
    }
    for name, attach in ways.items():
        if name in surfaces:
            attach(app, desk)
    actions.register(app, desk)
    submissions.register(app, desk)
    options.register(app, desk)


def _desk(answer: Answering | None, command: str, store: Store | None) -> Desk:
    from bot.surfaces.slack.desk import Desk
    from bot.surfaces.slack.store import MemoryStore

    return Desk(
        answer=answer or default_answer,
        store=store or MemoryStore(),
        pool=ThreadPoolExecutor(ANSWER_THREADS, thread_name_prefix="vram"),
        late=ThreadPoolExecutor(LATE_THREADS, thread_name_prefix="vram-late"),
        waits=never if answer else default_waits,
        command=command,
    )


def default_answer(text: str, *, defaults: Defaults | None = None) -> Reply:
    """bot.answer.answer, imported with the first question."""
    from bot.answer import answer

    return answer(text, defaults=defaults)


def default_waits(text: str) -> bool:
    """bot.waiting.waits, imported with the first question."""
    from bot.waiting import waits

    return waits(text)


def never(text: str) -> bool:
    """A host's own answer is taken to be quick."""
    return False
