"""What a reply by the guide's formulas adds: its other formulas, and where it and the real model part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.advice import caveat
from bot.amounts import gib
from bot.choices import GUIDE
from bot.messages import Messages
from formulas.estimate import Estimate

if TYPE_CHECKING:
    from formulas.guide import GuidePlan


def guide_facts(result: Estimate, text: Messages) -> Iterator[str]:
    """The guide's other formulas for the same question; none for an engine's estimate."""
    plan = _guide_plan(result)
    if plan is None:
        return
    others = plan.others(
        batch=result.deployment.batch_per_replica, sequence_tokens=result.deployment.load.sequence_tokens
    )
    low, high = others.total_full
    yield text("guide.simplified", total=gib(others.total_simplified))
    yield text("guide.full", low=gib(low), high=gib(high))
    yield text("guide.rules", development=gib(others.development), single=gib(others.single_request))
    yield text("guide.hidden", kv_cache=gib(others.kv_cache_hidden))


def guide_caveats(result: Estimate, text: Messages) -> Iterator[str]:
    """Where the guide's formulas are wrong for this model."""
    if plan := _guide_plan(result):
        yield from (caveat(key, text.language) for key in plan.model.caveats)


def _guide_plan(result: Estimate) -> GuidePlan | None:
    """The guide's plan, its module loaded for the guide's own questions only."""
    if result.deployment.engine != GUIDE:
        return None
    from formulas.guide import GuidePlan

    return result.plan if isinstance(result.plan, GuidePlan) else None
