"""Variables that a paste sets and uses: export X=1, docker -e X=1, environment maps, ${X:-default}."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from operator import add, floordiv, lshift, mul, sub
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
_PYTHON = re.compile(
    r"(?m)^[ \t]*(?:os\.environ\[[\"'])?([A-Za-z_]\w*)(?:[\"']\])?(?:[ \t]*:[ \t]*\w+)?[ \t]+=[ \t]*"
    r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|\d[\d.]*(?=[ \t]*(?:#|$))|\{(?:[^{}]|\{[^{}]{0,1000}\}){0,4000}\})"
)
"""A string, a number or a dictionary that a program gives a name."""
_HANDED_ON = re.compile(r"(?:(?:json\.dumps|str)\()?([A-Za-z_]\w*(?:\.\w+)*)\)?")
"""A name in a list of a program, alone or as str(name)."""
_IN_STRING = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)\}(?!\})")
"""A name inside f"...{name}"."""
_STRING_OR_NAME = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*|\b([A-Za-z_]\w*)\b")
_CONSTANTS = frozenset({"True", "False", "None"})
_USE = re.compile(
    r"\$(?:env:)?(?:\{([A-Za-z_]\w*)(?:\[@\]|\[\*\])?(?::?([-=+])([^{}]*))?\}|\(([A-Z][A-Z0-9_]*)\)|([A-Za-z_]\w*))"
    r"|%([A-Za-z_]\w*)%"
)
"""${X}, ${X:-default}, ${X:+word}, Kubernetes' $(X), $X, PowerShell's $env:X, %X%."""
_ARITHMETIC = re.compile(r"\$\(\(\s*(\$?\w{1,60}(?:\s*(?:\*\*?|<<|[-+/])\s*\$?\w{1,60}){0,4})\s*\)\)")
_TERM = re.compile(r"\s*(\*\*?|<<|[-+/])\s*")
_NAME = re.compile(r"\$?([A-Za-z_]\w*)")
_POWER, _SHIFT = "**", "<<"
_OPERATORS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {_POWER: pow},
    {"*": mul, "/": floordiv},
    {"+": add, "-": sub},
    {_SHIFT: lshift},
)
"""Of a shell, the ones that bind most tightly first; powers from the right, all others from the left."""
HIGHEST_POWER = 64
"""Powers and shifts beyond it are no number of a shell for any base but 0 and 1."""
LARGEST_RESULT = 2**63 - 1
"""Of a shell, which counts in 64 bits with a sign."""


class Assigned(NamedTuple):
    """A variable's value and where it is set."""

    value: str
    start: int
    end: int


def assignments(text: str) -> dict[str, Assigned]:
    """Every variable that the text sets, the last value of each."""
    found: dict[str, Assigned] = {}
    for pattern in (_PYTHON, _MAPPED, _NAMED, _DOCKER, _SYSTEMD, _POWERSHELL, _ASSIGNED, _ARRAY):
        for match in _some(pattern, text):
            name, value = match.groups()
            is_list = pattern is _ASSIGNED and value[:1] == "("
            if is_list or (name in found and _is_itself(name, value)):
                continue
            closed = value.rstrip("}") if pattern is _NAMED and "{" not in value else value
            found[name] = Assigned(unquoted(closed).rstrip(", "), match.start(), match.end())
    return found


def _is_itself(name: str, value: str) -> bool:
    """X=$X hands on what X was set to before."""
    use = _USE.fullmatch(unquoted(value))
    return use is not None and name in use.groups()


def reckoned(text: str) -> str:
    """The text with sums of numbers worked out, every other character in its place: $((32*1024)) is 32768."""
    return _ARITHMETIC.sub(_result, text) if "$((" in text else text


def _result(match: re.Match[str]) -> str:
    """The sum as its result, as wide as it was; the sum itself where a shell has none."""
    terms = _TERM.split(match.group(1))
    if not all(term.isdigit() and len(term) <= LONGEST_FACTOR for term in terms[::2]):
        return match.group()
    try:
        for operators in _OPERATORS:
            while places := [at for at in range(1, len(terms), 2) if terms[at] in operators]:
                at = places[-1 if _POWER in operators else 0]
                result = _applied(operators, terms[at], int(terms[at - 1]), int(terms[at + 1]))
                terms[at - 1 : at + 2] = [str(result)]
    except (ArithmeticError, ValueError):
        return match.group()
    return terms[0].ljust(len(match.group()))


def _applied(operators: Mapping[str, Callable[[int, int], int]], sign: str, first: int, second: int) -> int:
    """Raises OverflowError beyond a shell's numbers, ZeroDivisionError, and ValueError for a shift below 0."""
    if sign in (_POWER, _SHIFT) and second > HIGHEST_POWER:
        raise OverflowError
    if abs(result := operators[sign](first, second)) > LARGEST_RESULT:
        raise OverflowError
    return result


def _worked_out(text: str, variables: Mapping[str, Assigned]) -> str:
    """Sums whose terms are variables, too: $((nodes * 8))."""
    if "$((" not in text:
        return text
    named = _ARITHMETIC.sub(lambda match: f"$(({_NAME.sub(lambda name: _number(name, variables), match[1])}))", text)
    return reckoned(named).strip()


def _number(name: re.Match[str], variables: Mapping[str, Assigned]) -> str:
    return variables[name.group(1)].value if name.group(1) in variables else name.group()


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


def in_program(words: list[Token], variables: Mapping[str, Assigned], places: list[tuple[int, int]]) -> list[Token]:
    """The words with the names in a program's lists of strings replaced by what the program sets them to."""
    if not places:
        return words
    starts = [start for start, _ in places]
    return [
        word._replace(text=_named(word, variables))
        if (at := bisect_right(starts, word.start)) and word.start < places[at - 1][1]
        else word
        for word in words
    ]


def _named(word: Token, variables: Mapping[str, Assigned]) -> str:
    """What a name stands for; $name where nothing sets it, as a shell's variable reads."""
    bare = _HANDED_ON.fullmatch(word.text) if word.end - word.start == len(word.text) else None
    if bare is None:
        return _IN_STRING.sub(lambda match: _set(match.group(1), match.group(), variables), word.text)
    if word.text in _CONSTANTS or (bare.group(1) != word.text and bare.group(1) not in variables):
        return word.text
    found = _set(bare.group(1), f"${word.text}", variables)
    return _STRING_OR_NAME.sub(lambda match: _inner(match, variables), found) if found[:1] == "{" else found


def _set(name: str, otherwise: str, variables: Mapping[str, Assigned]) -> str:
    return variables[name].value if name in variables else otherwise


def _inner(match: re.Match[str], variables: Mapping[str, Assigned]) -> str:
    """A name inside a dictionary as a string."""
    name = match.group(1)
    return json.dumps(variables[name].value) if name in variables else match.group()


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
