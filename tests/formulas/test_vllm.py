"""vLLM's memory: exact cache bytes, logged start-ups, and what must grow with what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from catalog.load import load
from formulas import compiled
from formulas.deployment import Deployment, Layout
from formulas.engines import engine
from formulas.engines.vllm_plan import VllmPlan
from formulas.estimate import estimate
from tests.formulas.deployments import A100, GIB, H100, card, deploy, deployments


@pytest.mark.parametrize(
    ("name", "batch", "tokens", "expected"),
    [
        ("qwen3-32b", 20, 12288, 64_424_509_440),
        ("llama-2-7b", 1, 2048, 1_073_741_824),
        ("llama-3.1-8b", 8, 4096, 8 * 4096 * 131_072),
        ("deepseek-r1", 1, 8192, 575_668_224),
        ("e5-large", 32, 512, 0),
    ],
)
def test_kv_cache_bytes(name: str, batch: int, tokens: int, expected: int) -> None:
    """2 x layers x KV heads x head_dim x 2 bytes per token; one latent vector for MLA; nothing for an encoder."""
    assert expected == estimate(deploy(name, batch=batch, tokens=tokens)).memory.kv_cache


def test_a_request_that_generates_nothing_frees_its_cache() -> None:
    """Of embedding requests only those of the scheduled steps hold pages, however many are sent."""
    few, many, flood = (
        estimate(deploy("qwen3-embedding-8b", batch=batch, tokens=1024)).memory.kv_cache for batch in (2, 5000, 500_000)
    )
    sequence = 1024 * 2 * 36 * 8 * 128 * 2
    assert (2 * sequence, flood) == (few, many)
    assert many < 50 * sequence


@pytest.mark.parametrize(
    ("name", "pooled"),
    [("Qwen/Qwen3-Embedding-0.6B", True), ("intfloat/e5-mistral-7b-instruct", True), ("Qwen/Qwen3-0.6B", False)],
)
def test_what_generates_nothing_is_told_by_its_class_or_name(name: str, pooled: bool) -> None:
    """A class without a generating head, or a repository that says what it is for."""
    assert pooled is load().models[name].pooled


def test_latent_cache_is_not_divided_by_tensor_parallelism() -> None:
    """Every GPU keeps the whole latent vector."""
    alone, eight = deploy("deepseek-r1"), deploy("deepseek-r1", layout=Layout(tensor_parallel=8))
    assert estimate(alone).memory.kv_cache == estimate(eight).memory.kv_cache


def test_key_value_heads_are_replicated_beyond_their_number() -> None:
    """Eight KV heads on 16 GPUs: one head each, as on eight."""
    sizes = [
        estimate(deploy("qwen3-32b", layout=Layout(tensor_parallel=tensor))).memory.kv_cache for tensor in (1, 8, 16)
    ]
    assert [sizes[0], sizes[0] // 8, sizes[0] // 8] == sizes


@pytest.mark.parametrize(
    ("name", "release", "page_bytes", "groups"),
    [
        ("gemma-3-27b", "0.33.0", 1_310_720, [1, 6]),
        ("gpt-oss-120b", "0.33.0", 589_824, [1, 1]),
        ("qwen3-next-80b", "0.32.0", 12 * 544 * 2048, [1, 3]),
        ("qwen3-next-80b", "0.33.0", 12 * 576 * 2048, [1, 3]),
    ],
)
def test_layers_of_several_kinds_share_pages(name: str, release: str, page_bytes: int, groups: list[int]) -> None:
    """Groups and page size as the planner forms them: gemma-3 10 of 62 layers a group; Qwen3-Next 544 tokens a page,
    and 576 where states are kept every 64 tokens."""
    plan = engine("vllm").plan(deploy(name, release=release), compiled)
    cache = plan.stages[0].cache
    assert (page_bytes, groups) == (cache.page_bytes, sorted(group.groups for group in cache.groups))


def test_whisper_keeps_self_and_cross_attention() -> None:
    """Turbo at 448 tokens: 28 self pages, and 1,500 encoder positions rounded up to the scheduler's 2,048 tokens."""
    memory = estimate(deploy("whisper-turbo", kv_cache="fp16", tokens=448, gpu=card(22.03, capability=8.9))).memory
    per_position = 2 * 4 * 1280 * 2
    assert (448 + 2048) * per_position == memory.kv_cache


