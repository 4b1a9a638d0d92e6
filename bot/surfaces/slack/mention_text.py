"""What a message says besides its mentions, as it was typed."""

from __future__ import annotations

import re

MENTION = re.compile(r"<@[A-Z0-9]{2,30}(?:\|[^<>]{0,200})?>")
LABELLED = re.compile(r"<(?:https?://|mailto:|tel:)[^<>|]{1,2000}\|([^<>]{1,2000})>")
LINK = re.compile(r"<((?:https?://)[^<>|]{1,2000})>")
ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def question(text: str) -> str:
    """The text without the bot's name, links as typed, Slack's three escapes undone."""
    text = MENTION.sub(" ", text)
    text = LINK.sub(r"\1", LABELLED.sub(r"\1", text))
    for escaped, plain in ESCAPES:
        text = text.replace(escaped, plain)
    return text.strip()
