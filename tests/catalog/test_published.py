"""Configs beyond the catalog's rows: families that people ask the Hub for, read to the last parameter."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from catalog.architectures import UnknownArchitecture, read
from formulas.tensors import checkpoint_parameters

ROWS = tomllib.loads(Path(__file__).with_name("published.toml").read_text())["model"]


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_parameters_of_published_models(row: dict[str, Any]) -> None:
    """Wrappers, towers, state-space models, encoders and translators give the published total exactly."""
    assert row["parameters"] == checkpoint_parameters(read(row["config"]))


TEXT = {
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 128, "vocab_size": 256,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "llava", "text_config": TEXT, "vision_config": {"model_type": "davit"}}, "davit"),
        ({"model_type": "gemma3n", "text_config": {"model_type": "gemma3n_text"}}, "lacks"),
        ({"model_type": "deberta-v2", "hidden_size": 64, "share_att_key": False}, "share_att_key"),
        ({"model_type": "kimi_vl", "text_config": {"model_type": "unheard"}}, "unheard"),
        ({"model_type": "mamba2", "hidden_size": 64}, "lacks num_hidden_layers, vocab_size"),
    ],
)
def test_what_cannot_be_read_is_named(config: dict[str, Any], said: str) -> None:
    """A tower, part or variant that no reader knows is refused by its name, never left out of the sum."""
    with pytest.raises(UnknownArchitecture, match=said):
        read(config)
