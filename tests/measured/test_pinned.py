"""Every measured start-up, pinned to its own log: from then on the plan gives what that log printed."""

from __future__ import annotations

import pytest

from benchmarks.accuracy.deploy import Unresolved, deployment
from benchmarks.accuracy.rows import Start, starts
from formulas.deployment import Deployment, Measured
from formulas.estimate import Estimate, estimate
from formulas.pinned import differences
from formulas.solve import largest_batch
from formulas.units import GIB

STATES_APART = "sglang"
"""Prints keys and values without the states, so that its tokens alone say what the budget is."""
NEAREST = 0.001
"""Tokens printed as requests x length come of no whole number of pages: five rows, each off by less than this."""
TOKENS = [start for start in starts() if start.engine != "llama.cpp" and start.logged.tokens and not start.refused]
REQUESTS = [start for start in TOKENS if start.logged.concurrency and start.max_model_len]


def size(gib: float | None) -> int | None:
    return None if gib is None else round(gib * GIB)


def pinned(start: Start) -> Estimate:
    """The row's deployment, held to its log."""
    try:
        at = deployment(start)
    except Unresolved as reason:
        pytest.skip(str(reason))
    return estimate(at.change(measured=measured(start, at)))


def measured(start: Start, at: Deployment) -> Measured:
    pool = None if start.engine == STATES_APART else size(start.logged.kv_gib)
    return Measured(at=at, weights=size(start.logged.weights_gib), pool=pool, tokens=start.logged.tokens)


@pytest.mark.parametrize("start", TOKENS, ids=lambda start: start.id)
def test_tokens_come_out_as_printed(start: Start) -> None:
    """To the last token, and with the printed bytes, not with others that would give as many."""
    found = pinned(start)
    assert start.logged.tokens == found.plan.pool(sequence_tokens=found.deployment.load.sequence_tokens).tokens
    assert found.deployment.measured
    printed, computed = differences(found.deployment.measured).tokens
    assert NEAREST > abs(printed / computed - 1)


@pytest.mark.parametrize("start", REQUESTS, ids=lambda start: start.id)
def test_whole_requests_come_out_as_printed(start: Start) -> None:
    """As many requests of full length at once as the engine says that it holds."""
    found = pinned(start)
    assert start.logged.concurrency
    whole = int(start.logged.concurrency) * found.deployment.layout.data_parallel
    assert whole == largest_batch(found.deployment, found.plan)
