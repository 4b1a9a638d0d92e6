"""What one presses and fills in, drawn as Slack does."""

from __future__ import annotations

from html import escape
from typing import Any

Block = dict[str, Any]


def button(part: Block) -> str:
    return f'<span class="button {part.get("style", "")}">{escape(part["text"]["text"])}</span>'


def menu(part: Block) -> str:
    """A select: what is chosen, else what it asks for."""
    chosen = part.get("initial_option", {}).get("text") or part.get("placeholder") or {"text": "Select an item"}
    return f'<span class="menu">{escape(chosen["text"])}</span>'


def entry(part: Block) -> str:
    """A field to type in."""
    return f'<span class="entry">{escape(part.get("initial_value", ""))}</span>'


def person(part: Block) -> str:
    """Ids here are names in capitals: U0ALICE."""
    return f'<span class="person">@{escape(part["user_id"].removeprefix("U0").capitalize())}</span>'


def link(part: Block) -> str:
    return f'<span class="link">{escape(part.get("text") or part["url"])}</span>'


def divider(part: Block) -> str:
    return "<hr>"
