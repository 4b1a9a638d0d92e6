"""The derivation of one answer: each law with its symbols, then with this question's numbers, and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

from formulas import compiled
from formulas.deployment import Deployment
from formulas.estimate import estimate
from formulas.law import Law, laws, subjects


@dataclass(frozen=True, slots=True)
class Line:
    """One law as it was used."""

    law: Law
    arguments: dict[str, Any]
    value: float
    times: int = 1

    @property
    def symbols(self) -> str:
        """'pages_per_request = ceiling(sequence_tokens/block_size)'"""
        return f"{self.law.result} = {self.law.expression}"

    @property
    def numbers(self) -> str:
        """The same with numbers: 'pages_per_request = ceiling(12,288/16) = 768'"""
        return f"{self.law.result} = {_Numbers(self.arguments).doprint(self.law.expression)} = {number(self.value)}"


class Recorder:
    """Stands for formulas.compiled and keeps what was asked of it, each distinct call once."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, tuple[tuple[str, Any], ...]], tuple[Any, int]] = {}

    def __getattr__(self, name: str) -> Any:
        function = getattr(compiled, name)

        def record(**arguments: Any) -> Any:
            value = function(**arguments)
            key = (name, tuple(arguments.items()))
            self.calls[key] = (value, self.calls.get(key, (value, 0))[1] + 1)
            return value

        return record


SUBJECTS = ("budget", "kv_cache", "state", "weights", "activations", "overhead")
"""From the whole to its parts; laws of other subjects come after these."""


def derivation(deployment: Deployment) -> list[Line]:
    """Every use of a law in this deployment's estimate and pool, from the whole to its parts."""
    recorder = Recorder()
    result = estimate(deployment, recorder)
    memory = result.memory
    recorder.total_bytes(
        weights_bytes=memory.weights,
        cache_size=memory.kv_cache,
        activation_bytes=memory.activations,
        overhead_bytes=memory.overhead,
    )
    result.plan.pool(sequence_tokens=deployment.load.sequence_tokens)
    known = laws()
    used = [
        Line(known[name], dict(arguments), value, times)
        for (name, arguments), (value, times) in recorder.calls.items()
        if name in known
    ]
    return sorted(used, key=lambda line: _place(line.law))


def _place(law: Law) -> int:
    subject = subjects()[law.name]
    return SUBJECTS.index(subject) if subject in SUBJECTS else len(SUBJECTS)


def number(value: float) -> str:
    """Whole numbers with thousands separators; others with six significant digits."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.6g}"


class _Numbers(StrPrinter):
    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__({"order": "none"})
        self._values = values

    def _print_Symbol(self, symbol: sympy.Symbol) -> str:
        return number(self._values[symbol.name])
