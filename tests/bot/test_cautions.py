"""What a card needs said beside the verdict."""

from __future__ import annotations

import pytest

from bot.answer import answer
from bot.cautions import FIRST_RELEASES, cautions
from bot.parse import parse
from bot.resolve import resolve
from bot.size import size
from catalog.kept import toml
from catalog.load import load
from formulas.deployment import version
from formulas.engines import engine


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("qwen3-8b on gb10", ["warning.unified"]),
        ("qwen3-8b on gb10 with llama.cpp q4_k_m", []),
        ("qwen3-8b on 2x a100 mig 3g.40gb", ["warning.slices"]),
        ("qwen3-8b on a100 mig 3g.40gb", []),
        ("qwen3-8b on h100", []),
        ("vllm 0.6.3 llama-3.1-8b on B300", ["warning.older_than_card"]),
        ("vllm 0.9.0 llama-3.1-8b on B200", []),
        ("sglang 0.4.5 qwen3-8b on b200", ["warning.older_than_card"]),
        ("vllm 0.6.3 llama-3.1-8b on h100", []),
        ("how many a100 mig 3g.40gb for llama-3.3-70b bf16", ["warning.slices"]),
        ("qwen3-8b on a100 80gb free 70GiB", ["warning.free"]),
        ("qwen2.5-vl-7b on a100 80gb 3 images each", ["warning.images"]),
        ("qwen2.5-vl-7b on a100 80gb one image per request", ["warning.images_one"]),
        ("qwen2.5-vl-7b on a100 80gb 20 images at once", []),
        ("qwen3-8b on h100 2 images", ["warning.no_images"]),
    ],
)
def test_a_card_has_its_caution(question: str, expected: list[str]) -> None:
    """Shared memory, slices and occupied cards are told apart from ordinary ones."""
    assert expected == [remark.key for remark in cautions(size(resolve(parse(question))))]


def test_every_first_release_has_a_source() -> None:
    """A row names an engine that is known, capabilities of cards in the catalog, a release and where that was read."""
    capabilities = {card.compute_capability for card in load().gpus.values()}
    for row in toml(FIRST_RELEASES)["release"]:
        assert set(row["compute_capability"]) <= capabilities
        assert version(row["since"]) <= engine(row["engine"]).latest
        assert "https://" in row["source"]


@pytest.mark.parametrize("question", ["llama-3.1-8b on h100 mig 3g.40gb batch 64 seq 32k", "qwen3-8b a100 mig 3g.40gb"])
def test_slices_are_never_counted_up(question: str) -> None:
    """One slice holds the question or none does: more of them are no answer."""
    capacity = size(resolve(parse(question))).held
    assert capacity
    assert (capacity.least is None) == (capacity.max_batch < 64 and "64" in question)


def test_the_fewest_gpus_say_how_they_share_the_work() -> None:
    """Where fewer or more GPUs than asked are the fewest that hold it, their layout is among the assumptions."""
    assert (
        "the fewest GPUs that hold it: 4, tensor parallel 4"
        in answer("llama-3.3-70b bf16 on h100 20 users").assumptions
    )


def test_an_unstated_memory_size_is_said() -> None:
    """A chip sold with several sizes is taken with the smallest, which is said."""
    assert any("64 GB" in each for each in answer("qwen3-32b q4_k_m on m2 ultra").assumptions)
