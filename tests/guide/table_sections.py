"""docs/guide.md: the guide's tables and shorter examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formulas import compiled
from tests.guide import recompute
from tests.guide.case_sections import real_cache, real_weights
from tests.guide.markdown import GB, gb, table

Row = Mapping[str, Any]
BILLION = 10**9


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = recompute.tables("tables")[name]
    return found


def precision() -> str:
    """Bytes per parameter, for 7 and 70 billion."""
    columns = ("Format", "Bytes per parameter", "7 billion: printed", "recomputed", "70 billion: printed", "recomputed")
    return table(columns, (_precision(row) for row in rows("precision")))


def _precision(row: Row) -> list[object]:
    cells: list[object] = [row["format"].upper(), row["bytes_per_parameter"]]
    for billions, figure in row["printed"].items():
        weights = compiled.guide_weights(
            parameters=int(billions) * BILLION, bytes_per_parameter=row["bytes_per_parameter"]
        )
        cells += [f"{figure} GB", f"{gb(weights, 1)} GB"]
    return cells


def kv_example(row: Row) -> int:
    """KV cache of Llama 2 7B by the guide's first formula."""
    return int(
        compiled.guide_kv_cache(
            num_hidden_layers=32,
            hidden_size=4096,
            batch=row["batch"],
            sequence_tokens=row["sequence_tokens"],
            element_bytes=2,
        )
    )


def kv_examples() -> str:
    columns = ("Batch", "Tokens", "Printed", "Own formula, bytes", "GB", "The print is")
    words = {"right": "right", "binary": "GiB, printed as GB"}
    return table(
        columns,
        (
            (
                row["batch"],
                f"{row['sequence_tokens']:,}",
                f"{row['printed']} GB",
                f"{size:,}",
                gb(size),
                words[recompute.verdict(row["printed"], size)],
            )
            for row in rows("kv_example")
            if (size := kv_example(row))
        ),
    )


def cards() -> str:
    """The GPU table: what the card reports and whether the claimed weights go in."""
    return table(("Card", "Printed", "Reports", "Claims"), (_card(row) for row in rows("gpu")))


def _card(row: Row) -> tuple[str, str, str, str]:
    visible = recompute.gpu(row["name"]).visible_bytes
    return row["name"], f"{row['gb']} GB", f"{gb(visible, 1)} GB", "; ".join(_claims(row["claims"], visible))


def _claims(claims: list[list[float]], visible: int) -> Iterator[str]:
    for billions, size in claims:
        weights = billions * BILLION * size
        left = f"{gb(visible - weights, 1)} GB left" if weights < visible else "**does not go in**"
        yield f"{billions:g}B x {size:g} = {gb(weights, 1)} GB: {left}"


def production() -> str:
    """The H100 table: printed and own totals, and what weights and cache really need."""
    columns = (
        "Model",
        "Batch",
        "Printed total",
        "Own method",
        "Real weights + cache",
        "H100 reports",
        "Goes in",
        "Context printed",
        "real",
    )
    by_number = {case["number"]: case for case in recompute.cases()}
    return table(columns, (_production(row, by_number[row["case"]]) for row in rows("production")))


def _production(row: Row, case: Row) -> tuple[object, ...]:
    visible = recompute.gpu(recompute.H100).visible_bytes
    need = real_weights(case) + real_cache(case)
    return (
        case["title"],
        case["inputs"]["batch"],
        case["total"],
        gb(recompute.own_total(case), 1),
        gb(need, 1),
        gb(visible, 1),
        "yes" if need <= visible else "**no**",
        f"{row['context']:,}",
        f"{recompute.model(case['model']).max_length:,}",
    )


def facts() -> str:
    """What the guide says of a model beside its config.json."""
    columns = ("Model", "Cases", "Fact", "Guide", "Real")
    return table(
        columns,
        (
            (row["model"], ", ".join(map(str, row["cases"])), row["field"], row["guide"], f"{row['real']:,}")
            for row in rows("fact")
        ),
    )


def flags() -> str:
    columns = ("In the guide", "Where", "Status", "Instead", "Source")
    return table(
        columns,
        (
            (
                f"`{row['guide']}`" if row["guide"].startswith(("-", "vllm", "grep")) else row["guide"],
                row["where"],
                row["status"],
                f"`{row['instead']}`" if row["instead"].startswith(("--", "curl")) else row["instead"],
                row["source"],
            )
            for row in rows("flag")
        ),
    )


def shorter(batch: int | None = None) -> int:
    """The 8K example's total by the guide's own method."""
    example = recompute.tables("tables")["shorter"]
    cache = recompute.by_law("guide_kv_cache_gqa", {**example, "element_bytes": 2, "batch": batch or example["batch"]})
    return recompute.total(
        weights=float(example["weights"]) * GB, kv_cache=cache, activations=float(example["activations"]) * GB
    )


def mean_length() -> float:
    """The mixed-length example's mean."""
    mixed = recompute.tables("tables")["mixed"]
    names = ("first", "second", "third")
    shares = {f"{name}_share": share for name, share in zip(names, mixed["shares"], strict=True)}
    lengths = {f"{name}_tokens": tokens for name, tokens in zip(names, mixed["tokens"], strict=True)}
    return float(compiled.guide_mean_length(**shares, **lengths))
