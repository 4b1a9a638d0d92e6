"""The derivation: every law that was used, with the question's numbers."""

from __future__ import annotations

from formulas.estimate import estimate
from formulas.explain import derivation
from tests.formulas.deployments import deploy


def test_derivation_ends_at_the_estimate() -> None:
    """The lines carry the same numbers as the answer."""
    deployment = deploy("qwen3-32b", weights="fp8", batch=20, tokens=12288)
    memory = estimate(deployment).memory
    values = {line.law.name: line.value for line in derivation(deployment)}
    assert memory.kv_cache == values["cache_bytes"]
    assert memory.activations == values["activation_peak"]
    assert memory.overhead == values["overhead_bytes"]


def test_lines_read_with_symbols_and_with_numbers() -> None:
    """Symbols first, then this question's numbers, then the value."""
    line = next(line for line in derivation(deploy("qwen3-32b", tokens=12288)) if line.law.name == "full_pages")
    assert line.symbols == "pages_per_request = ceiling(sequence_tokens/block_size)"
    assert line.numbers == "pages_per_request = ceiling(12,288/16) = 768"


def test_weights_are_derived_matrix_by_matrix() -> None:
    """The matrices in the derivation add up to the weights."""
    deployment = deploy("llama-3.1-8b")
    lines = [line for line in derivation(deployment) if line.law.name == "matrix_bytes"]
    assert len(lines) > 4
