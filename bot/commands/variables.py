"""Variables that a paste sets and uses: export X=1, docker -e X=1, environment maps, ${X:-default}."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.commands.shell import Token, tokens, unquoted

MOST_ASSIGNMENTS = 500
DEEPEST = 4
ENGINE_VARIABLES = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")
"""Variables as programs read them."""
_VALUE = r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"';]*)"
_ASSIGNED = re.compile(r"(?<![\w\-./=:@%{])[\"']?([A-Za-z_]\w*)=(?!=)" + _VALUE)
_ARRAY = re.compile(r"(?m)^[ \t]*([A-Za-z_]\w*)=\(([^)]{0,4000})\)")
_MAPPED = re.compile(
    r"(?m)^[ \t]+[\"']?([A-Z][A-Z0-9_]{2,})[\"']?[ \t]*[:=][ \t]+(?:(?:json\.dumps|str|f(?=[\"']))\(?)?"
    r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"';,)]*)"
)
_NAMED = re.compile(r"name:[ \t]*[\"']?([A-Za-z_]\w*)[\"']?[ \t]*(?:\n[ \t]*|,[ \t]*)value:[ \t]*" + _VALUE)
_USE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?:\[@\]|\[\*\])?(?::?[-=]([^{}]*))?\}|([A-Za-z_]\w*))")


class Assigned(NamedTuple):
    """A variable's value and where it is set."""

    value: str
    start: int
    end: int


def assignments(text: str) -> dict[str, Assigned]:
    """Every variable that the text sets, the last value of each."""
    found: dict[str, Assigned] = {}
    for pattern in (_MAPPED, _NAMED, _ASSIGNED, _ARRAY):
        for match in _some(pattern, text):
            name, value = match.groups()
            if pattern is _ASSIGNED and value[:1] == "(":
                continue
            found[name] = Assigned(unquoted(value).rstrip(","), match.start(), match.end())
    return found


def _some(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for count, match in enumerate(pattern.finditer(text)):
        if count >= MOST_ASSIGNMENTS:
            return
        yield match


def expanded(words: list[Token], variables: Mapping[str, Assigned]) -> list[Token]:
    """The words with variables replaced; one that holds several words becomes several, all in its place."""
    found: list[Token] = []
    for word in words:
        if "$" not in word.text:
            found.append(word)
            continue
        text = value(word.text, variables)
        parts = [part.text for part in tokens(text)] if word.text.startswith("$") else [text]
        found += [Token(part, word.start, word.end) for part in parts if part != "\n"]
    return found


def value(text: str, variables: Mapping[str, Assigned], depth: int = 0) -> str:
    """The text with every variable that is set, or has a default, replaced by its value."""

    def replace(match: re.Match[str]) -> str:
        braced, default, bare = match.groups()
        known = variables.get(braced or bare)
        if known is None or known.value in ("", match.group()):
            return default if default is not None else match.group()
        return value(known.value, variables, depth + 1) if depth < DEEPEST else known.value

    return _USE.sub(replace, text)
