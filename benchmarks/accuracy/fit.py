"""Fit vLLM's constants on the measured start-ups: `make fit` writes formulas/fitted.toml.

Every figure is the median over the logs of its class, so one odd log moves nothing; bands are conformal: nine of ten
start-ups of a class lie within its figure. Rows of low confidence, and rows that say why they stand
aside, take no part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from math import ceil
from statistics import median
from typing import NamedTuple

from benchmarks.accuracy.deploy import GIB
from benchmarks.accuracy.rows import Start
from benchmarks.accuracy.score import available, expressed
from formulas import compiled
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.vllm_classes import band_classes, graph_class, non_torch_class, weights_class
from formulas.engines.vllm_plan import VllmPlan
from formulas.fitted import FILE, GROUPS, Constant, Fitted
from formulas.units import KIB, MIB

COVERED = 0.9
"""Share of start-ups that a band is to cover."""
FEWEST_LOGS = 9
"""Logs that a class needs for a band of its own; COVERED of fewer is no figure."""
GRAPH_BASE_STEPS = 64
"""Candidates for the base of the graphs, up to the smallest that was logged: no class may come out below zero."""
TIB = 2**40
"""A cache so large that its tokens tell the bytes of one."""


class ZeroOf(dict[str, Constant]):
    """Any class, at zero."""

    def __missing__(self, key: str) -> Constant:
        return ZERO


ZERO, ONE = Constant(0, 0, 0, 0), Constant(1, 0, 0, 0)
NOTHING = Fitted(ZeroOf(), ZERO, ZERO, ZeroOf(), ZeroOf(), ZeroOf())
"""Constants that leave only what is computed."""


class Log(NamedTuple):
    """A start-up that takes part, with what is computed without any constant. Bytes."""

    start: Start
    deployment: Deployment
    weights: int
    rest: int
    """Left for the cache by weights and activations alone."""

    @property
    def weights_error(self) -> float:
        """Computed less logged weights; zero where the log has none."""
        logged = self.start.logged.weights_gib
        return 0.0 if logged is None else self.weights - logged * GIB

    @property
    def tower(self) -> bool:
        return bool(self.deployment.model.architecture.towers)


def logs() -> list[Log]:
    """vLLM rows that take part, in the order of the file."""
    return [_log(start, at) for start, at in expressed() if start.engine == "vllm" and _takes_part(start)]


def _takes_part(start: Start) -> bool:
    return start.confidence != "low" and not start.aside


def _log(start: Start, at: Deployment) -> Log:
    plan = VllmPlan(at, compiled, NOTHING)
    weights = plan.memory(batch=0, sequence_tokens=at.load.sequence_tokens).weights
    return Log(start, at, weights, available(plan, at.load.sequence_tokens))


def fit(rows: Sequence[Log]) -> Fitted:
    """The constants of these logs: graphs first, then what is left outside torch, then the spread of what remains."""
    found = replace(NOTHING, **_graphs(rows))
    found = replace(found, **_non_torch(rows, found))
    return replace(found, weights_band=_weights_band(rows), band=_band(rows, found))


# ---------------------------------------------------------------------- CUDA graphs


def _graphs(rows: Sequence[Log]) -> dict[str, object]:
    """Base and bytes a layer with the least sum of absolute errors, over logs from 0.15 on."""
    points = [(graph_class(log.deployment.model.architecture), *point) for log in rows for point in _graph_point(log)]

    def layers(base: float) -> dict[str, float]:
        return {key: median(of) for key, of in _by((key, (size - base) / width) for key, width, size in points).items()}

    def errors(base: float) -> list[float]:
        return [abs(base + layers(base)[key] * width - size) for key, width, size in points]

    smallest = min(size for _, _, size in points)
    candidates = [smallest * step / GRAPH_BASE_STEPS for step in range(GRAPH_BASE_STEPS + 1)]
    base = min(candidates, key=lambda base: sum(errors(base)))
    each = layers(base)
    residuals = _by((key, abs(base + each[key] * width - size)) for key, width, size in points)
    return {
        "graph_base": _constant(base, errors(base), MIB),
        "graph_layer": {key: _constant(each[key], of, KIB) for key, of in residuals.items()},
    }


def _graph_point(log: Log) -> Iterable[tuple[float, float]]:
    """Layers times captured sizes over the reference, and the logged bytes; the estimate counts where it is printed."""
    logged = log.start.logged
    size = logged.graphs_gib if logged.graphs_estimate_gib is None else logged.graphs_estimate_gib
    if size is None or size <= 0 or log.deployment.engine_version < releases.NON_TORCH_STEP:
        return
    one = {graph_class(log.deployment.model.architecture): ONE}
    width = VllmPlan(log.deployment, compiled, replace(NOTHING, graph_layer=one)).captured_graphs(0)
    if width:
        yield width, size * GIB


# ---------------------------------------------------------------------- outside torch


def _non_torch(rows: Sequence[Log], found: Fitted) -> dict[str, object]:
    """Medians by class over models without a tower, or over all where no other is there; then what a tower adds."""
    points = [
        (non_torch_class(log.deployment), log.tower, outside)
        for log in rows
        if (outside := _outside(log, found)) is not None
    ]
    plain = _by((key, size) for key, tower, size in points if not tower)
    every = _by((key, size) for key, _, size in points)
    values = {key: median(plain.get(key, of)) for key, of in every.items()}
    tower = [size - values[key] for key, tall, size in points if tall and key in plain]
    more = max(0.0, median(tower)) if tower else 0.0
    residuals = _by((key, abs(size - values[key] - tall * more)) for key, tall, size in points)
    return {
        "non_torch": {key: _constant(max(0.0, values[key]), of, MIB) for key, of in residuals.items()},
        "tower": _constant(more, [abs(size - more) for size in tower], MIB),
    }


def _outside(log: Log, found: Fitted) -> float | None:
    """Memory outside torch: as printed, else what is missing from the logged budget."""
    printed = log.start.logged.non_torch_gib
    return _missing(log, found) if printed is None else printed * GIB


def _missing(log: Log, found: Fitted) -> float | None:
    """What the prediction under these constants has too much of the logged cache, at the logged weights."""
    plan = VllmPlan(log.deployment, compiled, found)
    cache = _logged_cache(log, plan)
    if cache is None:
        return None
    return available(plan, log.deployment.load.sequence_tokens) - cache + log.weights_error


def _logged_cache(log: Log, plan: VllmPlan) -> float | None:
    """The cache as printed, else as its tokens make it, which are exact; None where the log has neither."""
    logged, length = log.start.logged, log.deployment.load.sequence_tokens
    if logged.kv_gib is not None:
        return logged.kv_gib * GIB
    tokens = plan.tokens(TIB, sequence_tokens=length)
    return logged.tokens * TIB / tokens if logged.tokens and tokens else None


# ---------------------------------------------------------------------- bands


def _weights_band(rows: Sequence[Log]) -> dict[str, Constant]:
    shares = _by(
        (weights_class(log.deployment), abs(log.weights_error) / (log.start.logged.weights_gib * GIB))
        for log in rows
        if log.start.logged.weights_gib and not log.start.own_recipe
    )
    return {key: _spread(of, step=1e-4) for key, of in shares.items()}


def _band(rows: Sequence[Log], found: Fitted) -> dict[str, Constant]:
    missing = [(log, size) for log in rows if (size := _missing(log, found)) is not None]
    residuals = _by((key, abs(size)) for log, size in missing for key in band_classes(log.deployment))
    return {key: _spread(of, step=MIB) for key, of in residuals.items() if len(of) >= FEWEST_LOGS}


def _spread(residuals: Sequence[float], *, step: float) -> Constant:
    """The residual that COVERED of further logs stay within."""
    ordered = sorted(residuals)
    place = min(len(ordered), ceil((len(ordered) + 1) * COVERED))
    return _constant(ordered[place - 1], ordered, step)


# ---------------------------------------------------------------------- parts


def _by(pairs: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
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


def completed(part: Fitted, whole: Fitted) -> Fitted:
    """A fit on part of the logs, with classes that it lacks at the median of those it has."""
    groups = {name: _filled(getattr(part, name), getattr(whole, name)) for name in GROUPS}
    return replace(part, **groups)


def _filled(part: Mapping[str, Constant], whole: Mapping[str, Constant]) -> dict[str, Constant]:
    middle = median(constant.value for constant in part.values())
    return {key: part.get(key, Constant(middle, 0, 0, 0)) for key in whole}


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
