"""docs/guide.md: the 22 worked cases, printed, recomputed and real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formulas.tensors import parameter_count
from tests.guide import recompute
from tests.guide.markdown import bullets, gb, gib, table

WORDS = {"right": "right", "binary": "GiB, printed as GB", "wrong": "**wrong**"}
WITHOUT_ARITHMETIC = (
    ("fp8", "fp8_native", "no FP8 arithmetic below compute capability 8.9, so that FP8 weights only save memory."),
    ("fp4", "nvfp4_native", "no FP4 arithmetic before Blackwell, so that 4-bit weights are expanded while computing."),
)
"""Format, the field of a card that says whether it computes in it, and what follows where it does not."""
Case = Mapping[str, Any]


def real_weights(case: Case) -> int:
    """The real parameter count at the case's bytes per parameter."""
    count = parameter_count(recompute.model(case["model"]).architecture)
    return recompute.by_law("guide_weights", {**case["inputs"], "parameters": count})


def real_cache(case: Case) -> int:
    return sum(term["real"] for term in case["kv"])


def cache_table() -> str:
    """Every cached term: own formula, print, verdict, real."""
    columns = (
        "Case",
        "Model",
        "Format",
        "Term",
        "Own formula, bytes",
        "GB",
        "GiB",
        "Printed",
        "The print is",
        "Real, bytes",
        "Real GB",
    )
    return table(columns, (_term(case, term) for case in recompute.cases() for term in case["kv"]))


def _term(case: Case, term: Case) -> tuple[object, ...]:
    size = recompute.by_law(term["law"], case["inputs"])
    return (
        case["number"],
        case["title"],
        case["format"].upper(),
        term["term"],
        f"{size:,}",
        gb(size),
        gib(size),
        term["printed"],
        _verdict(term, size),
        f"{term['real']:,}",
        gb(term["real"]),
    )


def _verdict(term: Case, size: int) -> str:
    words = WORDS[term["verdict"]]
    if term["verdict"] != "wrong":
        return words
    return f"{words}, {recompute.printed_bytes(term['printed']) / size:.3f} of it"


def total_table() -> str:
    """Weights and totals: printed, by the guide's own method, real; then what the guide concludes."""
    columns = (
        "Case",
        "Weights printed",
        "Real count x bytes",
        "Overhead 15 %",
        "Total printed",
        "Own method",
        "Real weights + cache",
        "The guide concludes",
    )
    return table(columns, (_totals(case) for case in recompute.cases()))


def _totals(case: Case) -> tuple[object, ...]:
    weights = real_weights(case)
    return (
        case["number"],
        case["weights"],
        gb(weights),
        case["overhead"],
        case["total"],
        gb(recompute.own_total(case), 1),
        gb(weights + real_cache(case), 1),
        case["conclusion"],
    )


def remarks() -> str:
    """Case by case: what is wrong beyond the arithmetic."""
    return "\n\n".join(
        f"**Case {case['number']}, {case['title']}.**\n\n{bullets(remark)}"
        for case in recompute.cases()
        if (remark := list(_remarks(case)))
    )


def _remarks(case: Case) -> Iterator[str]:
    yield from case["findings"]
    cards = [(count, recompute.gpu(name)) for count, name in case["gpus"]]
    asked = recompute.printed_bytes(str(case["stated_gb"]))
    for count, card in cards:
        visible = count * card.visible_bytes
        if max(visible, recompute.printed_bytes(str(count * card.marketed_gb))) < asked:
            yield f"{card.name}: {gb(visible, 1)} GB, less than the {case['stated_gb']} GB asked for."
    for form, native, remark in WITHOUT_ARITHMETIC:
        lacking = [f"{card.name} ({card.compute_capability})" for _, card in cards if not getattr(card, native)]
        if case["format"] == form and lacking:
            yield f"{', '.join(lacking)}: {remark}"
