"""The engines, one module each, named as their key: a module with an ENGINE is an engine."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, Protocol

from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Version
from formulas.estimate import Plan


class Engine(Protocol):
    """A serving engine: its defaults by version, and what it makes of a deployment."""

    key: str
    latest: Version
    takes_share: bool
    """Whether the utilization that a person sets is a share of the whole card, of which all memory is taken."""
    caps_requests: bool
    """Whether it starts with a cache that holds no request of full length, and refuses longer ones singly."""

    def utilization(self, release: Version) -> float:
        """Default share of the card."""

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """Format key of the KV cache that the engine picks by itself for this model on this card."""

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        """Why the engine refuses this layout, as a message key; None when it does not."""

    def supports(self, gpu: Gpu) -> bool:
        """Whether the engine runs on such a card at all."""

    def plan(self, deployment: Deployment, laws: Any) -> Plan:
        """Memory of the deployment by load."""


@cache
def engine(key: str) -> Engine:
    """The engine of this key; its module has the key's name. Raises KeyError when there is none."""
    module = f"{__name__}.{key.replace('.', '_').replace('-', '_')}"
    try:
        found: Engine = importlib.import_module(module).ENGINE
    except (ModuleNotFoundError, AttributeError):
        raise KeyError(key) from None
    return found


@cache
def keys() -> tuple[str, ...]:
    """Keys of all engines, found by scan: every module here with an ENGINE."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return tuple(module.ENGINE.key for module in modules if hasattr(module, "ENGINE"))
