"""Reply -> terminal: styled where a person reads it, plain in a pipe, a file, or with NO_COLOR (no-color.org)."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TextIO

from bot.messages import messages
from bot.reply import Reply, Step, Table
from bot.settings import wants_colour

STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
"""Codes of ECMA-48, select graphic rendition."""
COLOURS = {"fits": "green", "tight": "yellow", "does_not_fit": "red", "needs": "cyan", "help": "cyan", "error": "red"}
TOP, MIDDLE, BOTTOM = tuple("┏━┳┓"), tuple("┡━╇┩"), tuple("└─┴┘")
"""Left corner, line, crossing and right corner of each rule of a table."""
COMMAND = "cyan"
"""Style of a command; what changed in it is bold."""
HEAD, BODY = "┃", "│"


def show(reply: Reply, out: TextIO | None = None) -> None:
    """Print everything that a person reads, most important first."""
    out = out or sys.stdout
    styled = out.isatty() and wants_colour()
    marks = tuple({mark for step in reply.steps for mark in step.marks})
    for line, styles in _lines(reply):
        print(_styled(line, styles, marks) if styled and styles else line, file=out)


def _styled(line: str, styles: str, marks: Sequence[str]) -> str:
    codes = ";".join(str(STYLES[style]) for style in styles.split())
    for mark in marks if styles == COMMAND else ():
        line = line.replace(f" {mark}", f" \x1b[1m{mark}\x1b[22m")
    return f"\x1b[{codes}m{line}\x1b[0m"


def _lines(reply: Reply) -> Iterator[tuple[str, str]]:
    """Every line with its styles."""
    yield reply.headline, f"bold {COLOURS[reply.verdict]}"
    for table in reply.tables:
        yield from _table(table)
    yield from ((f"• {fact}", "") for fact in reply.facts)
    yield from ((f"! {note}", "yellow") for note in reply.notes)
    for before, step in zip(("", *(step.text for step in reply.steps)), reply.steps, strict=False):
        yield from _step(step, said=before)
    for section in reply.sections:
        yield from (("", ""), (section.title, "bold"), (section.text, ""))
    yield from _small_print(reply)


def _table(table: Table) -> Iterator[tuple[str, str]]:
    rows = [[cell.text for cell in row] for row in table.rows]
    widths = [max(map(_width, column)) for column in zip(table.columns, *rows, strict=True)]
    yield table.caption, "bold"
    yield _rule(TOP, widths), ""
    yield _row(HEAD, table.columns, widths), "dim"
    yield _rule(MIDDLE, widths), ""
    yield from ((_row(BODY, row, widths), "") for row in rows)
    yield _rule(BOTTOM, widths), ""


def _rule(marks: Sequence[str], widths: Sequence[int]) -> str:
    left, line, crossing, right = marks
    return left + crossing.join(line * (width + 2) for width in widths) + right


def _row(edge: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first column to the left, numbers to the right."""
    spaces = [" " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)]
    padded = [
        space + cell if index else cell + space for index, (cell, space) in enumerate(zip(cells, spaces, strict=True))
    ]
    return f"{edge} {f' {edge} '.join(padded)} {edge}"


def _width(text: str) -> int:
    """Columns that a text takes: marks on a letter take none, wide characters two (UAX #11)."""
    if text.isascii():
        return len(text)
    letters = (letter for letter in text if not unicodedata.combining(letter))
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in letters)


def _step(step: Step, *, said: str) -> Iterator[tuple[str, str]]:
    if step.text != said:
        yield f"→ {step.text}", ""
    if step.command:
        yield step.command if "\n" in step.command else f"    {step.command}", COMMAND
    elif step.question:
        yield f'    vram "{step.question}"', "cyan"


def _small_print(reply: Reply) -> Iterator[tuple[str, str]]:
    if reply.assumptions:
        yield messages(reply.language)("label.assumed", assumptions="; ".join(reply.assumptions)), "dim"
    if reply.source:
        yield reply.source, "dim"
