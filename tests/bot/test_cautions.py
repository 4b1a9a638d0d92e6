"""What a card needs said beside the verdict."""

from __future__ import annotations

import pytest

from bot.cautions import cautions
from bot.parse import parse
from bot.resolve import resolve
from bot.size import size


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("qwen3-8b on gb10", ["warning.unified"]),
        ("qwen3-8b on gb10 with llama.cpp q4_k_m", []),
        ("qwen3-8b on 2x a100 mig 3g.40gb", ["warning.slices"]),
        ("qwen3-8b on a100 mig 3g.40gb", []),
        ("qwen3-8b on h100", []),
        ("qwen3-8b on a100 80gb free 70GiB", ["warning.free"]),
    ],
)
def test_a_card_has_its_caution(question: str, expected: list[str]) -> None:
    """Shared memory, slices and occupied cards are told apart from ordinary ones."""
    assert expected == [remark.key for remark in cautions(size(resolve(parse(question))))]
