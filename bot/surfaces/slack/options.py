"""Rows of the menus that are filled as one types: models of the catalog and of the Hub, GPUs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bot.surfaces.slack import elements as e
from bot.surfaces.slack.controls import GPU
from bot.surfaces.slack.logging import log_error
from catalog.load import load
from catalog.names import compact
from catalog.remote import remote

if TYPE_CHECKING:
    from slack_bolt import Ack, App

    from bot.surfaces.slack.desk import Desk

MODEL_FIELD, GPU_FIELD = "vram_model", "vram_card"
MOST_OPTIONS = 100
HUB_SECONDS = 1.2
SHOWN_OPTIONS = 30


def register(app: App, desk: Desk) -> None:
    """Fill the menus, within Slack's three seconds whatever the Hub does."""

    def fill(ack: Ack, body: dict[str, Any]) -> None:
        known, found = models(_typed(body)), _on_the_hub(desk, _typed(body))
        ack(options=_rows(list(dict.fromkeys([*known, *found]))))

    app.options(MODEL_FIELD)(fill)
    app.options(GPU_FIELD)(_cards)
    app.options(GPU)(_cards)


def models(typed: str) -> list[str]:
    """Ids of the catalog that have every word typed, and what was typed where it is a repository's id."""
    catalog = load()
    found = _matching(typed, catalog.models)
    repository = [typed.strip()] if "/" in typed.strip("/ ") and len(typed) <= e.LABEL_UNITS else []
    return list(dict.fromkeys([*found, *repository]))


def cards(typed: str) -> list[str]:
    """Names of cards that have every word typed; with nothing typed those that are usually chosen."""
    gpus = load().gpus
    return _matching(typed, gpus) if typed.strip() else sorted(name for name, gpu in gpus.items() if gpu.recommend)


def _matching(typed: str, names: Iterable[str]) -> list[str]:
    words = [word for part in typed.split() if (word := compact(part).replace("-", ""))]
    folded = ((compact(name).replace("-", ""), name) for name in names)
    hits = [
        (key.find(words[0]) if words else 0, len(name), name) for key, name in folded if all(w in key for w in words)
    ]
    return [name for *_, name in sorted(hits)][:SHOWN_OPTIONS]


def _on_the_hub(desk: Desk, typed: str) -> tuple[str, ...]:
    """What the Hub finds in time; what it finds too late is there for the next letter."""
    hub = remote()
    if hub is None:
        return ()
    try:
        return desk.late.submit(hub.names, typed).result(timeout=HUB_SECONDS)
    except Exception as error:
        if not isinstance(error, TimeoutError):
            log_error("search_failed", error)
        return ()


def _cards(ack: Ack, body: dict[str, Any]) -> None:
    ack(options=_rows(cards(_typed(body))))


def _typed(body: dict[str, Any]) -> str:
    return str(body.get("value") or "")[: e.VALUE_UNITS]


def _rows(names: list[str]) -> list[dict[str, Any]]:
    return [e.option(name, name) for name in names if len(name) <= e.LABEL_UNITS][:MOST_OPTIONS]
