"""Lengths that scaled rotary positions reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.architectures.config import Config

PLACES = ("rope_parameters", "rope_scaling")
PARTS = ("text_config", "llm_config", "language_config")
"""Where a config.json keeps the text model of a multimodal one."""
COUNTED = ("default", "su", "longrope", "llama3", "mrope")
"""Kinds whose reach max_position_embeddings states already."""


def stretched_positions(config: Mapping[str, Any]) -> int | None:
    """Tokens that scaled positions reach, where that is not max_position_embeddings; None otherwise.

    yarn stretches its original length, other kinds the stated one: vLLM config/model.py, _get_and_verify_max_len.
    """
    outer = Config(config)
    view = outer.part(*PARTS) or outer
    scaling = next((part for part in (view.part(place) for place in PLACES) if part), None)
    stated = view.optional("max_position_embeddings")
    if scaling is None or stated is None or "gemma3" in view.model_type:
        return None
    kind = scaling.text("rope_type") or scaling.text("type") or "default"
    base = scaling.optional("original_max_position_embeddings") if kind == "yarn" else stated
    if kind in COUNTED or base is None:
        return None
    reach = int(base * scaling.number("factor", 1.0))
    return reach if reach != stated else None
