"""docs/guide.md: the quick-reference table and the tables for embedding models and Whisper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formulas import compiled
from formulas.tensors import parameter_count
from tests.guide import recompute
from tests.guide.case_sections import real_weights
from tests.guide.markdown import gb, mb, table
from tests.guide.table_sections import BILLION, rows

Row = Mapping[str, Any]
FORMATS = (("FP16", 2), ("FP8", 1), ("INT4", 0.5))
"""Columns of the quick-reference table and their bytes per parameter; the guide heads the first FP32/FP16."""
QUICK_LOAD = {"batch": 1, "sequence_tokens": 2048, "element_bytes": 2}
TEXT_TOKENS = 150
"""Tokens of a transcript in the guide's Whisper examples."""


def quick_own(row: Row, bytes_per_parameter: float) -> int:
    """A quick-reference cell by the guide's simplified total, with its rounded count and its first KV formula."""
    layers, width = row["shape"]
    cache = compiled.guide_kv_cache(num_hidden_layers=layers, hidden_size=width, **QUICK_LOAD)
    weights = compiled.guide_weights(
        parameters=round(row["billions"] * BILLION), bytes_per_parameter=bytes_per_parameter
    )
    return int(compiled.guide_total_simplified(weights_bytes=weights, cache_size=cache))


def quick_real(row: Row, bytes_per_parameter: float) -> int | None:
    """Real weights at these bytes and real cache of 2,048 tokens; None for a model that was never published."""
    if "model" not in row:
        return None
    count = parameter_count(recompute.model(row["model"]).architecture)
    weights = int(compiled.guide_weights(parameters=count, bytes_per_parameter=bytes_per_parameter))
    cache = recompute.real_kv(row["model"], batch=1, sequence_tokens=QUICK_LOAD["sequence_tokens"])
    return weights + cache + recompute.real_cross(row["model"], batch=1)


def card(label: str) -> tuple[int, str]:
    """'2x NVIDIA A100 80GB SXM' -> count and name."""
    count, cross, name = label.partition("x ")
    return (int(count), name) if cross and count.isdigit() else (1, label)


def quick() -> str:
    """Printed, by the simplified total, real weights + cache; then which formats each recommended card holds."""
    columns = (
        "Model",
        "Printed FP16 / FP8 / INT4",
        "Own simplified total",
        "Real weights + cache",
        "Recommended cards hold",
        "Remark",
    )
    return table(columns, (_quick(row) for row in rows("quick")))


def _quick(row: Row) -> tuple[str, ...]:
    own = [quick_own(row, size) for _, size in FORMATS]
    real = [quick_real(row, size) for _, size in FORMATS]
    return (
        row["title"],
        " / ".join(row["printed"]),
        " / ".join(gb(size, 1) for size in own),
        " / ".join("-" if size is None else gb(size, 1) for size in real),
        "; ".join(f"{label}: {_held(label, row)}" for label in row["gpus"]),
        row.get("finding", ""),
    )


def holds(label: str, row: Row, bytes_per_parameter: float) -> bool:
    """Whether the cards hold real weights and cache (those of the guide where there is no real model)."""
    count, name = card(label)
    need = quick_real(row, bytes_per_parameter) or quick_own(row, bytes_per_parameter)
    return need <= count * recompute.gpu(name).visible_bytes


def _held(label: str, row: Row) -> str:
    held = [name for name, size in FORMATS if holds(label, row, size)]
    return "all" if len(held) == len(FORMATS) else ", ".join(held) or "none"


def whisper() -> str:
    """Whisper variants: printed need beside real weights and caches."""
    columns = (
        "Variant",
        "Parameters printed",
        "real",
        "Printed FP16 batch 1 / FP16 batch 8 / INT8 batch 8",
        "Real weights FP16 / INT8",
        "Real caches batch 1 / 8",
    )
    return table(columns, (_whisper(row) for row in rows("whisper")))


def whisper_cache(name: str, batch: int) -> int:
    """Decoder self-attention of 150 tokens and cross-attention of the encoder's positions."""
    return recompute.real_kv(name, batch=batch, sequence_tokens=TEXT_TOKENS) + recompute.real_cross(name, batch=batch)


def _whisper(row: Row) -> tuple[str, ...]:
    count = parameter_count(recompute.model(row["model"]).architecture)
    return (
        row["model"].partition("/")[2],
        f"{row['millions']:,}M",
        f"{count:,}",
        " / ".join(row["printed"]) + " GB",
        f"{gb(2 * count)} / {gb(count)} GB",
        f"{mb(whisper_cache(row['model'], 1))} / {mb(whisper_cache(row['model'], 8))} MB",
    )


def embedding_batches() -> str:
    """The multilingual-e5-large batch table by case 13's method."""
    case = recompute.cases()[12]
    return table(
        ("Batch", "Printed", "Own method", "Real weights + cache"),
        (_embedding(case, row) for row in rows("embedding_batch")),
    )


def batch_total(case: Row, batch: int) -> int:
    """A case's own method at another batch, its activations left as printed."""
    return recompute.own_total({**case, "inputs": {**case["inputs"], "batch": batch}})


def _embedding(case: Row, row: Row) -> tuple[object, ...]:
    return (
        row["batch"],
        f"{row['printed']} GB",
        f"{gb(batch_total(case, row['batch']), 1)} GB",
        f"{gb(real_weights(case))} GB",
    )


def whisper_batches() -> str:
    """The Whisper batch table by case 16's method."""
    case = recompute.cases()[15]
    return table(
        ("Batch", "Printed", "Own method", "Real weights + cache"),
        (_whisper_batch(case, row) for row in rows("whisper_batch")),
    )


def _whisper_batch(case: Row, row: Row) -> tuple[object, ...]:
    need = real_weights(case) + whisper_cache(case["model"], row["batch"])
    return (
        row["batch"],
        " to ".join(row["printed"]) + " GB",
        f"{gb(batch_total(case, row['batch']), 1)} GB",
        f"{gb(need)} GB",
    )
