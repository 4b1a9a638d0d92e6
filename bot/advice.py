"""The guide's advice as next steps: rows of advice.toml whose conditions hold for an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bot.contract import VerdictName
from catalog.kept import toml

SHOWN = 3
"""Most steps in one reply."""
FALLBACK = "en"
FILE = Path(__file__).with_name("advice.toml")

Condition = str | float | bool | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about one answer; None is not known, and no condition on it holds."""

    verdict: VerdictName | None = None
    solved: bool | None = None
    """The question left something open (largest batch, which GPU ...)."""
    role: Literal["decoder", "encoder", "encoder_decoder"] | None = None
    parameters: int | None = None
    weights: str | None = None
    """Format key."""
    weights_bits: float | None = None
    weights_share: float | None = None
    """Weights / total."""
    kv_bits: float | None = None
    kv_share: float | None = None
    """KV cache / total."""
    grouped: bool | None = None
    """Fewer KV heads than query heads, or latent attention."""
    windowed: bool | None = None
    """Some layers keep less than the whole sequence."""
    batch: int | None = None
    max_batch: int | None = None
    sequence_tokens: int | None = None
    mixed: bool | None = None
    hears: bool = False
    """Its sequences are windows of audio."""
    audio_seconds: float | None = None
    gpu_vendor: str | None = None
    gpu_fp8_native: bool | None = None
    gpu_nvfp4_native: bool | None = None
    gpu_nvlink: bool | None = None
    visible_gib: float | None = None
    headroom_share: float | None = None
    """Headroom / usable memory."""
    gpu_count: int | None = None
    max_per_node: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    several_nodes: bool | None = None
    """One replica takes more GPUs than one server holds."""
    engine: str | None = None
    """Engine key; guide for answers by the guide's formulas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One row: when it applies and what it says."""

    key: str
    priority: int
    when: Mapping[str, Condition]
    text: Mapping[str, str]
    """One sentence per language, facts in braces."""
    change: str | None = None
    """The one thing to change, as slot=value, for a solved alternative."""
    source: str
    """Section of the guide."""
    correction: str = ""
    """What the guide has wrong there."""

    def applies(self, facts: Facts) -> bool:
        """Whether every condition holds."""
        return all(_holds(name, wanted, facts) for name, wanted in self.when.items())

    def sentence(self, facts: Facts, language: str = FALLBACK) -> str:
        """The sentence in this language, English where there is none."""
        return self.text.get(language, self.text[FALLBACK]).format(**_readable(facts))


def advise(facts: Facts) -> tuple[Advice, ...]:
    """At most three pieces of advice that hold, the most useful first."""
    return tuple(row for row in rows() if row.applies(facts))[:SHOWN]


def caveat(key: str, language: str = FALLBACK) -> str:
    """The sentence for a caveat of formulas.guide. Raises KeyError for an unknown one."""
    texts = _file()["caveat"][key]
    return texts.get(language, texts[FALLBACK])


@cache
def rows() -> tuple[Advice, ...]:
    """Every row by priority. Raises TypeError for a row with a missing or unknown key."""
    return tuple(sorted((Advice(**row) for row in _file()["advice"]), key=lambda row: row.priority))


@cache
def _file() -> Mapping[str, Any]:
    return toml(FILE)


def _holds(name: str, wanted: Condition, facts: Facts) -> bool:
    field, _, bound = name.rpartition("_")
    if bound in ("min", "max"):
        value = getattr(facts, field)
        return value is not None and (value >= wanted if bound == "min" else value <= wanted)
    value = getattr(facts, name)
    return value in wanted if isinstance(wanted, list) else value == wanted


def _readable(facts: Facts) -> dict[str, Any]:
    """Facts as they are printed: whole numbers with separators."""
    return {key: f"{value:,}" if type(value) is int else value for key, value in asdict(facts).items()}
