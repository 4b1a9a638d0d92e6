"""Fixes that change how much of the card the engine may take."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

from bot.amounts import gib
from bot.changed_settings import MOST_SHARE, SHARE_STEPS
from bot.diagnosis import Case, Fix
from formulas.units import GIB

LEAST_SHARE = 0.5
"""A smaller share is another deployment; then other processes are what to look at."""
OTHERS_FROM = 3 * GIB
"""More than a CUDA context and NCCL take: another process is on the card."""
GRAPHS = 3 * GIB
"""Upper end of what vLLM says that graph capture takes ("1~3 GiB")."""
SPARE = GIB // 2
"""Kept free beyond what was missing, so that the next allocation finds room."""


def more_utilization(case: Case) -> Fix | None:
    """The smallest share with room for one request."""
    least = _least_share(case) or MOST_SHARE + 1
    shares = [share for share in (least, round(least + 1 / SHARE_STEPS, 2)) if share <= MOST_SHARE]
    share = next((share for share in shares if case.starts({"utilization": share})), None)
    return _share(case, "more_utilization", share) if share else None


def _least_share(case: Case) -> float | None:
    """The share at which one request fits: solved, else from what the log says is missing."""
    if case.utilization is None or case.flag("utilization") is None:
        return None
    if case.held:
        solved = case.held.utilization
        return ceil(SHARE_STEPS * solved) / SHARE_STEPS if solved and solved > case.utilization else None
    missing = _missing(case)
    if not missing or not case.total:
        return None
    return ceil(SHARE_STEPS * (case.utilization + missing / case.total)) / SHARE_STEPS


def _missing(case: Case) -> float | None:
    needed, available = case.log.size("needed"), case.log.size("available", "available_kv")
    if needed is not None and available is not None:
        return needed - available
    asked, possible = case.log.number("max_len_requested"), case.log.number("max_len_possible")
    if asked and possible and available:
        return available * (asked / possible - 1)
    return -available if available is not None and available < 0 else None


def less_utilization(case: Case) -> Fix | None:
    """A smaller share, so that what failed outside of it finds room."""
    if not case.total or case.short is None:
        return None
    room = (GRAPHS if case.log.phase == "graph_capture" else SPARE) + case.short
    if case.utilization is None:
        flag, by = case.flag("utilization"), ceil(SHARE_STEPS * room / case.total) / SHARE_STEPS
        return Fix("less_by", {"flag": flag, "by": f"{by:g}"}) if flag else None
    lowered = floor(SHARE_STEPS * (case.utilization - room / case.total)) / SHARE_STEPS
    return _share(case, "less_utilization", lowered) if lowered >= LEAST_SHARE else None


def fitting_utilization(case: Case) -> Fix | None:
    """The largest share of the card that is free."""
    free = case.log.size("free")
    if free is None or not case.total:
        return None
    share = floor(SHARE_STEPS * free / case.total) / SHARE_STEPS
    if case.utilization and share >= case.utilization:
        share = round(case.utilization - 1 / SHARE_STEPS, 2)
    least = 1 / SHARE_STEPS if case.held else LEAST_SHARE
    return _share(case, "fitting_utilization", share) if share >= least else None


def more_fraction(case: Case) -> Fix | None:
    """SGLang keeps weights and cache inside the fraction of what was free before loading."""
    after, weights = case.log.size("free_after_weights"), case.log.size("weights")
    before = case.log.size("free_before_weights") or (after + weights if after and weights else None)
    if not after or not before:
        return Fix("more_fraction_unknown")
    least, most = ceil(SHARE_STEPS * (1 - after / before) + 1), round(SHARE_STEPS * MOST_SHARE)
    shares = (step / SHARE_STEPS for step in range(least, most + 1))
    share = next((share for share in shares if case.starts({"utilization": share})), None)
    return _share(case, "more_fraction", share) if share else None


def _share(case: Case, name: str, share: float) -> Fix | None:
    flag = case.flag("utilization")
    now = f"{case.utilization:.3g}" if case.utilization else "?"
    values = {**case.values, "now": now, "share": f"{share:g}", "flag": f"{flag} {share:g}"}
    return Fix(name, values, f"{flag} {share:g}", {"utilization": share}) if flag else None


def free_card(case: Case) -> Fix | None:
    """What other processes hold, where that is more than a context."""
    others = case.others
    return Fix("free_card", {"others": gib(others)}) if others is not None and others >= OTHERS_FROM else None


FIXES: dict[str, Callable[[Case], Fix | None]] = {
    "more_utilization": more_utilization,
    "less_utilization": less_utilization,
    "fitting_utilization": fitting_utilization,
    "more_fraction": more_fraction,
    "free_card": free_card,
}
