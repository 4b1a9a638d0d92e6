"""Law: one equation with its unit, where it holds and where it was read; it prints itself and solves itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import sympy

import formulas.laws
from formulas.symbols import QUANTITIES, Quantity


@dataclass(frozen=True, slots=True)
class Law:
    """result = expression, in the unit of result.

    holds says for which models, engines or layers; source names the file, paper or measurement it was read from.
    """

    name: str
    result: sympy.Symbol
    expression: sympy.Expr
    holds: str
    source: str

    @property
    def equation(self) -> sympy.Eq:
        return sympy.Eq(self.result, self.expression, evaluate=False)

    @property
    def quantity(self) -> Quantity:
        return QUANTITIES[self.result.name]

    @property
    def arguments(self) -> tuple[sympy.Symbol, ...]:
        """The symbols that the law needs, by name."""
        return tuple(sorted(self.expression.free_symbols, key=lambda symbol: symbol.name))

    def inverse(self, unknown: sympy.Symbol) -> sympy.Expr:
        """The closed form for one argument, rounding left out (ceil and floor cannot be inverted by sympy)."""
        smooth = self.expression.replace(sympy.ceiling, lambda x: x).replace(sympy.floor, lambda x: x)
        (solution,) = sympy.solve(sympy.Eq(self.result, smooth), unknown, dict=False)
        return cast(sympy.Expr, solution)


@cache
def laws() -> dict[str, Law]:
    """Every law of formulas/laws by name, found by scan. Raises ValueError when two share a name."""
    found: dict[str, Law] = {}
    for _, law in _scan():
        if found.setdefault(law.name, law) is not law:
            raise ValueError(f"two laws are named {law.name!r}")
    return found


@cache
def subjects() -> dict[str, str]:
    """The module of formulas/laws that each law is in, by the law's name."""
    return {law.name: module for module, law in _scan()}


def _scan() -> Iterator[tuple[str, Law]]:
    for module in pkgutil.iter_modules(formulas.laws.__path__):
        loaded = importlib.import_module(f"formulas.laws.{module.name}")
        yield from ((module.name, value) for value in vars(loaded).values() if isinstance(value, Law))
