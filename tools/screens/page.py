"""Slack blocks -> an HTML page that looks like the message in Slack. A kind that is not known here is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tools.screens import controls
from tools.screens.charts import chart

Block = dict[str, Any]

TEMPLATE = Path(__file__).with_name("page.html")
STYLE = Path(__file__).with_name("slack.css")
EYE = (
    '<svg viewBox="0 0 20 20" width="14" height="14" fill="none" stroke="currentColor" stroke-width="1.6">'
    '<path d="M1.5 10S4.5 4.5 10 4.5 18.5 10 18.5 10 15.5 15.5 10 15.5 1.5 10 1.5 10Z"/>'
    '<circle cx="10" cy="10" r="2.6"/></svg>'
)


class UnknownKind(Exception):
    """A block or element that this module does not draw."""


def page(body: str) -> str:
    """The whole page."""
    return Template(TEMPLATE.read_text("utf-8")).substitute(style=STYLE.read_text("utf-8"), body=body)


def asked_privately(typed: str) -> str:
    """What was typed, above a reply that only its author sees."""
    command, _, question = typed.partition(" ")
    words = f'<span class="slash">{escape(command)}</span><span>{escape(question)}</span><span class="send">➤</span>'
    return f'<div class="composer">{words}</div><div class="only-you">{EYE} Only visible to you</div>'


def said_in_thread(name: str, text: str) -> str:
    """A person's message, with a reply below it."""
    sender = f'<div class="sender">{escape(name)}<time>10:23 AM</time></div>'
    said = escape(text).replace("@vram", '<span class="person">@vram</span>', 1)
    return (
        f'<div class="message"><div class="icon person-icon">{escape(name[0])}</div><div>{sender}{said}</div></div><hr>'
    )


def message(blocks: list[Block]) -> str:
    """A message of the bot."""
    sender = '<div class="sender">vram<span class="app">APP</span><time>10:24 AM</time></div>'
    return f'<div class="message"><div class="icon">GiB</div><div class="content">{sender}{drawn(blocks)}</div></div>'


def modal(view: Block) -> str:
    """A modal with its title and buttons."""
    ends = "".join(f'<span class="button {name}">{_text(view[name])}</span>' for name in ("close", "submit"))
    title = f'<div class="title">{_text(view["title"])}</div>'
    return f'<div class="modal">{title}<div>{drawn(view["blocks"])}</div><div class="ends">{ends}</div></div>'


def home_tab(view: Block) -> str:
    """The app's Home."""
    return f'<div class="title">vram</div>{drawn(view["blocks"])}'


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
    beside = f"<div>{_draw(part['accessory'])}</div>" if "accessory" in part else ""
    return f'<div class="block section"><div>{_draw(part["text"])}</div>{beside}</div>'


def _actions(part: Block) -> str:
    return f'<div class="actions">{drawn(part["elements"])}</div>'


def _input(part: Block) -> str:
    optional = ' <span class="optional">(optional)</span>' if part["optional"] else ""
    hint = f'<div class="hint">{_draw(part["hint"])}</div>' if "hint" in part else ""
    return f'<div class="input"><b>{_draw(part["label"])}</b>{optional}{_draw(part["element"])}{hint}</div>'


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
    "actions": _actions,
    "input": _input,
    "divider": controls.divider,
    "data_visualization": chart,
    "button": controls.button,
    "external_select": controls.menu,
    "static_select": controls.menu,
    "conversations_select": controls.menu,
    "plain_text_input": controls.entry,
    "number_input": controls.entry,
    "user": controls.person,
    "link": controls.link,
    "text": _run,
    "plain_text": _text,
    "raw_text": _text,
    "raw_number": _text,
}
"""Every kind that is drawn; mrkdwn is not among them, because nothing that Slack would parse is ever sent."""