def test_the_v0_engine_has_one_table_of_pages() -> None:
    """0.7.3: self and cross attention of Whisper share pages; Mllama's 40 layers make one; windows free their past."""
    whisper = estimate(deploy("whisper-turbo", kv_cache="fp16", tokens=448, release="0.7.3")).memory
    assert (28 + 94) * 16 * 4 * 2 * 1280 * 2 == whisper.kv_cache
    models = load().models
    mllama, mistral = (
        VllmPlan(replace(deploy("llama-3.1-8b", release="0.7.3"), model=models[model]), compiled)
        for model in ("meta-llama/Llama-3.2-11B-Vision-Instruct", "intfloat/e5-mistral-7b-instruct")
    )
    assert 40 * 16 * 2 * 8 * 128 * 2 == mllama.stages[0].cache.page_bytes
    held = [mistral.memory(batch=1, sequence_tokens=tokens).kv_cache for tokens in (4096, 32768)]
    assert [pages * 16 * 32 * 2 * 8 * 128 * 2 for pages in (256, 258)] == held


@pytest.mark.parametrize(
    ("deployment", "weights_gib", "available_gib", "tokens"),
    [
        (deploy("llama-3.1-8b", gpu=A100, tokens=131072, release="0.31.0"), 15.0, 56.21, 460_496),
        (deploy("gpt-oss-120b", gpu=H100, tokens=131072, release="0.20.1"), 65.97, None, None),
    ],
    ids=["llama-3.1-8b A100 0.31", "gpt-oss-120b H100 0.20"],
)
def test_logged_start_ups(
    deployment: Deployment, weights_gib: float, available_gib: float | None, tokens: int | None
) -> None:
    """Public start-up logs: weights within 0.5 %, available KV within 0.3 GiB, tokens within 1 %."""
    result = estimate(deployment)
    pool = result.plan.pool(sequence_tokens=deployment.load.sequence_tokens)
    assert result.memory.weights / GIB == pytest.approx(weights_gib, rel=0.005)
    if available_gib:
        assert pool.bytes / GIB == pytest.approx(available_gib, abs=0.3)
        assert pool.tokens == pytest.approx(tokens, rel=0.01)


@given(deployments())
def test_memory_grows_with_batch_and_length(deployment: Deployment) -> None:
    """One more sequence or one more token never needs less."""
    here = estimate(deployment).memory.total
    load = deployment.load
    assert here <= estimate(deployment.at(batch=load.batch + 1)).memory.total
    assert here <= estimate(deployment.at(sequence_tokens=load.sequence_tokens + 1)).memory.total


@given(deployments())
def test_total_is_the_sum_of_whole_parts(deployment: Deployment) -> None:
    """Four whole numbers of bytes, none negative."""
    memory = estimate(deployment).memory
    parts = (memory.weights, memory.kv_cache, memory.activations, memory.overhead)
    assert all(isinstance(part, int) and part >= 0 for part in parts)
    assert sum(parts) == memory.total


@given(deployments())
def test_wider_tensor_parallelism_never_needs_more_weights(deployment: Deployment) -> None:
    """Twice the GPUs hold at most the weights of one each."""
    twice = deployment.change(layout=Layout(tensor_parallel=2 * deployment.layout.tensor_parallel))
    once = deployment.change(layout=Layout(tensor_parallel=deployment.layout.tensor_parallel))
    assert estimate(twice).memory.weights <= estimate(once).memory.weights
