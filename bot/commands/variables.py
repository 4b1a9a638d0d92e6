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
LONGEST_FACTOR = 9
"""Of one word: how deep variables may stand in each other, how many are replaced, how long it and a factor are."""
ENGINE_VARIABLES = re.compile(r"(?!\w*(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?)\Z)[A-Z][A-Z0-9]*_[A-Z0-9_]+")
"""Variables as programs read them, but for those that hold a secret."""
_VALUE = r"(\$\(\([^\n]{0,100}?\)\)|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"';]*)"
_ASSIGNED = re.compile(r"(?<![\w\-./=:@%{])[\"']?([A-Za-z_]\w*)=(?!=)" + _VALUE)
_ARRAY = re.compile(r"(?m)^[ \t]*([A-Za-z_]\w*)=\(([^)]{0,4000})\)")
_MAPPED = re.compile(
    r"(?m)^[ \t]+[\"']?([A-Z][A-Z0-9_]{2,})[\"']?[ \t]*[:=][ \t]+(?:(?:json\.dumps|str|f(?=[\"']))\(?)?"
    r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"';,)]*)"
)
_NAMED = re.compile(r"name:[ \t]*[\"']?([A-Za-z_]\w*)[\"']?[ \t]*(?:\n[ \t]*|,[ \t]*)value:[ \t]*" + _VALUE)
_DOCKER = re.compile(r"(?m)^[ \t]*ENV[ \t]+([A-Za-z_]\w*)[ \t]+" + _VALUE)
_SYSTEMD = re.compile(r"(?m)^[ \t]*Environment=[\"']?([A-Za-z_]\w*)=([^\"'\n]*)")
_POWERSHELL = re.compile(r"(?m)^[ \t]*\$(?:env:)?([A-Za-z_]\w*)[ \t]*=[ \t]*" + _VALUE)
_USE = re.compile(
    r"\$(?:env:)?(?:\{([A-Za-z_]\w*)(?:\[@\]|\[\*\])?(?::?([-=+])([^{}]*))?\}|\(([A-Z][A-Z0-9_]*)\)|([A-Za-z_]\w*))"
    r"|%([A-Za-z_]\w*)%"
)
"""${X}, ${X:-default}, ${X:+word}, Kubernetes' $(X), $X, PowerShell's $env:X, %X%."""
_ARITHMETIC = re.compile(r"\$\(\(\s*(\w{1,60}(?:\s*\*\s*\w{1,60}){0,4})\s*\)\)")
_NAME = re.compile(r"[A-Za-z_]\w*")


class Assigned(NamedTuple):
    """A variable's value and where it is set."""

    value: str
    start: int
    end: int


def assignments(text: str) -> dict[str, Assigned]:
    """Every variable that the text sets, the last value of each."""
    found: dict[str, Assigned] = {}
    for pattern in (_MAPPED, _NAMED, _DOCKER, _SYSTEMD, _POWERSHELL, _ASSIGNED, _ARRAY):
        for match in _some(pattern, text):
            name, value = match.groups()
            is_list = pattern is _ASSIGNED and value[:1] == "("
            if is_list or (name in found and _is_itself(name, value)):
                continue
            found[name] = Assigned(unquoted(value).rstrip(","), match.start(), match.end())
    return found


def _is_itself(name: str, value: str) -> bool:
    """X=$X hands on what X was set to before."""
    use = _USE.fullmatch(unquoted(value))
    return use is not None and name in use.groups()


def reckoned(text: str) -> str:
    """The text with products of numbers multiplied out, every other character in its place: $((32*1024)) is 32768."""
    return _ARITHMETIC.sub(_product, text) if "$((" in text else text


def _product(match: re.Match[str]) -> str:
    factors = [factor.strip() for factor in match.group(1).split("*")]
    if not all(factor.isdigit() and len(factor) <= LONGEST_FACTOR for factor in factors):
        return match.group()
    return str(prod(map(int, factors))).ljust(len(match.group()))


def _worked_out(text: str, variables: Mapping[str, Assigned]) -> str:
    """Products whose factors are variables, too: $((nodes * 8))."""
    if "$((" not in text:
        return text
    named = _ARITHMETIC.sub(lambda match: _NAME.sub(lambda name: _number(name.group(), variables), match.group()), text)
    return reckoned(named).strip()


def _number(name: str, variables: Mapping[str, Assigned]) -> str:
    return variables[name].value if name in variables else name


def _some(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for count, match in enumerate(pattern.finditer(text)):
        if count >= MOST_ASSIGNMENTS:
            return
        yield match


def expanded(words: list[Token], variables: Mapping[str, Assigned]) -> list[Token]:
    """The words with variables replaced; one that holds several words becomes several, all in its place."""
    found: list[Token] = []
    for word in words:
        if "$" not in word.text and "%" not in word.text:
            found.append(word)
            continue
        text = value(word.text, variables)
        parts = [part.text for part in tokens(text)] if word.text[0] in "$%" else [text]
        found += [Token(part, word.start, word.end) for part in parts if part != "\n"]
    return found


def value(text: str, variables: Mapping[str, Assigned], depth: int = 0, spent: list[int] | None = None) -> str:
    """The text with every variable that is set, or has a default, replaced by its value."""
    spent = [0] if spent is None else spent

    def replace(match: re.Match[str]) -> str:
        braced, sign, default, *bare = match.groups()
        known = variables.get(braced or next(filter(None, bare)))
        if known is None or known.value in ("", match.group()):
            return match.group() if sign is None else "" if sign == "+" else default
        spent[0] += 1
        if sign == "+":
            return value(default, variables, depth + 1, spent)
        is_deep = depth >= DEEPEST or spent[0] > MOST_USES
        return known.value if is_deep else value(known.value, variables, depth + 1, spent)

    return _worked_out(_USE.sub(replace, text)[:LONGEST_VALUE], variables)
