"""What a message says, as its author typed or pasted it: Slack's own spelling of it undone.

Rich text is preferred to the message's text: Slack writes links, entities and code there without escapes.
https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bot.parsing.clean import SLACK_ESCAPES

MENTION = re.compile(r"<[@#!][^<>\s|]{1,100}(?:\|[^<>]{0,200})?>")
LABELLED = re.compile(r"<((?:https?|mailto|tel):[^<>|\s]{1,2000})\|([^<>]{1,2000})>")
LINK = re.compile(r"<((?:https?|mailto|tel):[^<>|\s]{1,2000})>")
MODEL_PAGE = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/")
STRAIGHT = str.maketrans({**dict.fromkeys("‘’‚‛", "'"), **dict.fromkeys("“”„‟", '"'), "\u00a0": " "})
"""Quotes and spaces that keyboards and word processors bend."""
FENCE = "```"

Element = dict[str, Any]


def typed(message: dict[str, Any]) -> str:
    """Everything that a message says, without the people, channels and broadcasts that it names."""
    blocks = [_block(each) for each in _list(message.get("blocks"))]
    said = "\n".join(filter(str.strip, blocks)) or unescaped(str(message.get("text") or ""))
    attached = [unescaped(_attachment(each)) for each in _list(message.get("attachments"))]
    return straight("\n".join(filter(str.strip, (said, *attached))))


def has_files(message: dict[str, Any]) -> bool:
    """Whether files hang on the message: snippets, pictures; the app asks for no right to read them."""
    return any(True for _ in _list(message.get("files")))


def unescaped(text: str) -> str:
    """Slack's mrkdwn as typed: no mentions, links without brackets, the three entities undone."""
    text = LABELLED.sub(lambda match: _link(*match.groups()), MENTION.sub(" ", text))
    text = LINK.sub(r"\1", text)
    for escaped, plain in SLACK_ESCAPES:
        text = text.replace(escaped, plain)
    return text


def straight(text: str) -> str:
    """With straight quotes, as commands need them, and no half characters."""
    return text.encode("utf-8", "replace").decode().translate(STRAIGHT).strip()


def _block(block: Element) -> str:
    kind = block.get("type")
    if kind == "rich_text":
        return "\n".join(_rich(each) for each in _list(block.get("elements")))
    text = block.get("text")
    if kind == "markdown":
        return str(text or "")
    parts = [text, *_list(block.get("fields"))]
    return "\n".join(_text_object(each) for each in parts if isinstance(each, dict))


def _text_object(item: Element) -> str:
    text = str(item.get("text") or "")
    return unescaped(text) if item.get("type") == "mrkdwn" else text


def _rich(element: Element) -> str:
    inner = _list(element.get("elements"))
    kind = element.get("type")
    if kind == "rich_text_list":
        return "\n".join(map(_rich, inner))
    said = "".join(map(_run, inner))
    return f"{FENCE}\n{said}\n{FENCE}" if kind == "rich_text_preformatted" else said


def _run(run: Element) -> str:
    words = RUNS.get(str(run.get("type")), _nothing)(run)
    style = run.get("style")
    return f"`{words}`" if isinstance(style, dict) and style.get("code") else words


def _nothing(run: Element) -> str:
    return " "


def _said(run: Element) -> str:
    return str(run.get("text") or "")


def _emoji(run: Element) -> str:
    return f":{run.get('name')}:"


def _linked(run: Element) -> str:
    url = str(run.get("url") or "")
    return _link(url, str(run.get("text") or url))


RUNS: dict[str, Callable[[Element], str]] = {"text": _said, "link": _linked, "emoji": _emoji}
"""Kind of a run -> its words; who and what is mentioned is not part of a question."""


def _link(url: str, label: str) -> str:
    """What was typed: Slack links names like serve.py by itself; behind a label only a model's page matters."""
    return url if MODEL_PAGE.match(url) and label not in url else label


def _attachment(attachment: Element) -> str:
    inner = "\n".join(filter(str.strip, map(_block, _list(attachment.get("blocks")))))
    return inner or str(attachment.get("text") or attachment.get("fallback") or "")


def _list(value: Any) -> Iterator[Element]:
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return (item for item in items if isinstance(item, dict))
