"""Scaled rotary positions: how far they reach."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.architectures import UnknownArchitecture
from catalog.architectures.rope import stretched_positions

STATED = 32_768


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        (None, None),
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": STATED}, 131_072),
        ({"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 8192}, None),
        ({"type": "yarn", "factor": 4.0}, None),
        ({"type": "linear", "factor": 4.0}, 131_072),
        ({"type": "dynamic", "factor": 2.0}, 65_536),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, None),
        ({"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]}, None),
        ({"type": "mrope", "mrope_section": [16, 24, 24]}, None),
        ({"rope_type": "default", "rope_theta": 1e6}, None),
        ({"full_attention": {"rope_type": "yarn", "factor": 4}}, None),
    ],
)
@pytest.mark.parametrize("place", ["rope_scaling", "rope_parameters"])
@pytest.mark.parametrize("nested", [False, True])
def test_reach(scaling: dict[str, Any] | None, expected: int | None, place: str, *, nested: bool) -> None:
    """Yarn stretches its original length, linear and dynamic kinds the stated one; others are counted already."""
    text = {"model_type": "qwen2", "max_position_embeddings": STATED, place: scaling}
    assert expected == stretched_positions({"model_type": "x", "text_config": text} if nested else text)


@pytest.mark.parametrize("factor", ["4", -1, 1e400, True])
def test_damaged_factors_are_refused(factor: object) -> None:
    """A factor that is no number above zero is refused, never computed with."""
    scaling = {"type": "linear", "factor": factor}
    with pytest.raises(UnknownArchitecture):
        stretched_positions({"max_position_embeddings": STATED, "rope_scaling": scaling})
