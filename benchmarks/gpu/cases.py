"""What is measured, and what the engine predicts for it: real widths, few layers, random weights."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from catalog.load import load
from catalog.types import Architecture, Model
from formulas.deployment import Deployment, Load
from formulas.engines import engine
from formulas.engines.transformers import TransformersPlan
from formulas.estimate import estimate

MODELS = Path(__file__).with_name("models.toml")
CARD = "NVIDIA H200 141GB"
"""Any card: only bytes in use are compared."""
SHAPES = ((1, 1024), (1, 8192), (4, 2048), (16, 512))
"""Batch and tokens of a prefill."""
SHORT = 512
"""Positions of the encoder and of Whisper's decoder are fewer."""

Kind = Literal["decoder", "encoder", "speech"]


@dataclass(frozen=True, slots=True)
class Case:
    """One model at reduced depth under one load, with predicted bytes by name."""

    id: str
    kind: Kind
    depth: int
    config: dict[str, Any]
    batch: int
    tokens: int
    predicted: dict[str, int]


def cases() -> Iterator[Case]:
    """Every case, model by model."""
    for row in tomllib.loads(MODELS.read_text(encoding="utf-8"))["model"]:
        model = shallow(row["id"], row["depth"])
        row["config"] |= dict.fromkeys(row.pop("absent", ()))
        for batch, tokens in dict.fromkeys((batch, _tokens(row["kind"], tokens)) for batch, tokens in SHAPES):
            yield Case(**row, batch=batch, tokens=tokens, predicted=predicted(model, batch, tokens))


def _tokens(kind: Kind, tokens: int) -> int:
    return {"decoder": tokens, "encoder": min(tokens, SHORT), "speech": min(tokens, SHORT // 2)}[kind]


@cache
def shallow(model_id: str, depth: int) -> Model:
    """The catalog's model with its first layers alone, in 16 bits and without towers."""
    model = load().models[model_id]
    architecture, encoder = model.architecture, model.architecture.encoder
    fewer: dict[str, Any] = {"order": architecture.order[:depth], "towers": (), "dtype": "bfloat16"}
    if encoder:
        fewer["encoder"] = encoder.model_copy(update={"order": encoder.order[:depth]})
    changed: Architecture = architecture.model_copy(update=fewer)
    return model.model_copy(update={"architecture": changed, "quantization": None, "stored_bytes": None})


def predicted(model: Model, batch: int, tokens: int) -> dict[str, int]:
    """Bytes by name, as transformers' engine has them."""
    formats = load().formats
    found = estimate(
        Deployment(
            model=model,
            weights=formats["bf16"],
            kv_cache=formats["bf16"],
            formats=formats,
            gpu=load().gpus[CARD],
            engine="transformers",
            engine_version=engine("transformers").latest,
            load=Load(batch=batch, sequence_tokens=tokens),
        )
    )
    memory, plan = found.memory, found.plan
    assert isinstance(plan, TransformersPlan)
    return {
        "weights": memory.weights,
        "dynamic_cache": memory.kv_cache,
        "static_cache": plan.static_cache(batch=batch, sequence_tokens=tokens),
        "peak": memory.activations,
    }
