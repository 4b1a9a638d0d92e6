"""No such name."""

from __future__ import annotations

from typing import Literal

from catalog.types.fact import Fact


class NotFound(Fact):
    """No such name; near names are shown, never used."""

    what: Literal["model", "gpu", "format", "engine", "machine"]
    text: str
    suggestions: tuple[str, ...] = ()
