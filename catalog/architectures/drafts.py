"""Draft models that are layers on top of another model: EAGLE heads, whose config.json names a common decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.architectures.config import Config
from catalog.architectures.registry import read
from catalog.types import Architecture, Attention

HIDDEN_STATES = {True: 3, False: 2}
"""Widths that the joining projection reads: three hidden states of the target in EAGLE-3; one and the embedding before.
"""
SPECULATORS = "transformer_layer_config"
"""Where the speculators format keeps the layer's config."""


def read_draft(config: Mapping[str, Any]) -> Architecture:
    """Architecture of a draft model's config.json. Raises UnknownArchitecture."""
    inner = config.get(SPECULATORS)
    if isinstance(inner, Mapping):
        return _head({**config, **inner}, third="eagle3" in str(config.get("speculators_model_type", "")).lower())
    names = " ".join(map(str, config.get("architectures") or ())).lower()
    if "eagle" not in names and "draft_vocab_size" not in config:
        return read(config)
    return _head(config, third="eagle3" in names or "draft_vocab_size" in config)


def _head(config: Mapping[str, Any], *, third: bool) -> Architecture:
    """The layers with a head of their own vocabulary; the target's embedding serves both."""
    found, view = read({**config, "architectures": ["DraftForCausalLM"]}), Config(config)
    hidden, mixer = found.hidden_size, found.kinds[0].mixer
    joined = HIDDEN_STATES[third] * hidden * hidden
    if third and isinstance(mixer, Attention):
        joined += (mixer.num_attention_heads + 2 * mixer.num_key_value_heads) * mixer.head_dim * hidden
    return found.model_copy(
        update={
            "vocab_size": view.size("draft_vocab_size", found.vocab_size),
            "tie_word_embeddings": True,
            "final_parameters": found.final_parameters + joined,
        }
    )
