"""Sized -> Reply with the derivation: each law with symbols, with this question's numbers, and its source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.messages import Messages, messages, title
from bot.reply import Reply, Section
from bot.say import frees_at_once, say
from bot.size import Sized
from formulas.deployment import Deployment

if TYPE_CHECKING:
    from formulas.explain import Line

SHOWN_USES = 3
"""Uses of one law that are spelled out."""


def derive(sized: Sized) -> Reply:
    """The reply of the question with its formulas. Loads sympy."""
    text = messages(sized.resolution.query.language)
    unknown = sized.resolution.solve_for or "batch"
    closed = () if frees_at_once(sized) else _closed_form(unknown, text)
    sections = (*closed, *_laws(sized.estimate.deployment, text))
    return replace(say(sized), sections=sections)


def _closed_form(unknown: str, text: Messages) -> tuple[Section, ...]:
    from formulas.closed_forms import UNKNOWNS, closed_form

    if unknown not in (*UNKNOWNS, "gpu_count"):
        return ()
    equation = closed_form(unknown)
    return (
        Section(text("explain.closed_form", unknown=unknown), f"{equation.lhs} = {equation.rhs}", preformatted=True),
    )


def _laws(deployment: Deployment, text: Messages) -> tuple[Section, ...]:
    from formulas.explain import derivation

    used: dict[str, list[Line]] = {}
    for line in derivation(deployment):
        used.setdefault(line.law.name, []).append(line)
    return tuple(_section(lines, text) for lines in used.values())


def _numbers(line: Line) -> str:
    """The line with its unit; a ratio has none."""
    unit = line.law.quantity.unit
    return line.numbers if unit == "1" else f"{line.numbers} {unit}"


def _section(lines: list[Line], text: Messages) -> Section:
    """One law with its uses; of many only the first few, and how many more."""
    law = lines[0].law
    rows = [lines[0].symbols, *(_numbers(line) for line in lines[:SHOWN_USES])]
    if len(lines) > SHOWN_USES:
        rows.append(text("explain.more", count=len(lines) - SHOWN_USES))
    rows += [text("explain.holds", holds=law.holds), text("explain.source", source=law.source)]
    named = title(law.result.name, law.quantity.meaning, text.language)
    return Section(named, "\n".join(rows), preformatted=True)
