"""A pasted command line as words with their places, without running or expanding anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

MOST_WORDS = 4_000
"""Words of one paste that are looked at; the longest real commands have a few hundred."""
_TOKEN = re.compile(
    r"(?:\$\(\([^\n]{0,100}?\)\)|\$\([^()\n]{0,200}\)|\$\{[^{}\n]{0,200}\}|"
    r"\{\"(?![^{}\n]{0,2000}\"[ \t]+\"--?[a-zA-Z])[^{}\n]{0,2000}"
    r"(?:\{[^{}\n]{0,500}\}[^{}\n]{0,500}){0,20}\}"
    r"|'\{[^']{0,4000}\}'|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|\\.|[^\s\"'\\])+|[\"'\\]|\n",
)
_PIECE = re.compile(r"(?<!\\)\"((?:[^\"\\]|\\.)*)\"|'([^']*)'", re.S)
_OBJECT = re.compile(r"[^\"']*\{\s*\"")
"""A JSON object that stands without quotes around it."""
_ESCAPE = re.compile(r"\\([\"`\\]|(?<![\w}]\\)\$)")
"""A backslash behind a word and in front of a variable parts a Windows path."""
_CONTINUED = re.compile(r"[\\^][ \t]*\r?\n")
_NEXT_FLAG = re.compile(r"(?<![ \t\n])[ \t]*\n[ \t\n]*+(?=(?:-[ \t]+[\"']?)?--?[a-zA-Z])")
_CMD = re.compile(r"\n\s*CMD(?=[ \t])")
"""Arguments behind the ENTRYPOINT of a Dockerfile."""
_ARGUMENTS = re.compile(r"-ArgumentList[ \t]+([^\n]*)")
_BETWEEN_QUOTES = re.compile(r"@?\([ \t]*[\"']|[\"'][ \t]*,[ \t]*[\"']|[\"'][ \t]*\)|^[\"']|[\"'](?=[ \t]|$)")
"""What Start-Process of PowerShell hands to a program: "-m x", or "-m","x"."""
_OF_START_PROCESS = re.compile(
    r"(?<!\S)-(?:NoNewWindow|PassThru|Wait|(?:WindowStyle|WorkingDirectory|RedirectStandard\w+)[ \t]+\S+)"
)
_ASIDE = re.compile(r"(?<=[ =]\d)\([a-z][^()\n=]{0,60} [^()\n=]{0,60}\)")
"""Words to the reader behind a value: 8(here I tried 4)."""
_EMPHASIS = re.compile(r"(?<!\S)([*_]{1,3})(--?[a-zA-Z][^*\n]{0,80}?)([*_]{1,3})(?!\S)")
"""A flag that is set off in bold: **--max-num-seqs 1**."""
_GLUED_PROSE = re.compile(
    r"((?<!\S)--?[a-zA-Z][\w-]{0,60}(?:=|[ \t]+)[\d.]+[kKmM]?)([,;]?[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]\S*)"
)
"""Words behind a number without a space between, as in Chinese and Japanese."""
_QUOTE = re.compile(r"(?m)^>(?=[ \t])")
_ADDED = re.compile(r"(?m)^\+(?=[ \t])")
_REMOVED = re.compile(r"(?m)^-(?=[ \t]{2,}\S)[^\n]*")
_HUNK = re.compile(r"(?m)^@@ ")
_IN_LIST = re.compile(r"([\[,])[ \t]*\\[ \t]*(?=\n)")
_NUMBERED = re.compile(r"(?m)^[ \t]*(\d{1,4})(?:[ \t]*[:|][ \t]?|[ \t]+(?=\S)|[ \t]*$)")
"""The number of a line: "7 x", "7:x", "7 | x", "7"."""
_FIRST_LINE = re.compile(r"(?m)^[ \t]*1(?:[:|]|[ \t]+)")
FEWEST_NUMBERED = 2
_COMMENT = re.compile(r"(?m)^[ \t]*#.*$|(?<=[\s])#[ \t].*$")
_ITEM = r"(?:[fr]?(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')|\*?[\w.$]+(?:\([\w.]*\))?)"
_LIST = re.compile(rf"\[\s*(?=[fr]?[\"']){_ITEM}(?:\s*,\s*{_ITEM})*\s*(?:,\s*)?\]")
_FORMATTED = re.compile(r"\b[fr]\Z")
"""The mark of a string with names in it."""
STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_OWN_FLAG = re.compile(r"[\"']--?[a-zA-Z]")
_BETWEEN = str.maketrans("[],\n", "    ")
ENDS = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "2>&1", "<", "&>", "&>>", "|&", "2>"})
"""Shell operators: what follows is another command."""


class Token(NamedTuple):
    """One word of a command, its quotes removed, and where it stands in the text."""

    text: str
    start: int
    end: int


def unmarked(text: str) -> str:
    """The text without the marks of a quoted mail or a diff in front of its lines; lines that a diff removes are blank.

    A continued line inside a list of strings is joined, every character in its place."""
    if len(_QUOTE.findall(text)) > 1:
        text = _QUOTE.sub(spaces, text)
    if len(_ADDED.findall(text)) > 1 or (_HUNK.search(text) and _ADDED.search(text)):
        text = _ADDED.sub(spaces, _REMOVED.sub(spaces, text))
    return _IN_LIST.sub(lambda match: match.group(1) + spaces(match)[1:], text) if '",' in text else text


def line_numbers(text: str) -> list[tuple[int, int]]:
    """Where the numbers stand that an editor puts in front of lines; none where they do not count up from 1."""
    found = list(_NUMBERED.finditer(text)) if _FIRST_LINE.search(text) else []
    counted = sum(int(after[1]) == int(before[1]) + 1 for before, after in pairwise(found))
    return [match.span() for match in found] if FEWEST_NUMBERED <= len(found) <= counted + 1 else []


def blanked(text: str, places: list[tuple[int, int]], mark: str = "\n") -> str:
    """The text with line breaks, or another mark, at these places, every other character in its place."""
    left = list(text)
    for start, end in places:
        left[start:end] = mark * (end - start)
    return "".join(left)


def uncommented(text: str) -> str:
    """The text without comments, every other character in its place."""
    return _COMMENT.sub(spaces, text) if "#" in text else text


def plain_lines(text: str) -> str:
    """The text with continued lines on one line, every character in its place."""
    text = _ASIDE.sub(spaces, text) if "(" in text else text
    text = _EMPHASIS.sub(_unmarked, text) if "*" in text or "_-" in text else text
    text = text if text.isascii() else _GLUED_PROSE.sub(_cut, text)
    text = _CMD.sub(spaces, text) if "ENTRYPOINT" in text else text
    text = _ARGUMENTS.sub(_unquoted_list, text) if "-ArgumentList" in text else text
    return _NEXT_FLAG.sub(spaces, _CONTINUED.sub(spaces, text))


def listed(text: str) -> str:
    """The text with every list of strings that holds a flag as words: JSON, Python, Docker's ["vllm","--dtype"]."""
    return _LIST.sub(_as_words, text) if "[" in text and _OWN_FLAG.search(text) else text


