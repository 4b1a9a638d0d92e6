"""The few operations that generated laws need beyond + - * //, on whole numbers, floats and numpy arrays alike."""

from __future__ import annotations

from typing import Any


def largest(*values: Any) -> Any:
    """Elementwise maximum."""
    try:
        return max(values)
    except ValueError:
        import numpy

        return _fold(numpy.maximum, values)


def smallest(*values: Any) -> Any:
    """Elementwise minimum."""
    try:
        return min(values)
    except ValueError:
        import numpy

        return _fold(numpy.minimum, values)


def _fold(operation: Any, values: tuple[Any, ...]) -> Any:
    result = values[0]
    for value in values[1:]:
        result = operation(result, value)
    return result
