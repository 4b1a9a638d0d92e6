"""Block Kit pieces as plain dicts; every text is of a kind that Slack never parses for markup."""

from __future__ import annotations

import math
from typing import Any

from bot.reply import Cell
from bot.surfaces.slack.text import clip

Block = dict[str, Any]

TEXT_UNITS = 3000
"""Most characters of one text object; slack_sdk and Slack's Block Kit reference agree."""
LABEL_UNITS = 75
"""Most characters of a button's and an option's text."""
VALUE_UNITS = 150
"""Most characters of an option's value."""
PLACEHOLDER_UNITS = 150
FIELD_UNITS = 2000
"""Most characters of a field's label and hint."""


def plain(text: str, limit: int = TEXT_UNITS) -> Block:
    """A plain_text object; emoji off, so that ":gpu:" in a name stays as typed."""
    return {"type": "plain_text", "text": clip(text, limit), "emoji": False}


def section(text: str, limit: int = TEXT_UNITS) -> Block:
    return {"type": "section", "text": plain(text, limit)}


def context(*texts: str, limit: int) -> Block:
    return {"type": "context", "elements": [plain(text, limit) for text in texts]}


def run(text: str, limit: int, **style: bool) -> Block:
    """A rich text run; style: bold, code."""
    element: Block = {"type": "text", "text": clip(text, limit)}
    return {**element, "style": style} if style else element


def sentence(text: str, limit: int) -> list[Block]:
    """Rich text runs of `text`; what it has between backticks is code."""
    clipped = clip(text, limit)
    parts = clipped.split("`")
    if len(parts) % 2 == 0:
        return [{"type": "text", "text": clipped}]
    kinds: tuple[Block, Block] = ({}, {"style": {"code": True}})
    return [{"type": "text", "text": part, **kinds[place % 2]} for place, part in enumerate(parts) if part]


def line(*runs: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(runs)}


def bullets(*lines: Block) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(lines)}


def code_block(text: str, limit: int = TEXT_UNITS) -> Block:
    return {"type": "rich_text_preformatted", "elements": [run(text, limit)]}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def actions(*elements: Block, block_id: str | None = None) -> Block:
    """A row of controls; the block's id comes back with each press."""
    return {"type": "actions", **({"block_id": block_id} if block_id else {}), "elements": list(elements)}


def button(action_id: str, text: str, *, value: str | None = None, style: str | None = None) -> Block:
    element: Block = {"type": "button", "action_id": action_id, "text": plain(text, LABEL_UNITS)}
    return {**element, **({"value": value} if value else {}), **({"style": style} if style else {})}


def option(text: str, value: str) -> Block:
    return {"text": plain(text, LABEL_UNITS), "value": value}


def select(action_id: str, placeholder: str, options: list[tuple[str, str]], *, initial: str | None = None) -> Block:
    """A menu of (text, value) rows; initial: the value that is chosen already, if it is among them."""
    rows = [option(text, value) for text, value in options]
    chosen = next((row for row in rows if row["value"] == initial), None)
    menu: Block = {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, PLACEHOLDER_UNITS),
    }
    return {**menu, "options": rows, **({"initial_option": chosen} if chosen else {})}


def typeahead(action_id: str, placeholder: str, *, letters: int = 0, initial: str | None = None) -> Block:
    """A menu that asks us for its rows after so many letters."""
    menu: Block = {"type": "external_select", "action_id": action_id, "min_query_length": letters}
    chosen = {"initial_option": option(initial, initial)} if initial and len(initial) <= VALUE_UNITS else {}
    return {**menu, "placeholder": plain(placeholder, PLACEHOLDER_UNITS), **chosen}


def input_block(block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """A field of a form."""
    block: Block = {"type": "input", "block_id": block_id, "label": plain(label, FIELD_UNITS), "element": element}
    return {**block, "optional": optional, **({"hint": plain(hint, FIELD_UNITS)} if hint else {})}


def person(user_id: str) -> Block:
    """A rich text run that names a person of the workspace."""
    return {"type": "user", "user_id": user_id}


def link(url: str, text: str, limit: int = TEXT_UNITS) -> Block:
    return {"type": "link", "url": url, "text": clip(text, limit)}


def cell(value: Cell, limit: int) -> Block:
    """A table cell: sortable by number where it has a finite one."""
    text = clip(value.text, limit)
    if value.number is None or not math.isfinite(value.number):
        return {"type": "raw_text", "text": text}
    return {"type": "raw_number", "value": value.number, "text": text}
