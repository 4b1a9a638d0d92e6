"""Strings made safe for Slack: cleaned, cut to a length, escaped."""

from __future__ import annotations

import re

ELLIPSIS = "…"
EMPTY = "–"
"""Stands where Slack refuses an empty text."""

_UTF16 = "utf-16-le"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab and newline
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks: they reorder what follows, figures included
    "\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"  # line separators, byte order marks, lone surrogates
)


def units(text: str) -> int:
    """Length in UTF-16 code units, the stricter way in which Slack may count."""
    return len(text.encode(_UTF16, "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """`text` without invisible characters, in at most `limit` UTF-16 units, never empty, … where it was cut."""
    head = text[: 2 * limit + 2]
    cleaned = _INVISIBLE.sub("", head.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    if not cleaned.strip():
        return EMPTY
    whole = len(head) == len(text) and units(cleaned) <= limit
    return cleaned if whole else _prefix(cleaned, limit - 1).rstrip() + ELLIPSIS


def pieces(text: str, limit: int) -> list[str]:
    """`text` in parts of at most `limit` units, cut at line ends where there are any."""
    parts, rest = [], clip(text, max(units(text), 1))
    while units(rest) > limit:
        head = _prefix(rest, limit)
        cut = head.rfind("\n") + 1 or len(head)
        parts.append(clip(rest[:cut], limit))
        rest = rest[cut:]
    return [*parts, clip(rest, limit)]


def escape(text: str) -> str:
    """mrkdwn's three special characters as entities: no mention, link or broadcast can be written with the rest."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _prefix(text: str, limit: int) -> str:
    return text.encode(_UTF16, "surrogatepass")[: 2 * limit].decode(_UTF16, "ignore")
