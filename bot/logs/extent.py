"""Which lines of a text are a program's: where a log begins and ends in it, and what a person wrote around it."""

from __future__ import annotations

import re
from itertools import pairwise

from bot.logs.lines import LONGEST_LINE, Matched

_STYLE = re.compile(
    r"[ \t]*(?:[>*│|-]+ +)*[`'\"“*]{0,3}(?:\[\d+\] +)?"
    r"(?:\d+\.\d\d\.\d{3}\.\d{3} [A-Z] |\(\w+(?: \w+=\S+| pid=\d+)|\[|\d{4}-\d\d"
    r"|[A-Z][a-z]{2} +\d|[a-z]{3} +\d{1,2} \d\d:\d\d:\d\d |(?:INFO|WARN\w*|ERROR|DEBUG|CRITICAL|FATAL)\b"
    r"|[\w.]*(?:Error|Exception)\b"
    r"|File (?:\"|\S+\.pyx?:\d)|Traceback|Process \w+|[\w.-]+ +\| |\w+\.\w+:\d+"
    r"|(?:llama|ggml|llm|load|print|common|clip|srv|slot|main|system)\w*[ :]"
    r"|\S+:\d+:\d+ \[\d+\] |\{\"log\":|\{\"t(?:id|imestamp)\":|  current device: "
    r"|time=|level=|E\d{4}|I\d{4}|\(\w+ (?:rank|pid)|\w+-\d+ *\|"
    r"|#? ?(?:GPU|CPU|cuda) blocks|State:|Last State:|Reason:|Exit Code:|[>#^.]{2,}"
    r"|(?:\[[\w.]+\] )?CU(?:DA (?:runtime )?|result )error\b|[\w.-]+: error: "
    r"|Loading \w*(?: checkpoint)? ?shards?:|Capturing "
    r"|terminate called|what\(\): |Killed\s*$|Processed prompts:|frame #\d+: |#\d+ +(?:0x[0-9a-f]+ in )?[\w:~]+)"
)
"""How a line printed by a program begins."""
_PLACE = re.compile(
    r"\[(?:TensorRT-LLM|TRT-LLM|TM)\]\[[A-Z]+\]|\([\w/.-]+\.(?:h|cc|cpp|cu|py|rs|go):\d+\)|\[[\w.-]+\.py:\d+\]"
)
"""Where in its source a program prints a line, or its tag."""
_SPOKEN = re.compile(
    r"(?:[.!:;,)\"'`]|\s[-–—])\s+(?=(?:I|We|My|How|Why|What|Which|Can|Could|Does|Will|how|why|what) \w)"
    r"|[.,;:]?\s+(?=(?:when|while) (?:I|we|i|serving|running|loading|trying|starting|using|deploying)\b)"
)
"""Where a person goes on behind a message."""
_SENTENCE = re.compile(r"(?:[.!:;)\"'`]|\s[-–—])\s+")
_ASKS = re.compile(r"\s(?=(?:how|what|why|which|can|could|does|is|will)\b)")
_WORD = re.compile(r"\w")
NARROWEST, WIDEST = 60, 400
"""Columns of a terminal that cuts long lines."""
MOST_UNWRAPPED = 2_000
"""Lines of a text in which cut ones are joined."""
LEAST_CUT = 2
"""Lines of just that width from which it is the terminal's."""
_ERROR_NAME = re.compile(r"(?:(?<![\w.])(?:[\w.]*(?:Error|Exception):? *|(?:\w+\.)+))?(?:(?:CUDA|HIP|XPU) )?\Z")
"""What stands before a message and is part of it: torch.OutOfMemoryError: CUDA."""
QUOTES = {"`": "`", '"': '"', "“": "”", "「": "」"}
"""Quotation marks by the one that opens."""
_COMMAND = re.compile(r"(?:\s--[a-z]|docker run|\$ )")


