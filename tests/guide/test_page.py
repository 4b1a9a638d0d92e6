"""docs/guide.md."""

from __future__ import annotations

import re

from tests.guide import page, recompute


def test_the_page_is_up_to_date() -> None:
    """docs/guide.md is what `make generate` writes."""
    assert page.page() == page.TARGET.read_text(encoding="utf-8")


def test_no_blank_is_left() -> None:
    """Every name in the prose is filled in."""
    assert [] == re.findall(r"\{\w+\}", page.page())


def test_every_case_is_on_the_page() -> None:
    """Each case has its rows in both tables."""
    lines = page.page().splitlines()
    counts = {
        case["number"]: sum(line.startswith(f"| {case['number']} |") for line in lines) for case in recompute.cases()
    }
    assert {case["number"]: len(case["kv"]) + 1 for case in recompute.cases()} == {
        number: count - _batches(number) for number, count in counts.items()
    }


def _batches(number: int) -> int:
    """Rows of the KV example and batch tables that begin with the same number."""
    tables = recompute.tables("tables")
    return sum(
        row["batch"] == number for name in ("kv_example", "embedding_batch", "whisper_batch") for row in tables[name]
    )
