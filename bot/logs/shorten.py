"""A log of any length as one that is read in milliseconds: colours undone, lines that only repeat left out."""

from __future__ import annotations

import re
from collections import Counter

LONGEST_WHOLE = 60_000
"""Characters up to which nothing is left out."""
LONGEST_READ = 400_000
"""Characters that are looked at in the end."""
LONGEST_TAKEN = 4_000_000
"""Characters of which repeated lines are left out."""
MOST_LINES = 40_000
"""Lines that are looked at; of a text with more, shorter than a log's, the middle is left out."""
HEAD_SHARE = 4
"""One part in so many is taken from the start, where settings stand, the others from the end, where errors do."""
KEPT_ALIKE = 6
"""First and last lines that are kept of those that differ in digits alone."""
_DIGITS = b"0123456789"
_TERMINAL = re.compile(r"(?:\x1b|\^\[|\\u001b|\\x1b|#033)\[[0-9;?]{0,20}[A-Za-z]")
"""Colours (ECMA-48), as they are and as journals and JSON write them."""
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("```", "\n"), ("\r\n", "\n"), ("\r", "\n"), ("\0", " "))
"""Slack's escapes and fences, line ends of other systems, progress bars."""
PADDED = 9 * " "
_PADDING = re.compile(r"(?<=\S)[ \t]{9,}(?=\S)")
"""What fills lines up in a copied table or a window of fixed width."""
_BLANK_LINES = re.compile(r"\n{2,}")


def plain(text: str) -> str:
    """The text without colours and escapes, every line on its own."""
    for written, read in _ESCAPES:
        text = text.replace(written, read) if written in text else text
    text = _PADDING.sub(" ", text) if PADDED in text else text
    return _TERMINAL.sub("", text) if "[" in text else text


def shortened(text: str) -> tuple[str, bool]:
    """A text of at most about LONGEST_READ characters, and whether more than repeats was left out of it."""
    if len(text) <= LONGEST_WHOLE:
        return text, False
    whole = _BLANK_LINES.sub("\n", _ends(text, LONGEST_TAKEN))
    lines = _without_repeats(_first_and_last(whole))
    is_cut = len(text) > LONGEST_TAKEN or len(lines) > LONGEST_READ or whole.count("\n") >= MOST_LINES
    return _ends(lines, LONGEST_READ), is_cut


def _ends(text: str, most: int) -> str:
    """The start and the end of a text, cut where lines end."""
    if len(text) <= most:
        return text
    head = text[: most // HEAD_SHARE]
    tail = text[len(head) - most :]
    return "\n".join((head.rpartition("\n")[0] or head, tail.partition("\n")[2] or tail))


def _first_and_last(text: str) -> str:
    """A text of at most MOST_LINES lines."""
    if text.count("\n") < MOST_LINES:
        return text
    first = MOST_LINES // HEAD_SHARE
    *head, rest = text.split("\n", first)
    return "\n".join((*head, *rest.rsplit("\n", MOST_LINES - first)[1:]))


def _without_repeats(text: str) -> str:
    lines = text.split("\n")
    shapes = text.encode("utf-8", "replace").translate(None, _DIGITS).split(b"\n")
    total, seen, kept = Counter(shapes), Counter[bytes](), []
    for line, shape in zip(lines, shapes, strict=True):
        seen[shape] += 1
        if seen[shape] <= KEPT_ALIKE or seen[shape] > total[shape] - KEPT_ALIKE:
            kept.append(line)
    return "\n".join(kept)
