"""Slack blocks -> an HTML page that looks like the message in Slack. A kind that is not known here is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

Block = dict[str, Any]

TEMPLATE = Path(__file__).with_name("page.html")
STYLE = Path(__file__).with_name("slack.css")


class UnknownKind(Exception):
    """A block or element that this module does not draw."""


def page(typed: str, blocks: list[Block]) -> str:
    """The whole page: what was typed, then the reply that only its author sees."""
    command, _, question = typed.partition(" ")
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        style=STYLE.read_text("utf-8"), command=escape(command), question=escape(question), message=drawn(blocks)
    )


def drawn(parts: Iterable[Block]) -> str:
    """Blocks or elements one after the other. Raises UnknownKind."""
    return "".join(map(_draw, parts))


def _draw(part: Block) -> str:
    if part["type"] not in KINDS:
        raise UnknownKind(part["type"])
    return KINDS[part["type"]](part)


def _text(part: Block) -> str:
    return escape(part["text"])


def _run(part: Block) -> str:
    text = _text(part)
    for style, on in part.get("style", {}).items():
        if style not in STYLES:
            raise UnknownKind(f"style {style}")
        text = f"<{STYLES[style]}>{text}</{STYLES[style]}>" if on else text
    return text


def _section(part: Block) -> str:
    return f'<div class="block section">{_draw(part["text"])}</div>'


def _header(part: Block) -> str:
    return f'<div class="block header">{_draw(part["text"])}</div>'


def _context(part: Block) -> str:
    lines = "".join(f"<div>{_draw(element)}</div>" for element in part["elements"])
    return f'<div class="block context">{lines}</div>'


def _rich_text(part: Block) -> str:
    return f'<div class="block">{drawn(part["elements"])}</div>'


def _line(part: Block) -> str:
    return f"<div>{drawn(part['elements'])}</div>"


def _list(part: Block) -> str:
    tag = "ol" if part["style"] == "ordered" else "ul"
    return f"<{tag}>{''.join(f'<li>{_draw(line)}</li>' for line in part['elements'])}</{tag}>"


def _preformatted(part: Block) -> str:
    return f"<pre>{drawn(part['elements'])}</pre>"


def _data_table(part: Block) -> str:
    titles, *every = part["rows"]
    rows = every[: part["page_size"]]
    kinds = [cell["type"] for cell in rows[0]]
    head = "".join(_cell("th", title, kind) for title, kind in zip(titles, kinds, strict=True))
    body = "".join(f"<tr>{''.join(_cell('td', cell, cell['type']) for cell in row)}</tr>" for row in rows)
    caption = f"<caption>{escape(part['caption'])}</caption>"
    pages = f"<div>1–{len(rows)} of {len(every)}</div>" if len(every) > len(rows) else ""
    table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table">{table}{pages}</div>'


def _cell(tag: str, cell: Block, kind: str) -> str:
    side = ' class="number"' if kind == "raw_number" else ""
    return f"<{tag}{side}>{_draw(cell)}</{tag}>"


STYLES = {"bold": "b", "italic": "i", "strike": "s", "code": "code"}

KINDS: dict[str, Callable[[Block], str]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "data_table": _data_table,
    "rich_text": _rich_text,
    "rich_text_section": _line,
    "rich_text_list": _list,
    "rich_text_preformatted": _preformatted,
    "text": _run,
    "plain_text": _text,
    "raw_text": _text,
    "raw_number": _text,
}
"""Every kind that is drawn; mrkdwn is not among them, because nothing that Slack would parse is ever sent."""
