"""docs/guide.md: the prose of page.md, filled from the data of this folder, the laws and the catalog.

`python -m tests.guide.page` writes it; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from bot.advice import Advice
from bot.advice import rows as advice_rows
from formulas import guide
from formulas.law import laws
from tests.guide import case_sections, model_sections, recompute, table_sections
from tests.guide.markdown import gb, table

PROSE = Path(__file__).with_name("page.md")
TARGET = Path(__file__).parents[2] / "docs" / "guide.md"

TABLES: dict[str, Callable[[], str]] = {
    "precision": table_sections.precision,
    "kv_examples": table_sections.kv_examples,
    "caches": case_sections.cache_table,
    "totals": case_sections.total_table,
    "remarks": case_sections.remarks,
    "facts": table_sections.facts,
    "embedding_batches": model_sections.embedding_batches,
    "whisper_batches": model_sections.whisper_batches,
    "whisper": model_sections.whisper,
    "quick": model_sections.quick,
    "cards": table_sections.cards,
    "production": table_sections.production,
    "flags": table_sections.flags,
}


def page() -> str:
    """The whole page."""
    tables = {name: section() for name, section in TABLES.items()}
    own = {"formulas": formulas(), "advice": advice()}
    return PROSE.read_text(encoding="utf-8").format(**tables, **own, **summary(), **first_cases(), **strategies())


def summary() -> dict[str, object]:
    """How many cases err in which way."""
    verdicts = {
        word: sorted({case["number"] for case in recompute.cases() for term in case["kv"] if term["verdict"] == word})
        for word in ("wrong", "binary")
    }
    visible = recompute.gpu(recompute.H100).visible_bytes
    over = [case["number"] for case in recompute.cases()[16:21] if recompute.own_total(case) > visible]
    return {
        "wrong_count": len(verdicts["wrong"]),
        "wrong": _list(verdicts["wrong"]),
        "binary_count": len(verdicts["binary"]),
        "binary": _list(verdicts["binary"]),
        "over": _list(over),
        "h100": gb(visible, 1),
        "activation_percent": guide.CASE_ACTIVATION_PERCENT,
    }


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def formulas() -> str:
    """The guide's laws."""
    own = [law for name, law in sorted(laws().items()) if name.startswith("guide_")]
    rows = ((f"`{law.name}`", f"`{law.result} = {law.expression}`", law.holds, law.source) for law in own)
    return table(("Law", "Formula", "Holds", "Source"), rows)


def first_cases() -> dict[str, object]:
    """Activations of cases 1 and 9 by the stated formula, and case 1 by every rule."""
    first, ninth = recompute.cases()[0], recompute.cases()[8]
    (low, high), (ninth_low, ninth_high) = (
        [
            recompute.by_law("guide_activations", {**case["inputs"], "activation_factor": factor})
            for factor in guide.ACTIVATION_FACTORS
        ]
        for case in (first, ninth)
    )
    parts = {"weights_bytes": recompute.own_weights(first), "cache_size": recompute.own_kv(first)}
    return {
        "first_low": gb(low),
        "first_high": gb(high),
        "first_activations": first["activations"],
        "ninth_low": gb(ninth_low, 0),
        "ninth_high": gb(ninth_high, 0),
        "ninth_activations": ninth["activations"],
        "first_simplified": gb(recompute.by_law("guide_total_simplified", parts), 1),
        "first_development": gb(recompute.by_law("guide_development_rule", parts), 1),
        "first_single": gb(recompute.by_law("guide_single_request_rule", parts), 1),
        "first_total": gb(recompute.own_total(first), 1),
    }


def strategies() -> dict[str, object]:
    """The 8K, two-GPU and mixed-length examples."""
    data = recompute.tables("tables")
    shorter, parallel = data["shorter"], data["tensor_parallel"]
    return {
        "shorter_printed": shorter["printed_kv"],
        "shorter_printed_total": shorter["printed_total"],
        "shorter_kv": gb(shorter["bytes"]),
        "shorter_total": gb(table_sections.shorter(shorter["batch"]), 1),
        "shorter_real": gb(shorter["real"]),
        "shorter_batch": shorter["claimed_batch"],
        "shorter_batch_total": gb(table_sections.shorter(shorter["claimed_batch"]), 1),
        "parallel_weights": parallel["printed_weights"],
        "parallel_own": gb(parallel["bytes"] / parallel["gpus"], 1),
        "parallel_real": gb(parallel["real"] / parallel["gpus"], 1),
        "parallel_printed": " to ".join(parallel["printed_total"]),
        "mean_length": f"{table_sections.mean_length():,.0f}",
    }


def advice() -> str:
    """Every row of advice: when it shows, what it says, what was corrected."""
    columns = ("Advice", "Shown when", "Sentence", "Guide", "Corrected")
    return table(columns, (_advice(row) for row in advice_rows()))


def _advice(row: Advice) -> tuple[str, str, str, str, str]:
    conditions = ", ".join(f"{name} = {_words(wanted)}" for name, wanted in row.when.items())
    sentence = re.sub(r"\{(\w+)\}", r"*\1*", row.text["en"])
    return row.key, conditions, sentence, row.source, row.correction


def _words(wanted: object) -> str:
    if isinstance(wanted, bool):
        return "yes" if wanted else "no"
    return " or ".join(wanted) if isinstance(wanted, list) else str(wanted)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")
