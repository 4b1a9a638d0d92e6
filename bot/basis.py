"""Which figures of an answer a pasted log settles, which are predicted, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.measured import KEEPS_NO_POOL
from bot.messages import Messages
from bot.size import Sized
from formulas.deployment import Deployment
from formulas.pinned import PinnedPlan, changed_settings, outdated

OF_THE_LOAD = ("weights", "activations", "overhead")
OF_THE_POOL = ("kv_cache_bytes", "kv_cache_tokens")
"""Names as contract.Memory and contract.Capacity have them; the cache of one load follows from the model alone."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Names of figures, and the settings or parts of the server that are not those of the log."""

    measured: tuple[str, ...]
    predicted: tuple[str, ...]
    because: tuple[str, ...] = ()


def basis(sized: Sized) -> Basis | None:
    """None for a question without measurements, or without a GPU that they could be of."""
    query, result = sized.resolution.query, sized.estimate
    if query.measured is None or sized.held is None:
        return None
    deployment, plan = result.deployment, result.plan
    held = tuple(name for name in OF_THE_LOAD if getattr(result.memory, name))
    names = held if deployment.engine in KEEPS_NO_POOL else (*held, *OF_THE_POOL)
    if not isinstance(plan, PinnedPlan):
        return Basis((), names, sized.resolution.notes.other_server or _outdated(deployment))
    measured = tuple(name for name in names if _holds(name, plan, deployment))
    predicted = tuple(name for name in names if name not in measured)
    grown = ("sequence_tokens",) if "pool" in plan.known and not set(OF_THE_POOL) & {*measured} else ()
    return Basis(measured, predicted, _outdated(deployment) or grown)


def held_kind(sized: Sized) -> str | None:
    """What a log says that its server holds: full, a pool of tokens; context, what it was told to keep; or nothing."""
    found = basis(sized)
    if found is None or sized.held is None or not found.measured:
        return None
    if sized.estimate.deployment.engine in KEEPS_NO_POOL:
        return "context"
    return "full" if set(OF_THE_POOL) <= {*found.measured} and sized.held.pool.tokens else None


def _holds(name: str, plan: PinnedPlan, deployment: Deployment) -> bool:
    load = {"batch": deployment.batch_per_replica, "sequence_tokens": deployment.load.sequence_tokens}
    return plan.holds("pool" if name in OF_THE_POOL else name, **load)


def _outdated(deployment: Deployment) -> tuple[str, ...]:
    """Settings with which the log's terms do not hold."""
    measured = deployment.measured
    if measured is None or not outdated(deployment, measured):
        return ()
    return tuple(changed_settings(deployment, measured))


# --------------------------------------------------------------------------- words


def measured_remarks(sized: Sized, text: Messages) -> Iterator[str]:
    """What was measured, and what beside it is predicted."""
    found = basis(sized)
    if found and found.measured:
        key = "assumed.measured_beside" if found.predicted else "assumed.measured"
        yield text(key, measured=_named(found.measured, text), predicted=_named(found.predicted, text))
        if sized.resolution.query.log is None:
            yield text("assumed.forget")


def measured_notes(sized: Sized, text: Messages) -> Iterator[str]:
    """That terms of the log do not hold with the settings of the question."""
    found = basis(sized)
    if found and found.because and not sized.resolution.notes.other_server:
        settings = ", ".join(name.replace("_", " ") for name in found.because)
        yield text("warning.measured_otherwise", settings=settings, predicted=_named(found.predicted, text))


def _named(names: tuple[str, ...], text: Messages) -> str:
    return ", ".join(text(f"figure.{name}") for name in names)
