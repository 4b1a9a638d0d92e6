"""A server whose cache holds no request of the model's own length, and that starts all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.query import Query
from formulas.deployment import Deployment
from formulas.engines import engine
from formulas.estimate import estimate
from formulas.solve import longest_sequence

if TYPE_CHECKING:
    from bot.resolve import Notes

MODEL_LIMIT = "assumed.model_limit"
"""What is said of the length of a command that states none."""


def at_its_cache(deployment: Deployment, query: Query, notes: Notes) -> Deployment:
    """A command that leaves the length to such an engine, at what its cache holds where that is less."""
    stated = query.sequence_tokens or query.mix or query.solve_for or query.log
    if not query.command or stated or query.gpu is None or not engine(deployment.engine).caps_requests:
        return deployment
    result = estimate(deployment)
    limit = deployment.load.sequence_tokens
    longest = 0 if result.fits else longest_sequence(deployment, result.plan, limit=limit)
    if not longest:
        return deployment
    notes.is_capped = True
    notes.assumptions = [each for each in notes.assumptions if each.key != MODEL_LIMIT]
    notes.explain("assumed.cache_limit", tokens=longest, limit=limit, engine=deployment.engine)
    return deployment.at(sequence_tokens=longest)
