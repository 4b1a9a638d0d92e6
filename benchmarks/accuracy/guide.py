"""The deployment guide's formulas on the same rows: its weights, its cache per token, its 15 % overhead."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.accuracy.deploy import GIB
from benchmarks.accuracy.score import Pair, Scored
from formulas.guide import GuidePlan, guide_plan


def guide(row: Scored) -> Scored | None:
    """The row with the guide's predictions; None where its precision table lacks the format."""
    try:
        plan = guide_plan(row.deployment)
    except ValueError:
        return None
    pairs = {key: pair for key, pair in _pairs(row, plan).items() if pair is not None}
    return replace(row, pairs=pairs)


def _pairs(row: Scored, plan: GuidePlan) -> dict[str, Pair | None]:
    length = row.deployment.load.sequence_tokens
    pool = plan.pool(sequence_tokens=length)
    cell = plan.others(batch=1, sequence_tokens=length).kv_cache_hidden / length
    return {
        "weights": _like(row, "weights", plan.weights / GIB),
        "kv": _like(row, "kv", pool.bytes / GIB),
        "tokens": _like(row, "tokens", int(pool.bytes / cell) if cell else 0),
        "tokens_gqa": _like(row, "tokens", pool.tokens),
    }


def _like(row: Scored, key: str, predicted: float) -> Pair | None:
    measured = row.pairs.get(key)
    return Pair(predicted, measured.measured) if measured else None
