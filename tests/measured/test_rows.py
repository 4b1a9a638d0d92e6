"""Every measured start-up against its prediction, one test a row."""

from __future__ import annotations

import pytest

from benchmarks.accuracy.bounds import ERRORS, bound, closed, outside
from benchmarks.accuracy.page import ours
from benchmarks.accuracy.rows import Start, starts
from benchmarks.accuracy.score import Scored, left_out

ROWS = {row.start.id: row for row in ours()}


def found(row: Scored, key: str) -> str:
    pair = row.pairs[key]
    figures = f"predicted {pair.predicted:.6g}, logged {pair.measured:.6g}"
    return f"{key}: {figures}, error {ERRORS[key].of(pair):.4f} of {bound(row, key)}"


@pytest.mark.parametrize("name", ROWS)
def test_a_start_up_is_predicted_within_its_band(name: str) -> None:
    """Each quantity of the log is inside the band that the answer states, or the row lists the gap and its reason."""
    row = ROWS[name]
    assert [] == [found(row, key) for key in outside(row) if key not in row.start.gaps]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.start.gaps])
def test_a_listed_gap_is_still_there(name: str) -> None:
    """A gap that is well inside its band again is taken off the row."""
    assert [] == closed(ROWS[name])


def test_ids_are_unique() -> None:
    """A row is named by its id."""
    assert len(starts()) == len({start.id for start in starts()})


@pytest.mark.parametrize("start", starts(), ids=lambda start: start.id)
def test_a_row_says_where_it_is_from(start: Start) -> None:
    """Every row names its source and holds at least one logged figure."""
    assert start.source
    assert start.logged.model_dump(exclude_none=True)


def test_rows_left_out_are_known() -> None:
    """Only models whose configuration is public nowhere are left out."""
    assert NO_CONFIGURATION == {start.model for start, _ in left_out()}


NO_CONFIGURATION = {
    "Qwen/Qwen3.8-Flash-Next-FP8",
    "SpectraSuite/TriLM_3.9B_Unpacked",
    "XiaomiMiMo/MiMo-V2.6-Flash-MOPD",
    "lightonai/LightOnOCR-2-1B",
    "poolside/Laguna-S-2.1",
    "zai-org/GLM-5.3-Flash",
}
