"""Variables that a paste sets and uses: export X=1, docker -e X=1, environment maps, ${X:-default}."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

from bot.commands.shell import Token, tokens, unquoted

MOST_ASSIGNMENTS = 500
DEEPEST = 4
MOST_USES = 60
LONGEST_VALUE = 4_000
"""Of one word: how deep variables may stand in each other, how many are replaced, and how long it may become."""
ENGINE_VARIABLES = re.compile(r"(?!\w*(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?)\Z)[A-Z][A-Z0-9]*_[A-Z0-9_]+")
"""Variables as programs read them, but for those that hold a secret."""
_VALUE = r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"';]*)"
_ASSIGNED = re.compile(r"(?<![\w\-./=:@%{])[\"']?([A-Za-z_]\w*)=(?!=)" + _VALUE)
_ARRAY = re.compile(r"(?m)^[ \t]*([A-Za-z_]\w*)=\(([^)]{0,4000})\)")
_MAPPED = re.compile(
    r"(?m)^[ \t]+[\"']?([A-Z][A-Z0-9_]{2,})[\"']?[ \t]*[:=][ \t]+(?:(?:json\.dumps|str|f(?=[\"']))\(?)?"
    r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"';,)]*)"
)
_NAMED = re.compile(r"name:[ \t]*[\"']?([A-Za-z_]\w*)[\"']?[ \t]*(?:\n[ \t]*|,[ \t]*)value:[ \t]*" + _VALUE)
_USE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?:\[@\]|\[\*\])?(?::?[-=]([^{}]*))?\}|([A-Za-z_]\w*))")


_ARITHMETIC = re.compile(r"\$\(\(\s*(\d{1,9}(?:\s*\*\s*\d{1,9}){0,4})\s*\)\)")


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


def reckoned(text: str) -> str:
    """The text with products of numbers multiplied out, every other character in its place: $((32*1024)) is 32768."""
    return _ARITHMETIC.sub(_product, text) if "$((" in text else text


def _product(match: re.Match[str]) -> str:
    return str(prod(int(factor) for factor in match.group(1).split("*"))).ljust(len(match.group()))


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


def value(text: str, variables: Mapping[str, Assigned], depth: int = 0, spent: list[int] | None = None) -> str:
    """The text with every variable that is set, or has a default, replaced by its value."""
    spent = [0] if spent is None else spent

    def replace(match: re.Match[str]) -> str:
        braced, default, bare = match.groups()
        known = variables.get(braced or bare)
        if known is None or known.value in ("", match.group()):
            return default if default is not None else match.group()
        spent[0] += 1
        is_deep = depth >= DEEPEST or spent[0] > MOST_USES
        return known.value if is_deep else value(known.value, variables, depth + 1, spent)

    return _USE.sub(replace, text)[:LONGEST_VALUE]
