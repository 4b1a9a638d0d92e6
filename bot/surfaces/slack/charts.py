"""Native charts of an answer: where the bytes go, and memory against batch, each with its figures in words."""

from __future__ import annotations

from collections.abc import Callable

from bot.amounts import UNITS, count
from bot.contract import Answer
from bot.messages import Messages, messages
from bot.reply import Reply
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.text import clip

TITLE_UNITS, LABEL_UNITS, AXIS_UNITS = 50, 20, 50
"""docs.slack.dev/reference/block-kit/blocks/data-visualization-block."""
POINTS = 8
BEYOND = 1.25
"""How far behind the largest batch the curve goes on."""
LEAST_SPAN = 8
DIGITS = 2
COMPONENTS = ("weights", "kv_cache", "activations", "overhead")

Sizing = Callable[[int], Answer]
"""The same question with another batch."""


def charts(reply: Reply, sizing: Sizing, unit: str | None = None) -> tuple[Block, ...]:
    """Two charts with their figures; none where there is nothing to draw."""
    if reply.answer.memory is None:
        return ()
    said = messages(reply.language)
    unit = unit if unit in UNITS else "GiB"
    return (*_breakdown(reply.answer, said, unit), *_curve(reply.answer, sizing, said, unit))


def batches(answer: Answer) -> list[int]:
    """Whole batches from 1 to beyond what is asked for and what fits."""
    asked = answer.understood.batch or 1
    most = max(asked, answer.capacity.max_batch if answer.capacity else 0)
    last = max(LEAST_SPAN, round(most * BEYOND))
    return sorted({1 + round((last - 1) * step / (POINTS - 1)) for step in range(POINTS)})


def _breakdown(answer: Answer, said: Messages, unit: str) -> list[Block]:
    sizes = {part: getattr(answer.memory, part) for part in COMPONENTS} | {"spare": max(0, answer.headroom or 0)}
    drawn = {part: _amount(size, unit) for part, size in sizes.items()}
    segments = [
        {"label": clip(said(f"slack.chart_{part}"), LABEL_UNITS), "value": value}
        for part, value in drawn.items()
        if value > 0
    ]
    title = clip(said("slack.chart_breakdown", unit=unit), TITLE_UNITS)
    return [{"type": "data_visualization", "title": title, "chart": {"type": "pie", "segments": segments}}]


def _curve(answer: Answer, sizing: Sizing, said: Messages, unit: str) -> list[Block]:
    points = [(batch, sized.memory) for batch in batches(answer) if (sized := sizing(batch)).memory]
    if len(points) < 2:
        return []
    needed = {count(batch): _amount(memory.total, unit) for batch, memory in points if memory}
    lines = {said("slack.chart_needed"): needed}
    if answer.gpu_memory:
        lines[said("slack.chart_usable")] = dict.fromkeys(needed, _amount(answer.gpu_memory.usable, unit))
    title = said("slack.chart_batch", unit=unit)
    axes = {"categories": list(needed), "x_label": clip(said("slack.chart_batch_axis"), AXIS_UNITS)}
    chart = {"type": "line", "series": _series(lines), "axis_config": {**axes, "y_label": unit}}
    figures = ", ".join(f"{batch}: {value:,.1f}" for batch, value in needed.items())
    block = {"type": "data_visualization", "title": clip(title, TITLE_UNITS), "chart": chart}
    return [block, e.context(f"{title}: {figures}", limit=e.TEXT_UNITS)]


def _series(lines: dict[str, dict[str, float]]) -> list[Block]:
    return [
        {
            "name": clip(name, LABEL_UNITS),
            "data": [{"label": label, "value": value} for label, value in values.items()],
        }
        for name, values in lines.items()
    ]


def _amount(size: int, unit: str) -> float:
    return round(size / UNITS[unit], DIGITS)
