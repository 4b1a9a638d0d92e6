"""A command line as words with their places, without running or expanding anything."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?:[^\s\"'\n]|(?<=\S)[\"'])+|[\"']|\n")
_CONTINUED = re.compile(r"\\[ \t]*\n")
_CONTINUED_FLAG = re.compile(r"\n(?=[ \t]*--?[a-zA-Z])")
ENDS = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "2>&1", "<"})
"""Shell operators: what follows is another command."""


class Token(NamedTuple):
    """One word of a command, its quotes removed, and where it stands in the text."""

    text: str
    start: int
    end: int


def plain_lines(text: str) -> str:
    """The text with continued lines on one line, every character in its place."""
    joined = _CONTINUED.sub(lambda match: " " * len(match.group()), text)
    return _CONTINUED_FLAG.sub(" ", joined)


def tokens(line: str) -> list[Token]:
    """The words of a text; a line break is a word of its own."""
    return [Token(_unquoted(match.group()), match.start(), match.end()) for match in _TOKEN.finditer(line)]


def _unquoted(word: str) -> str:
    if len(word) > 1 and word[0] in "\"'" and word[-1] == word[0]:
        return word[1:-1]
    return word
