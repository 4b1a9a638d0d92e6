"""Lengths beyond a model's own: whether its card documents rope scaling for them, and how each engine is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.commands import reader_of
from bot.commands.rewrite import Change
from bot.questions import release
from catalog.kept import toml
from catalog.types import Model
from formulas.deployment import Deployment

FILE = Path(__file__).with_suffix(".toml")
Does = Literal["refuses", "cuts", "takes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Rope scaling that a model's card documents."""

    type: str
    factor: float
    original: int
    """Tokens that the factor is of."""
    theta: int
    source: str

    @property
    def name(self) -> str:
        """As people write it."""
        return "YaRN" if self.type == "yarn" else self.type

    @property
    def longest(self) -> int:
        """Tokens that it reaches."""
        return int(self.original * self.factor)

    @property
    def values(self) -> dict[str, Any]:
        """As config.json has them."""
        return {
            "rope_type": self.type,
            "factor": self.factor,
            "original_max_position_embeddings": self.original,
        }


def length_row(engine_key: str) -> Mapping[str, Any]:
    """What an engine does with a length beyond the model's: does and lifts; empty where nothing is known of it."""
    return next((row for row in toml(FILE)["length"] if row["engine"] == engine_key), {})


def served_length(deployment: Deployment) -> int | None:
    """The longest request that its engine serves without rope scaling; None where it sets no limit."""
    return None if length_row(deployment.engine).get("does", "takes") == "takes" else deployment.model.max_length


def documented(model: Model) -> Stretch | None:
    """How the model's own card says that it is lengthened, or None."""
    for row in toml(FILE)["family"]:
        if row["positions"] == model.max_length and re.fullmatch(row["models"], model.id):
            return Stretch(**{name: row[name] for name in ("type", "factor", "original", "theta", "source")})
    return None


def stretched(deployment: Deployment, tokens: int) -> tuple[Change, ...] | None:
    """Flags by which the engine takes so many tokens, none within the model's own; None where there is no way."""
    if tokens <= (deployment.model.max_length or tokens):
        return ()
    stretch = documented(deployment.model)
    if stretch is None or tokens > stretch.longest or deployment.engine not in WAYS:
        return None
    return tuple(WAYS[deployment.engine](stretch, deployment))


def _vllm(stretch: Stretch, deployment: Deployment) -> Iterator[Change]:
    """--rope-scaling until the release that dropped it, then the config's own key."""
    reader = reader_of("vllm")
    if reader and not reader.table.lacks("--rope-scaling", release(deployment.engine_version)):
        yield Change("--rope-scaling", json.dumps(stretch.values))
    else:
        parameters = {**stretch.values, "rope_theta": stretch.theta}
        yield Change("--hf-overrides", json.dumps({"rope_parameters": parameters}))


def _sglang(stretch: Stretch, deployment: Deployment) -> Iterator[Change]:
    yield Change("--json-model-override-args", json.dumps({"rope_scaling": stretch.values}))


WAYS = {"vllm": _vllm, "sglang": _sglang}
NEEDS_VARIABLE = {"sglang": "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN=1"}
"""Variables to set besides: SGLang's check leaves a scaling that names its original length out of account
(srt/utils/hf_transformers_utils.py get_context_length)."""
