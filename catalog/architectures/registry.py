"""Finds the reader of a model_type: every module of this package that declares READERS takes part."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from catalog.architectures.config import Config, UnknownArchitecture
from catalog.types import Architecture

Reader = Callable[[Config], Architecture]


@cache
def readers() -> dict[str, Reader]:
    """model_type -> reader, gathered from the modules beside this one."""
    package = __name__.rpartition(".")[0]
    found: dict[str, Reader] = {}
    for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
        for model_type, reader in getattr(import_module(module.name), "READERS", {}).items():
            if model_type in found:
                raise RuntimeError(f"two readers for model_type {model_type!r}")
            found[model_type] = reader
    return found


def model_types() -> tuple[str, ...]:
    """Every model_type that can be read."""
    return tuple(sorted(readers()))


def read(config: Mapping[str, Any]) -> Architecture:
    """Architecture of one config.json; UnknownArchitecture if its model_type or a needed field is not known."""
    view = Config(config)
    reader = readers().get(view.model_type)
    if reader is None:
        raise UnknownArchitecture(view.model_type)
    try:
        return reader(view)
    except UnknownArchitecture:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnknownArchitecture(view.model_type, malformed=("dimensions",)) from error
