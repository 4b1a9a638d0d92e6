"""What a question inherits when it does not say it: a person's own settings, else those of the channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.amounts import UNITS
from bot.query import Query, Said
from catalog.find import find_format, find_gpu
from catalog.types import NotFound

SETTINGS = ("engine", "engine_version", "gpu", "utilization")
"""Settings that stand in for a slot of the question."""
NO_CARD_INHERITED = ("gpu", "gpu_count")
"""Questions that ask for cards: they name none on purpose."""

Whose = Literal["person", "channel"]


class Defaults(BaseModel):
    """Settings, each optional; `channel` names those that the channel set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    engine: str | None = None
    engine_version: str | None = None
    gpu: str | None = None
    utilization: float | None = Field(None, gt=0, le=1)
    language: str | None = None
    units: str | None = Field(None, pattern="|".join(UNITS))
    channel: tuple[str, ...] = ()

    def over(self, channels: Defaults) -> Defaults:
        """These settings, with the channel's where they are silent."""
        mine, theirs = self.stated(), channels.stated()
        if "engine" in mine:
            theirs.pop("engine_version", None)
        return Defaults(**{**theirs, **mine}, channel=tuple(sorted(theirs.keys() - mine.keys())))

    def stated(self) -> dict[str, Any]:
        """The settings that say something."""
        return self.model_dump(exclude_none=True, exclude={"channel"})

    def whose(self, setting: str) -> Whose:
        return "channel" if setting in self.channel else "person"


def inherit(query: Query, defaults: Defaults) -> Query:
    """The question with what it did not say filled in from `defaults`; its own words win."""
    filled = {
        setting: Said(value, str(value))
        for setting in SETTINGS
        if (value := getattr(defaults, setting)) is not None and _is_open(setting, query, defaults)
    }
    inherited = tuple((setting, defaults.whose(setting)) for setting in filled)
    language = defaults.language if defaults.language and query.language == "en" else query.language
    return replace(query, **filled, inherited=inherited, language=language)  # type: ignore[arg-type]


def _is_open(setting: str, query: Query, defaults: Defaults) -> bool:
    """Whether the question leaves room for this setting."""
    if getattr(query, setting) is not None or query.method is not None:
        return False
    if setting == "gpu":
        return not query.command and not (query.solve_for and query.solve_for.value in NO_CARD_INHERITED)
    if setting == "engine":
        return not query.engine_version and _suits_vllm_family(query)
    if setting == "engine_version":
        return query.engine is None and defaults.engine is not None and _suits_vllm_family(query)
    return not query.free_bytes


def _suits_vllm_family(query: Query) -> bool:
    """GGUF weights and Apple chips choose llama.cpp by themselves, whatever the default."""
    weights = find_format(query.weights.value) if query.weights else None
    if weights and not isinstance(weights, NotFound) and weights.item.gguf:
        return False
    card = find_gpu(query.gpu.value) if query.gpu and isinstance(query.gpu.value, str) else None
    return not (card and not isinstance(card, NotFound) and card.item.vendor == "Apple")
