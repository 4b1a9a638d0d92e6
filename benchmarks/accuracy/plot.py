"""Predicted against measured KV tokens, one dot a start-up: docs/images/accuracy.svg."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import leather

from benchmarks.accuracy.score import Scored

DECADES = {3: "1 k", 4: "10 k", 5: "100 k", 6: "1 M", 7: "10 M"}
"""Axis labels by the decimal logarithm: the library draws linear scales, so logarithms are drawn."""
BLUE, OCHRE, GREY = "#1f6feb", "#d4a017", "#888888"
RADIUS = 3
WIDTH, HEIGHT = 760, 560


def picture(ours: Sequence[Scored], guide: Sequence[Scored]) -> str:
    """The chart as SVG text; the same rows give the same text."""
    chart = leather.Chart("KV cache tokens of vLLM start-ups: predicted (up) and printed by the server (right)")
    chart.add_line(
        [(low, low) for low in (min(DECADES) + 1, max(DECADES))], name="predicted = printed", stroke_color=GREY
    )
    chart.add_dots(_dots(guide), name="the guide's formula", fill_color=OCHRE, radius=RADIUS)
    chart.add_dots(_dots(ours), name="this project", fill_color=BLUE, radius=RADIUS)
    chart.add_x_scale(min(DECADES) + 1, max(DECADES))
    chart.add_y_scale(min(DECADES), max(DECADES))
    chart.add_x_axis(ticks=list(DECADES)[1:], tick_formatter=_label)
    chart.add_y_axis(ticks=list(DECADES), tick_formatter=_label)
    return str(chart.to_svg(width=WIDTH, height=HEIGHT)) + "\n"


def _label(value: float, index: int, count: int) -> str:
    return DECADES[round(value)]


def _dots(rows: Sequence[Scored]) -> list[tuple[float, float]]:
    pairs = [row.pairs["tokens"] for row in rows if "tokens" in row.pairs]
    drawn = [(log10(pair.measured), log10(pair.predicted)) for pair in pairs if pair.predicted > 0]
    return [(across, up) for across, up in drawn if up >= min(DECADES)]
