"""Fit vLLM's constants on the measured start-ups: `make fit` writes formulas/fitted.toml.

Every figure is the median over the logs of its class, so one odd log moves nothing, drawn towards the median of the
wider class as if PRIOR_LOGS more logs stood there. Bands are conformal: nine of ten start-ups of a class lie within its
figure, each as a fit on all others predicts it. Rows of low confidence, and rows that say why they stand aside, take no
part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from math import ceil
from statistics import median
from typing import Any, NamedTuple, TypeVar

from benchmarks.accuracy.deploy import GIB
from benchmarks.accuracy.logs import ANY, NOTHING, Log, logs
from formulas.engines.vllm_classes import band_classes, graph_class, non_torch_classes, weights_class
from formulas.fitted import FILE, GROUPS, Constant, Fitted
from formulas.units import KIB, MIB

PRIOR_LOGS = 0.25
"""Weight of the wider class in the figure of a narrower one, in logs: the least error of left-out rows."""
COVERED = 0.9
"""Share of start-ups that a band is to cover."""
FEWEST_LOGS = 19
"""Logs that a class needs for a band of its own; of fewer the largest residual alone would be the figure."""
GRAPH_BASE_STEPS = 64
"""Candidates for the base of the graphs, up to the smallest that was logged: no class may come out below zero."""

Row = TypeVar("Row")


def fit(rows: Sequence[Log]) -> Fitted:
    """The constants of these logs, and the bands of what a fit on all others leaves of each."""
    return with_bands(constants(rows), rows, left(rows))


def left(rows: Sequence[Log]) -> list[float | None]:
    """What a fit on all other logs leaves of the logged cache of each; None where a row has no cache."""
    return [_remains(log, constants(without(rows, place))) for place, log in enumerate(rows)]


def without(rows: Sequence[Row], place: int) -> list[Row]:
    """All but one."""
    return [*rows[:place], *rows[place + 1 :]]


def constants(rows: Sequence[Log]) -> Fitted:
    """Graphs first, then what is left outside torch."""
    found = replace(NOTHING, **_graphs(rows))
    return replace(found, **_non_torch(rows, found))


def with_bands(found: Fitted, rows: Sequence[Log], remains: Sequence[float | None]) -> Fitted:
    """The constants with the bands of these logs."""
    return replace(found, weights_band=_weights_band(rows), band=_band(rows, remains))


class Point(NamedTuple):
    """A figure of one log and the classes that it belongs to, the narrowest first."""

    classes: tuple[str, ...]
    size: float


def pooled(points: Sequence[Point]) -> dict[str, tuple[float, int]]:
    """Median and number of logs of each class, the widest first, each narrower one drawn towards the next wider."""
    found: dict[str, tuple[float, int]] = {}
    for depth in range(1, 1 + max(len(point.classes) for point in points)):
        groups = _by((point.classes[-depth:], point.size) for point in points if len(point.classes) >= depth)
        for (key, *wider), of in groups.items():
            prior = PRIOR_LOGS if wider else 0
            towards = found[wider[0]][0] if wider else 0.0
            found[key] = (len(of) * median(of) + prior * towards) / (len(of) + prior), len(of)
    return found


# ---------------------------------------------------------------------- CUDA graphs


def _graphs(rows: Sequence[Log]) -> dict[str, object]:
    """Base and bytes a layer with the least sum of absolute errors, over logs from 0.15 on."""
    points = [
        ((graph_class(log.deployment.model.architecture), ANY), log.width, size)
        for log in rows
        if (size := log.captured) is not None
    ]

    def layers(base: float) -> dict[str, tuple[float, int]]:
        return pooled([Point(classes, (size - base) / width) for classes, width, size in points])

    def errors(base: float) -> list[float]:
        each = layers(base)
        return [abs(base + each[classes[0]][0] * width - size) for classes, width, size in points]

    smallest = min(size for _, _, size in points)
    candidates = [smallest * step / GRAPH_BASE_STEPS for step in range(GRAPH_BASE_STEPS + 1)]
    base = min(candidates, key=lambda base: sum(errors(base)))
    residuals = _by(
        (key, error) for (classes, _, _), error in zip(points, errors(base), strict=True) for key in classes
    )
    return {
        "graph_base": _constant(base, errors(base), MIB),
        "graph_layer": {key: _constant(value, residuals[key], KIB) for key, (value, _) in layers(base).items()},
    }


def _graphs_of(log: Log, found: Fitted) -> float:
    """Bytes that the budget loses to graphs."""
    if not log.graphs:
        return 0.0
    key = graph_class(log.deployment.model.architecture)
    layer = found.graph_layer[key if key in found.graph_layer else ANY]
    return max(found.graph_base.value + layer.value * log.graphs, log.step)


# ---------------------------------------------------------------------- outside torch


def _non_torch(rows: Sequence[Log], found: Fitted) -> dict[str, object]:
    """What a tower adds to the median of its class, then the classes, towers taken off."""
    points = [
        (non_torch_classes(log.deployment), log.tower, outside)
        for log in rows
        if (outside := _outside(log, found)) is not None
    ]
    plain = {key: median(of) for key, of in _by((classes, size) for classes, tall, size in points if not tall).items()}
    more = [size - plain[classes] for classes, tall, size in points if tall and classes in plain]
    tower = max(0.0, median(more)) if more else 0.0
    values = pooled([Point(classes, size - tall * tower) for classes, tall, size in points])
    residuals = _by(
        (key, abs(size - tall * tower - values[classes[0]][0])) for classes, tall, size in points for key in classes
    )
    return {
        "non_torch": {key: _constant(max(0.0, value), residuals[key], MIB) for key, (value, _) in values.items()},
        "tower": _constant(tower, [abs(size - tower) for size in more], MIB),
    }


def _outside(log: Log, found: Fitted) -> float | None:
    """Memory outside torch: as printed, else what is missing from the logged budget."""
    printed = log.start.logged.non_torch_gib
    if printed is not None:
        return printed * GIB
    return None if log.missing is None else log.missing - _graphs_of(log, found)


def _remains(log: Log, found: Fitted) -> float | None:
    """What the prediction under these constants has too much of the logged cache, at the logged weights."""
    if log.missing is None:
        return None
    outside = next(found.non_torch[key] for key in non_torch_classes(log.deployment) if key in found.non_torch)
    return log.missing - _graphs_of(log, found) - outside.value - log.tower * found.tower.value


# ---------------------------------------------------------------------- bands


def _weights_band(rows: Sequence[Log]) -> dict[str, Constant]:
    shares = _by(
        (weights_class(log.deployment), abs(log.weights_error) / (log.start.logged.weights_gib * GIB))
        for log in rows
        if log.start.logged.weights_gib and not log.start.own_recipe
    )
    return {key: _spread(of, step=1e-4) for key, of in shares.items()}


def _band(rows: Sequence[Log], remains: Sequence[float | None]) -> dict[str, Constant]:
    missing = [(log, size) for log, size in zip(rows, remains, strict=True) if size is not None]
    residuals = _by((key, abs(size)) for log, size in missing for key in band_classes(log.deployment))
    return {key: _spread(of, step=MIB) for key, of in residuals.items() if len(of) >= FEWEST_LOGS}


def _spread(residuals: Sequence[float], *, step: float) -> Constant:
    """The residual that COVERED of further logs stay within."""
    ordered = sorted(residuals)
    place = min(len(ordered), ceil((len(ordered) + 1) * COVERED))
    return _constant(ordered[place - 1], ordered, step)


# ---------------------------------------------------------------------- parts


def _by(pairs: Iterable[tuple[Any, float]]) -> dict[Any, list[float]]:
    found: dict[Any, list[float]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(sorted(found.items()))


def _constant(value: float, residuals: Sequence[float], step: float) -> Constant:
    """The value and the spread of its residuals in whole steps."""
    ordered = sorted(residuals)
    p90 = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))] if ordered else 0.0
    p50 = median(ordered) if ordered else 0.0
    return Constant(*(_whole(figure, step) for figure in (value, p50, p90)), len(ordered))


def _whole(figure: float, step: float) -> float:
    return round(figure / step) * step if step >= 1 else round(figure, 4)


HEADER = """\
# Constants of vLLM's memory that no closed form gives, fitted on the logs of tests/measured/vllm.toml.
# Written by `make fit`; edit the rows or the fit, not this file. value, p50 and p90 (of the absolute residuals) are
# bytes, in weights_band shares of the weights; logs is the number of start-ups behind the figure.
"""


def text(constants: Fitted) -> str:
    """fitted.toml."""
    tables = [f"\n[{name}]\n" + "".join(_lines(getattr(constants, name))) for name in GROUPS]
    single = [f"{name} = {_inline(getattr(constants, name))}\n" for name in ("tower", "graph_base")]
    return HEADER + "\n" + "".join(single) + "".join(tables)


def _lines(table: Mapping[str, Constant]) -> Iterable[str]:
    return (f'"{key}" = {_inline(constant)}\n' for key, constant in sorted(table.items()))


def _inline(constant: Constant) -> str:
    return "{ " + ", ".join(f"{name} = {figure:.10g}" for name, figure in asdict(constant).items()) + " }"


if __name__ == "__main__":
    FILE.write_text(text(fit(logs())), encoding="utf-8")
