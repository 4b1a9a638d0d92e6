"""What holds over all rows: the targets that are met stay met, the page and the constants are those of the rows."""

from __future__ import annotations

import pytest
from hypothesis import given

from benchmarks.accuracy import page
from benchmarks.accuracy.bounds import ERRORS, within
from benchmarks.accuracy.errors import summary
from benchmarks.accuracy.fit import COVERED, fit, text
from benchmarks.accuracy.logs import logs
from formulas import compiled
from formulas.deployment import Deployment
from formulas.engines.vllm_plan import VllmPlan
from formulas.fitted import FILE
from tests.formulas.deployments import deployments

AT_MOST = {
    ("vllm", "weights"): (0.0015, 0.011),
    ("vllm", "kv"): (0.18, 0.95),
    ("vllm", "tokens"): (0.0075, 0.06),
    ("vllm", "tokens_given"): (0.0001, 0.001),
    ("vllm", "graphs"): (0.19, 0.95),
    ("vllm", "non_torch"): (0.10, 1.5),
    ("sglang", "tokens_given"): (0.001, 0.003),
    ("llama.cpp", "kv"): (0.001, 0.05),
}
"""Median and 90th percentile of the absolute error, GiB or share: where the rows stand, lowered as they improve."""

LEFT_OUT_AT_MOST = {"weights": (0.0015, 0.011), "kv": (0.20, 1.0), "tokens": (0.008, 0.06)}
"""The same of rows under constants fitted on all others."""
SOURCE_OUT_AT_MOST = {"weights": (0.0015, 0.011), "kv": (0.30, 1.2), "tokens": (0.01, 0.064)}
"""The same of rows under constants fitted on other sources."""

INSIDE = 88
"""Rows whose tokens follow from the logged GiB to its last digit."""


@pytest.mark.parametrize(("engine", "key"), AT_MOST)
def test_errors_never_grow(engine: str, key: str) -> None:
    """The errors over all rows of an engine stay at or below where they were."""
    found = summary(ERRORS[key], [row for row in page.ours() if row.start.engine == engine])
    assert found is not None
    p50, p90 = AT_MOST[engine, key]
    assert (found.p50 <= p50, found.p90 <= p90) == (True, True), found


def test_tokens_follow_from_the_logged_cache() -> None:
    """The arithmetic from bytes to tokens is exact: what does not agree to the last digit is listed."""
    rows = [row for row in page.vllm() if "tokens_given" in row.pairs]
    assert sum(row.pairs["tokens_given"].inside for row in rows) >= INSIDE


REFUSED = ["v014", "v034", "v057r", "v070", "v073", "n006", "n021", "n038", "n045", "n050", "n051"]


def test_verdicts_on_refused_starts() -> None:
    """Every start that the engine refused is said not to fit, or to be tight."""
    refused = [row for row in page.vllm() if row.start.refused]
    assert REFUSED == [row.start.id for row in refused]
    assert [] == [row.start.id for row in refused if not row.verdict_holds]


def test_no_server_that_started_is_said_not_to_fit() -> None:
    """A start that succeeded is said to fit or to be tight; exceptions are rows with a listed gap in the cache."""
    wrong = [row for row in page.vllm() if not row.verdict_holds]
    assert [] == [row.start.id for row in wrong if "kv" not in row.start.gaps]


def test_the_band_holds_what_it_promises() -> None:
    """At least as many starts as promised have their logged cache inside the band."""
    rows = [row for row in page.vllm() if "kv" in row.pairs]
    assert sum(within(row, "kv") for row in rows) >= COVERED * len(rows)


@pytest.mark.parametrize("key", LEFT_OUT_AT_MOST)
def test_errors_of_rows_left_out_of_the_fit(key: str) -> None:
    """Every row under constants that have not seen it: the errors meet the targets of the page."""
    for unseen, at_most in (
        (page.each_left_out(), LEFT_OUT_AT_MOST[key]),
        (page.sources_left_out(), SOURCE_OUT_AT_MOST[key]),
    ):
        found = summary(ERRORS[key], unseen)
        assert found is not None
        assert (found.p50 <= at_most[0], found.p90 <= at_most[1]) == (True, True), found


def test_the_band_holds_on_rows_left_out_of_the_fit() -> None:
    """The band of all other rows holds nine of ten starts, too, that of other sources nearly as many."""
    for unseen, share in ((page.each_left_out(), COVERED), (page.sources_left_out(), COVERED - 0.01)):
        rows = [row for row in unseen if "kv" in row.pairs]
        assert sum(within(row, "kv") for row in rows) >= share * len(rows)


def test_the_guide_is_much_further_off() -> None:
    """On the same rows the guide's tokens are off by more than half at the median."""
    found = summary(ERRORS["tokens"], page.guide_rows())
    assert found is not None
    assert found.p50 > 0.5


def test_the_constants_are_those_of_the_rows() -> None:
    """`make fit` would write fitted.toml as it is."""
    assert FILE.read_text(encoding="utf-8") == text(fit(logs()))


def test_the_page_is_that_of_the_rows() -> None:
    """`make accuracy` would write docs/accuracy.md and its picture as they are."""
    assert page.TARGET.read_text(encoding="utf-8") == page.page()
    assert page.PICTURE.read_text(encoding="utf-8") == page.image()


@given(deployments())
def test_every_deployment_has_its_constants(deployment: Deployment) -> None:
    """No class of release, card or model is without a constant or a band."""
    assert all(size > 0 for size in VllmPlan(deployment, compiled).band.values())