def unwrapped(text: str) -> str:
    """The text with its log lines whole that a terminal cut inside a word, at its width."""
    lines = text.split("\n")
    width = max(map(len, lines))
    if not NARROWEST <= width <= WIDEST or len(lines) > MOST_UNWRAPPED:
        return text
    whole = [lines[0]]
    for line, behind in pairwise(lines):
        goes_on = len(line) == width and _is_cut(whole[-1], behind)
        whole[-1:] = [whole[-1] + behind] if goes_on else [whole[-1], behind]
    return "\n".join(whole) if len(lines) - len(whole) >= LEAST_CUT else text


def _is_cut(line: str, behind: str) -> bool:
    inside = _WORD.match(line[-1:]) and _WORD.match(behind)
    return bool(inside and _STYLE.match(line) and not _STYLE.match(behind))


def spoken(text: str) -> str:
    """The lines of a text that no program printed."""
    return "\n".join(line for line in text.split("\n") if not _STYLE.match(line))


def is_machine(text: str, match: Matched) -> bool:
    """Whether a program printed this line; "I get CUDA out of memory" in a question is none."""
    if (match.facts and not match.row.harmless) or match.row.phase or match.row.usual or match.row.config:
        return True
    is_whole = text[match.line_start : match.line_end].strip(" .!\t") == match.row.anchor
    if is_whole or quotation(text, match):
        return True
    at, end = match.line_start, match.line_end
    return bool(_STYLE.match(text, at, end) or _PLACE.search(text, at, end))


def quotation(text: str, match: Matched) -> tuple[int, int] | None:
    """Start and end of a failure's message that a person quotes, without the marks; None where none does."""
    before = _ERROR_NAME.sub("", text[match.line_start : match.start])
    is_printed = before.strip() not in QUOTES and _STYLE.match(text, match.line_start, match.line_end)
    if is_printed or not match.row.fails or not before.endswith(tuple(QUOTES)):
        return None
    closing = text.find(QUOTES[before[-1]], match.end, match.line_end)
    return match.line_start + len(before), closing if closing >= 0 else match.line_end


def lines_of(text: str, found: list[Matched]) -> list[tuple[int, int]]:
    """Start and end of every line, or end of a line, that belongs to the log."""
    machine = [match for match in found if is_machine(text, match)]
    first, last = min(match.line_start for match in machine), max(match.line_end for match in machine)
    own = {match.line_start: match for match in reversed(machine)}
    read = {match.line_start: match.end for match in sorted(found, key=lambda match: match.end)}
    spans, at = [], 0
    for line in text.split("\n"):
        end = at + len(line)
        inside = first <= at and end <= last
        if at in own:
            quoted = quotation(text, own[at])
            behind = min(quoted[1] + 1, end) if quoted else _said(text, read[at], end)
            spans.append((_start(text, own[at]), behind))
        elif _STYLE.match(line) or (inside and not _COMMAND.search(line)):
            spans.append((at, end))
        at = end + 1
    return spans


def settings_of(text: str, start: int, end: int) -> str:
    """Settings that begin on a line; printed over several, as Rust prints them, up to the brace that closes them."""
    if text[end - 1 : end] != "{":
        return text[start:end]
    closing = text.find("\n}", end, end + LONGEST_LINE)
    return text[start:end] if closing < 0 else " ".join(text[start : closing + 2].split())


def _start(text: str, match: Matched) -> int:
    """Where the log begins on a line: words before an error message are a person's."""
    if match.row.config or _STYLE.match(text, match.line_start, match.line_end):
        return match.line_start
    before = text[match.line_start : match.start]
    name = _ERROR_NAME.search(before)
    return match.line_start + (name.start() if name else len(before))


def _said(text: str, start: int, end: int) -> int:
    """Where the log ends on a line: a person's words behind an error message are a question's."""
    if found := _SPOKEN.search(text, start, end):
        return found.end()
    if not text[start:end].rstrip().endswith("?"):
        return end
    sentences = [*_SENTENCE.finditer(text, start, end)]
    asked = sentences[-1] if sentences else _ASKS.search(text, start, end)
    return asked.end() if asked else end


def rest_of(text: str, spans: list[tuple[int, int]]) -> str:
    """The text without these spans."""
    parts, at = [], 0
    for start, end in sorted(spans):
        parts.append(text[at:start])
        at = max(at, end)
    return "".join([*parts, text[at:]])
