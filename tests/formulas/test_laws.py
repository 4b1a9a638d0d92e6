"""The laws: every one has what it claims, the generated module is theirs, numbers and arrays agree."""

from __future__ import annotations

import inspect

import numpy
import pytest
import sympy

from formulas import compiled, generate
from formulas.closed_forms import closed_form
from formulas.law import laws
from formulas.symbols import QUANTITIES, quantity

LAWS = sorted(laws())


def test_generated_module_is_current() -> None:
    """formulas/compiled.py is what the laws generate: run `make generate` after changing a law."""
    assert generate.TARGET.read_text(encoding="utf-8") == generate.module()


@pytest.mark.parametrize("name", LAWS)
def test_law_names_its_source_and_where_it_holds(name: str) -> None:
    """No law without a source, a domain and a unit."""
    law = laws()[name]
    assert law.source
    assert law.holds
    assert law.quantity.unit
    assert law.quantity.meaning


@pytest.mark.parametrize("name", LAWS)
def test_generated_function_equals_the_law(name: str) -> None:
    """The generated function and sympy give the same number."""
    law = laws()[name]
    values = {symbol.name: 3 + 2 * index for index, symbol in enumerate(law.arguments)}
    expected = law.expression.subs({symbol: values[symbol.name] for symbol in law.arguments})
    assert float(sympy.N(expected)) == pytest.approx(float(getattr(compiled, name)(**values)), rel=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_arrays_agree_with_numbers(name: str) -> None:
    """A law on arrays is the law on each element."""
    law = laws()[name]
    if not law.arguments:
        pytest.skip("a law without arguments")
    columns = {symbol.name: numpy.array([5 + index, 40 + 3 * index, 7]) for index, symbol in enumerate(law.arguments)}
    function = getattr(compiled, name)
    expected = [function(**{key: int(column[row]) for key, column in columns.items()}) for row in range(3)]
    assert expected == pytest.approx(list(numpy.broadcast_to(function(**columns), 3)))


def test_every_generated_function_has_a_law() -> None:
    """Nothing in the generated module is left over from a law that is gone."""
    functions = {
        name
        for name, value in vars(compiled).items()
        if inspect.isfunction(value) and value.__module__ == compiled.__name__
    }
    assert set(LAWS) == functions


def test_a_symbol_means_one_thing() -> None:
    """Registering a name with another meaning is refused."""
    known = QUANTITIES["batch"]
    assert known.symbol is quantity("batch", known.unit, known.meaning)
    with pytest.raises(ValueError, match="already defined"):
        quantity("batch", "bytes", "something else")


BUDGET = {
    "visible_bytes": 1000,
    "utilization": 0.9,
    "weights_bytes": 300,
    "activation_bytes": 80,
    "overhead_bytes": 20,
    "page_bytes": 5,
    "block_size": 4,
    "sequence_tokens": 40,
    "batch": 10,
}
"""A card that is filled to the last byte: 300 + 80 + 20 + 10 * 10 pages * 5 = 900."""


@pytest.mark.parametrize(
    ("unknown", "name"), [("batch", "batch"), ("sequence", "sequence_tokens"), ("utilization", "utilization")]
)
def test_closed_forms_are_inverses(unknown: str, name: str) -> None:
    """The closed form gives back the number that fills the budget exactly."""
    solution = closed_form(unknown).rhs
    numbers = {QUANTITIES[key].symbol: value for key, value in BUDGET.items() if key != name}
    assert BUDGET[name] == pytest.approx(float(solution.subs(numbers)))
