"""How far each prediction may be off: the band that the answer states; the log's rounding for what is exact."""

from __future__ import annotations

from benchmarks.accuracy.deploy import GIB
from benchmarks.accuracy.score import QUANTITIES, Pair, Scored

EXACT = 0.003
"""Relative error of what a closed form gives to the byte: logs round, and leave small parts to other lines."""
STALE = 0.5
"""A listed gap is closed for certain once the error is below this share of its bound."""
WEIGHTS_LEAST = 0.01
"""Share of the weights that buffers made while loading may add, whatever the band."""
EXACTLY = {("sglang", "tokens_given"), ("llama.cpp", "kv"), ("llama.cpp", "weights")}
ERRORS = {quantity.key: quantity for quantity in QUANTITIES}


def bound(row: Scored, key: str) -> float | None:
    """Largest error of this quantity that the answer allows for, in the quantity's unit; None where it states none."""
    if (row.start.engine, key) in EXACTLY:
        return EXACT
    pair, band = row.pairs[key], row.estimate.plan.band
    match key:
        case "weights" if row.start.engine == "sglang":
            return (band["weights"] + band["loading"] + row.estimate.plan.loading) / GIB / pair.measured
        case "weights" if "weights" in band:
            return max(WEIGHTS_LEAST, band["weights"] / GIB / pair.measured)
        case "kv" if row.start.engine == "vllm":
            return row.estimate.band / GIB
        case "tokens" | "blocks":
            return _of_pool(row)
        case "peak" if row.start.engine == "llama.cpp":
            return band["activations"] / GIB
    return None


def _of_pool(row: Scored) -> float | None:
    """The band as a share of the pool."""
    size = row.estimate.plan.pool(sequence_tokens=row.deployment.load.sequence_tokens).bytes
    logged = (row.start.logged.kv_gib or 0) * GIB
    return row.estimate.band / max(size, logged) if size or logged else None


def within(row: Scored, key: str, *, share: float = 1.0) -> bool:
    """Whether a prediction is inside its bound, or inside what the log rounds."""
    pair: Pair = row.pairs[key]
    if key == "tokens_given" and row.start.engine == "vllm":
        return pair.inside
    limit = bound(row, key)
    return limit is None or pair.inside or abs(_error(row, key)) <= share * limit


def _error(row: Scored, key: str) -> float:
    return ERRORS[key].of(row.pairs[key])


def outside(row: Scored) -> list[str]:
    """Quantities of a row that are outside their bound."""
    return [key for key in row.pairs if not within(row, key)]


def closed(row: Scored) -> list[str]:
    """Gaps that the row lists although the prediction is well inside its bound, or is not made at all."""
    return [key for key in row.start.gaps if key not in row.pairs or within(row, key, share=STALE)]
