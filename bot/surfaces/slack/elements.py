"""Block Kit pieces as plain dicts; every text is of a kind that Slack never parses for markup."""

from __future__ import annotations

import math
from typing import Any

from bot.reply import Cell
from bot.surfaces.slack.text import clip

Block = dict[str, Any]

TEXT_UNITS = 3000
"""Most characters of one text object; slack_sdk and Slack's Block Kit reference agree."""


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


def cell(value: Cell, limit: int) -> Block:
    """A table cell: sortable by number where it has a finite one."""
    text = clip(value.text, limit)
    if value.number is None or not math.isfinite(value.number):
        return {"type": "raw_text", "text": text}
    return {"type": "raw_number", "value": value.number, "text": text}
