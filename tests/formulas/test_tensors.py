"""The list of weight matrices: how it divides over GPUs, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.load import load
from catalog.types import WEIGHT_GROUPS, Architecture
from formulas import compiled, weights
from formulas.deployment import Layout
from formulas.tensors import (
    Tensor,
    active_parameters,
    checkpoint_parameters,
    engine_copies,
    holds_embedding_twice,
    layer_tensors,
    nextn_tensors,
    outside_tensors,
    parameter_count,
    tensors,
)

MODELS = load().models


def on_rank(tensor: Tensor, *, gpus: int, expert_parallel: bool = False) -> Tensor:
    """The part that one GPU of a tensor-parallel group holds."""
    return weights.on_rank(tensor, Layout(tensor_parallel=gpus, expert_parallel=expert_parallel), compiled)


def architecture(name: str) -> Architecture:
    return MODELS[name].architecture


COUNTS = [
    ("Qwen/Qwen3-32B", 32_762_123_264),
    ("meta-llama/Llama-3.3-70B-Instruct", 70_553_706_496),
    ("deepseek-ai/DeepSeek-R1", 671_026_419_200),
    ("openai/gpt-oss-120b", 116_829_156_672),
    ("openai/whisper-large-v3", 1_543_490_560),
    ("intfloat/multilingual-e5-large", 559_890_432),
]


@pytest.mark.parametrize(("name", "expected"), COUNTS)
def test_parameter_count(name: str, expected: int) -> None:
    """The list adds up to the published parameters, prediction layers apart."""
    assert expected == parameter_count(architecture(name))


def test_prediction_layers_are_apart() -> None:
    """DeepSeek-V3's prediction layer has 13.5 billion parameters that serving does not load."""
    found = architecture("deepseek-ai/DeepSeek-V3")
    assert 13_463_426_304 == sum(tensor.count for tensor in nextn_tensors(found))
    assert 684_489_845_504 == checkpoint_parameters(found)
    assert () == nextn_tensors(architecture("Qwen/Qwen3-32B"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen/Qwen3-32B", 32_762_123_264),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", 12_879_925_248),
        ("openai/gpt-oss-120b", 5_711_982_912),
        ("Qwen/Qwen3-30B-A3B", 3_353_032_704),
    ],
)
def test_active_parameters(name: str, expected: int) -> None:
    """A token reads all dense weights and the experts it is sent to."""
    assert expected == active_parameters(architecture(name))


def test_the_list_is_the_sum_of_its_stages() -> None:
    """Layers and what stands outside them are the whole model."""
    for name in ("Qwen/Qwen3-32B", "deepseek-ai/DeepSeek-V3.2", "google/gemma-4-E2B-it", "openai/whisper-tiny"):
        found = architecture(name)
        outside = outside_tensors(found)
        inside = sum(tensor.count for index in found.order for tensor in layer_tensors(found, found.kinds[index]))
        assert parameter_count(found) == inside + sum(tensor.count for tensor in (*outside.first, *outside.last))


def test_groups_are_those_of_recipes() -> None:
    """Every matrix belongs to a group that quantization recipes know, or to none."""
    for name in MODELS:
        assert {tensor.group for tensor in tensors(architecture(name))} <= {"", *WEIGHT_GROUPS}


@pytest.mark.parametrize(
    ("tensor", "parallel", "expected"),
    [
        (Tensor("dense_mlp", 128, 64, shard="rows"), 4, (32, 64, 1)),
        (Tensor("dense_mlp", 64, 128, shard="columns"), 4, (64, 32, 1)),
        (Tensor("router", 8, 64), 4, (8, 64, 1)),
        (Tensor("attention", 8 * 128, 64, shard="kv_rows", kv_heads=8), 4, (2 * 128, 64, 1)),
        (Tensor("attention", 8 * 128, 64, shard="kv_rows", kv_heads=8), 16, (128, 64, 1)),
        (Tensor("attention", 128, 64, shard="kv_rows", kv_heads=1), 8, (128, 64, 1)),
        (Tensor("embedding", 51_866, 64, shard="vocab"), 2, (25_952, 64, 1)),
        (Tensor("experts", 128, 64, 16, shard="experts", inner="rows"), 4, (32, 64, 16)),
        (Tensor("experts", 64, 128, 16, shard="experts", inner="columns"), 4, (64, 32, 16)),
        (Tensor("experts", 64, 1, 16, shard="experts"), 4, (64, 1, 16)),
    ],
)
def test_division_over_gpus(tensor: Tensor, parallel: int, expected: tuple[int, int, int]) -> None:
    """Rows, columns, key-value heads down to one, padded vocabulary and inner width of experts are divided."""
    part = on_rank(tensor, gpus=parallel)
    assert expected == (part.rows, part.columns, part.copies)


def test_expert_parallelism_divides_the_number_of_experts() -> None:
    """With expert parallelism experts stay whole and each GPU holds its share of them."""
    part = on_rank(Tensor("experts", 128, 64, 16, shard="experts", inner="rows"), gpus=8, expert_parallel=True)
    assert (128, 64, 2) == (part.rows, part.columns, part.copies)


@given(name=st.sampled_from(sorted(MODELS)), power=st.integers(0, 4))
def test_division_loses_nothing(name: str, power: int) -> None:
    """All GPUs together hold at least the whole model, and one GPU never more than it, padding aside."""
    parallel = 2**power
    whole = tensors(architecture(name))
    part = [on_rank(tensor, gpus=parallel) for tensor in whole]
    assert sum(tensor.count for tensor in whole) <= parallel * sum(tensor.count for tensor in part)
    pairs = zip(part, whole, strict=True)
    assert all(mine.count <= all_.count for mine, all_ in pairs if all_.shard != "vocab")


def test_embedding_on_the_last_stage() -> None:
    """Only a tied model with several pipeline stages holds its embedding twice."""
    assert holds_embedding_twice(architecture("Qwen/Qwen3-4B"), pipeline_parallel=2)
    assert not holds_embedding_twice(architecture("Qwen/Qwen3-4B"), pipeline_parallel=1)
    assert not holds_embedding_twice(architecture("Qwen/Qwen3-32B"), pipeline_parallel=2)


def test_copies_that_an_engine_keeps() -> None:
    """vLLM keeps latent attention's absorbed up-projections, and values beside keys that serve as values."""
    latent = architecture("deepseek-ai/DeepSeek-R1")
    assert 128 * (128 + 128) * 512 == sum(tensor.count for tensor in engine_copies(latent, latent.kinds[0]))
    gemma = architecture("google/gemma-4-31B-it")
    copies = [tensor.count for layer in gemma.kinds for tensor in engine_copies(gemma, layer)]
    assert [4 * 512 * 5376] == copies
    plain = architecture("Qwen/Qwen3-32B")
    assert () == engine_copies(plain, plain.kinds[0])


def test_the_list_is_made_once() -> None:
    """The same architecture gives the same list object."""
    assert tensors(architecture("Qwen/Qwen3-32B")) is tensors(architecture("Qwen/Qwen3-32B"))