def lists(text: str) -> list[tuple[int, int]]:
    """Where such lists stand."""
    found = _LIST.finditer(text) if "[" in text and _OWN_FLAG.search(text) else ()
    return [match.span() for match in found if _OWN_FLAG.search(match.group())]


def _as_words(match: re.Match[str]) -> str:
    text = match.group()
    if not _OWN_FLAG.search(text):
        return text
    parts, at = [], 0
    for string in STRING.finditer(text):
        between = _FORMATTED.sub(" ", text[at : string.start()])
        parts += [between.translate(_BETWEEN), string.group()]
        at = string.end()
    return "".join([*parts, text[at:].translate(_BETWEEN)])


def _unquoted_list(match: re.Match[str]) -> str:
    """The arguments of Start-Process as words, every character in its place."""
    listed = _BETWEEN_QUOTES.sub(spaces, _OF_START_PROCESS.sub(spaces, match.group(1)))
    return " " * (len(match.group()) - len(listed)) + listed


def _unmarked(match: re.Match[str]) -> str:
    """A flag without the marks around it, in its place."""
    return " " * len(match.group(1)) + match.group(2) + " " * len(match.group(3))


def _cut(match: re.Match[str]) -> str:
    """A flag and its number without the words behind them."""
    return match.group(1) + " " * len(match.group(2))


def spaces(match: re.Match[str]) -> str:
    """As many spaces as a match is long."""
    return " " * len(match.group())


def tokens(text: str, offset: int = 0) -> list[Token]:
    """The first words of a text; a line break is a word of its own, a lone backslash none."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match.group() == "\\":
            continue
        found.append(Token(unquoted(match.group()), match.start() + offset, match.end() + offset))
        if len(found) >= MOST_WORDS:
            break
    return found


def unquoted(word: str) -> str:
    """A word without its quotes: 'a "b c"' -> 'a b c'."""
    if ('"' not in word and "'" not in word) or _OBJECT.match(word):
        return word
    return _PIECE.sub(lambda match: _plain(match.group(1)) if match.group(2) is None else match.group(2), word)


def _plain(quoted: str) -> str:
    return _ESCAPE.sub(r"\1", quoted)


def placed(parts: list[Token], word: Token, source: str) -> Iterator[Token]:
    """The words of a quoted command whose quotes and backslashes are escaped, each where it is found."""
    at = word.start
    for part in parts:
        texts = (part.text, part.text.replace("\\", "\\\\"))
        found = next(((place, text) for text in texts if (place := source.find(text, at, word.end)) >= 0), None)
        if found is None:
            yield Token(part.text, word.start, word.end)
            continue
        at = found[0] + len(found[1])
        yield Token(part.text, found[0], at)
