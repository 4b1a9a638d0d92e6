"""Sized -> Reply with the derivation: each law with symbols, with this question's numbers, and its source."""

from __future__ import annotations

from dataclasses import replace

from bot.messages import Messages, messages
from bot.reply import Reply, Section
from bot.say import say
from bot.size import Sized
from formulas.deployment import Deployment


def derive(sized: Sized) -> Reply:
    """The reply of the question with its formulas. Loads sympy."""
    text = messages(sized.resolution.query.language)
    sections = (*_closed_form(sized.resolution.solve_for or "batch", text), *_laws(sized.estimate.deployment, text))
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

    sections = []
    for line in derivation(deployment):
        unit = line.law.quantity.unit
        body = f"{line.symbols}\n{line.numbers} {unit}\n{text('explain.holds', holds=line.law.holds)}\n"
        body += text("explain.source", source=line.law.source)
        sections.append(Section(line.law.quantity.meaning, body, preformatted=True))
    return tuple(sections)
