"""Two values for one thing, "h100 vs h200": each question by itself, worked out, side by side.

The machine-readable answer stays a conflict, with each question among its alternatives; people read a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from bot import contract
from bot.amounts import count, gib, gib_number, in_units, unit
from bot.changed_command import command
from bot.defaults import Defaults, inherit
from bot.errors import QuestionError
from bot.messages import Messages, messages
from bot.parse import parse
from bot.parsing.sides import KINDS, MOST_SIDES
from bot.phrasing import engine_name, gpus, layout_text
from bot.present import answer, asked_again
from bot.query import Problem, Query
from bot.questions import release
from bot.reply import Cell, Reply, Table
from bot.resolve import resolve
from bot.say import assumptions_of
from bot.size import Sized, size
from bot.words import comparing, fold
from formulas.deployment import PARALLEL

NAMED = (
    "model",
    "weights",
    "kv_cache",
    "engine",
    "engine_version",
    "gpu",
    "gpu_count",
    *PARALLEL,
    "batch",
    "sequence_tokens",
    "max_batched_tokens",
    "utilization",
)
"""By what a side goes, in this order."""
ALWAYS = KINDS | {"engine_version"}
"""Slots of which two values are always a comparison; of others they are one where a word says so ("8k vs 16k")."""
WHOLE_NAMES = {"gpu_count": "gpu", "engine_version": "engine"}
"""Slots that are said with another."""


def compared(query: Query, refusal: Reply, settings: Defaults) -> Reply:
    """The refusal of a question whose only fault is that it names several, with the answer to each.

    The refusal itself where they are not to be compared.
    """
    if query.command or query.log or any(problem.code != "conflict" for problem in query.problems):
        return refusal
    for problem in query.problems:
        sides = _sides(problem, query, settings)
        if len(sides) > 1:
            return _beside(refusal, sides, _differing(sides, [str(each.slot) for each in query.problems]))
    return refusal


def _differing(sides: Sequence[Sized], slots: Sequence[str]) -> list[str]:
    """By what the sides are told apart: what the question says twice, and what it says of one side alone."""
    found = [slot for slot in NAMED if slot in slots or _is_told(sides, slot)]
    found = [slot for slot in found if WHOLE_NAMES.get(slot) not in found]
    layouts = [slot for slot in found if slot in PARALLEL]
    return [slot for slot in found if slot not in layouts[1:]] or [*slots[:1]]


def _is_told(sides: Sequence[Sized], slot: str) -> bool:
    """Whether a side states it, and not all come to the same."""
    is_said = any(getattr(side.resolution.query, slot) for side in sides)
    return is_said and len({str(getattr(answer(side).understood, slot)) for side in sides}) > 1


def _sides(problem: Problem, query: Query, settings: Defaults) -> list[Sized]:
    """Each question worked out; fewer where one of them cannot be answered."""
    if not problem.sides and problem.slot not in ALWAYS and not (problem.slot in NAMED and _says_so(query.text)):
        return []
    texts = problem.suggestions
    read = [inherit(parse(text), settings) for text in texts]
    if not 2 <= len(texts) <= MOST_SIDES or len(problem.words) > MOST_SIDES or any(each.problems for each in read):
        return []
    try:
        return [size(resolve(each)) for each in read]
    except QuestionError:
        return []


@cache
def _comparing() -> re.Pattern[str]:
    words = sorted(map(re.escape, comparing()), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])")


def _says_so(text: str) -> bool:
    """Whether a word asks to compare."""
    return _comparing().search(fold(text)) is not None


def _beside(refusal: Reply, sides: Sequence[Sized], slots: Sequence[str]) -> Reply:
    """The refusal with the sides as its alternatives, and for people a sentence and a table of them."""
    text = messages(refusal.language)
    rows = [text(f"compare.row_{_kind(side)}", **_values(side, slots, text)) for side in sides]
    found = [_alternative(side, slots) for side in sides]
    assumed = _shared([assumptions_of(side, text) for side in sides])
    return replace(
        refusal,
        answer=refusal.answer.model_copy(update={"alternatives": found, "assumptions": list(assumed)}),
        headline=text("compare.headline", rows="; ".join(rows)),
        tables=(table(sides, slots, text),),
        steps=tuple(replace(step, text=text("compare.by_itself")) for step in refusal.steps),
        assumptions=assumed,
    )


def _shared(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """What every side assumes."""
    return tuple(each for each in lists[0] if all(each in others for others in lists[1:]))


def _alternative(side: Sized, slots: Sequence[str]) -> contract.Alternative:
    found = answer(side)
    return contract.Alternative(
        change=", ".join(_change(found, slot) for slot in slots),
        fits=found.fits,
        verdict=found.verdict,
        max_batch=found.capacity.max_batch if found.capacity else None,
        max_sequence_tokens=found.capacity.max_sequence_tokens if found.capacity else None,
        command=command(side.estimate, side.resolution),
        question=asked_again(side.estimate, side.resolution),
    )


def _change(found: contract.Answer, slot: str) -> str:
    """slot=value; of the sizes of a layout the one that shares the work."""
    if slot in PARALLEL:
        slot = next((each for each in PARALLEL if (getattr(found.understood, each) or 1) > 1), slot)
    return f"{slot}={getattr(found.understood, slot)}"


def table(sides: Sequence[Sized], slots: Sequence[str], text: Messages) -> Table:
    """What each side needs, has and holds."""
    held = all(side.held for side in sides)
    head = slots[0] if len(slots) == 1 else "side"
    columns = ("name", "verdict", "needs", *(("usable", "max_batch", "longest") if held else ()))
    return Table(
        caption=text("compare.caption"),
        columns=tuple(text(f"compare.column_{head if key == 'name' else key}", unit=unit()) for key in columns),
        rows=tuple(tuple(_cells(side, slots, text)[key] for key in columns) for side in sides),
    )


def _cells(side: Sized, slots: Sequence[str], text: Messages) -> dict[str, Cell]:
    result, held = side.estimate, side.held
    name = _name(side, slots, text) if len(slots) > 1 else _value(side, slots[0], text)
    cells = {
        "name": Cell(name),
        "verdict": Cell(text(f"compare.{side.verdict}")),
        "needs": Cell(gib_number(result.memory.total), in_units(result.memory.total)),
        "usable": Cell(gib_number(result.usable), in_units(result.usable)),
    }
    if held:
        cells["max_batch"] = Cell(count(held.max_batch), held.max_batch)
        cells["longest"] = Cell(count(held.longest), held.longest)
    return cells


def _kind(side: Sized) -> str:
    return "held" if side.held else "alone"


def _values(side: Sized, slots: Sequence[str], text: Messages) -> dict[str, str]:
    return {
        "name": _name(side, slots, text) + (":" if len(slots) > 1 else ""),
        "verdict": text(f"compare.{side.verdict}"),
        "total": gib(side.estimate.memory.total),
        "max_batch": count(side.held.max_batch) if side.held else "",
    }


def _name(side: Sized, slots: Sequence[str], text: Messages) -> str:
    """What a side goes by: its value of all that differs."""
    named = ((slot, _value(side, slot, text)) for slot in slots)
    return ", ".join(text.first(f"compare.name_{slot}", "compare.name", value=value) for slot, value in named)


def _value(side: Sized, slot: str, text: Messages) -> str:
    """A value as people read it, cards with their number."""
    deployment = side.estimate.deployment
    if slot in ("gpu", "gpu_count"):
        return gpus(deployment.gpu.name, deployment.layout.gpu_count)
    if slot in ("engine", "engine_version"):
        return f"{engine_name(deployment.engine, text)} {release(deployment.engine_version)}"
    if slot in PARALLEL:
        return layout_text(deployment.layout, text, deployment.engine)
    value = getattr(answer(side).understood, slot)
    return count(value) if isinstance(value, int) else str(value)
