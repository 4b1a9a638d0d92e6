"""Slack's charts as SVG: a pie with its legend, lines over categories."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any

Block = dict[str, Any]

COLOURS = ("#1264a3", "#2eb67d", "#ecb22e", "#e01e5a", "#bdbdbd", "#611f69")
RADIUS = 70
WIDTH, HEIGHT, MARGIN = 620, 180, 40


def chart(part: Block) -> str:
    """A data_visualization block. Raises KeyError for a kind that is not drawn here."""
    drawn = {"pie": _pie, "line": _lines}[part["chart"]["type"]](part["chart"])
    return f'<div class="chart"><b>{escape(part["title"])}</b><div>{drawn}</div></div>'


def _pie(pie: Block) -> str:
    total, turn, slices = sum(segment["value"] for segment in pie["segments"]), 0.0, []
    for segment, colour in zip(pie["segments"], COLOURS, strict=False):
        end = turn + segment["value"] / total
        slices.append(f'<path d="{_slice(turn, end)}" fill="{colour}"/>')
        turn = end
    size = 2 * RADIUS
    named = [(f"{segment['label']} {segment['value']:g}") for segment in pie["segments"]]
    return f'<svg width="{size}" height="{size}">{"".join(slices)}</svg>{_legend(named)}'


def _slice(start: float, end: float) -> str:
    (x0, y0), (x1, y1) = _edge(start), _edge(min(end, start + 0.9999))
    large = int(end - start > 0.5)
    return f"M{RADIUS},{RADIUS}L{x0:.1f},{y0:.1f}A{RADIUS},{RADIUS} 0 {large} 1 {x1:.1f},{y1:.1f}Z"


def _edge(turn: float) -> tuple[float, float]:
    angle = 2 * math.pi * turn
    return RADIUS * (1 + math.sin(angle)), RADIUS * (1 - math.cos(angle))


def _lines(lines: Block) -> str:
    most = max(point["value"] for series in lines["series"] for point in series["data"])
    curves = "".join(_curve(series, most, colour) for series, colour in zip(lines["series"], COLOURS, strict=False))
    axis = "".join(_ticks(lines["axis_config"]["categories"]))
    names = [series["name"] for series in lines["series"]]
    return f'<svg width="{WIDTH}" height="{HEIGHT + MARGIN}">{curves}{axis}</svg>{_legend(names)}'


def _curve(series: Block, most: float, colour: str) -> str:
    step = (WIDTH - 2 * MARGIN) / max(1, len(series["data"]) - 1)
    points = (
        f"{MARGIN + number * step:.1f},{HEIGHT - (HEIGHT - 10) * point['value'] / most:.1f}"
        for number, point in enumerate(series["data"])
    )
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _ticks(categories: list[str]) -> Iterator[str]:
    step = (WIDTH - 2 * MARGIN) / max(1, len(categories) - 1)
    for number, name in enumerate(categories):
        place = f'x="{MARGIN + number * step:.1f}" y="{HEIGHT + 20}"'
        yield f'<text {place} text-anchor="middle" font-size="12" fill="#616061">{escape(name)}</text>'


def _legend(names: list[str]) -> str:
    keys = (
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(names, COLOURS, strict=False)
    )
    return f'<div class="legend">{"".join(keys)}</div>'
