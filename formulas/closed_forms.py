"""What the solver inverts, as closed forms: derived by sympy from the laws, rounding left out."""

from __future__ import annotations

from functools import cache

import sympy

from formulas import symbols as s
from formulas.law import laws

UNKNOWNS = {
    "batch": s.batch,
    "sequence": s.sequence_tokens,
    "utilization": s.utilization,
}
"""solve_for -> the symbol that is solved for."""


@cache
def closed_form(unknown: str) -> sympy.Eq:
    """unknown = ..., from total = usable with a cache that grows with the whole sequence. Raises KeyError."""
    if unknown == "gpu_count":
        return laws()["least_gpus"].equation
    known = laws()
    total = known["total_bytes"].expression.subs(known["cache_bytes"].result, known["cache_bytes"].expression)
    need = total.subs(s.pages_per_request, s.sequence_tokens / s.block_size)
    budget = sympy.Eq(need, s.visible_bytes * s.utilization)
    symbol = UNKNOWNS[unknown]
    (solution,) = sympy.solve(budget, symbol)
    return sympy.Eq(symbol, solution, evaluate=False)
