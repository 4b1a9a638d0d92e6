"""Constants fitted on measured start-ups: fitted.toml, written by `make fit` (benchmarks/accuracy/fit.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalog.kept import toml

FILE = Path(__file__).with_name("fitted.toml")


@dataclass(frozen=True, slots=True)
class Constant:
    """One fitted figure and what it rests on."""

    value: float
    """Bytes; a share of the weights for weights_band."""
    p50: float
    """Median of the absolute residuals of those logs, in the same unit."""
    p90: float
    """Their 90th percentile."""
    logs: int
    """Start-ups behind the figure."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The constants of vLLM by class; vllm_classes.py says which class a deployment falls under."""

    non_torch: Mapping[str, Constant]
    """Memory outside torch on one GPU."""
    tower: Constant
    """More of it with a vision or audio tower."""
    graph_base: Constant
    """CUDA graphs of a model without layers."""
    graph_layer: Mapping[str, Constant]
    """More of them a layer, at GRAPH_SIZES_REFERENCE captured sizes."""
    weights_band: Mapping[str, Constant]
    """Share of the weights by which nine of ten start-ups stay within the prediction."""
    band: Mapping[str, Constant]
    """Bytes by which the rest of the budget does."""


@cache
def fitted() -> Fitted:
    """The constants in force."""
    return from_table(toml(FILE))


def from_table(table: Mapping[str, Any]) -> Fitted:
    """The constants of a parsed fitted.toml."""
    groups = {name: {key: Constant(**row) for key, row in table[name].items()} for name in GROUPS}
    return Fitted(**groups, tower=Constant(**table["tower"]), graph_base=Constant(**table["graph_base"]))


GROUPS = ("non_torch", "graph_layer", "weights_band", "band")
"""Tables of fitted.toml with one row a class; `tower` and `graph_base` are rows themselves."""
