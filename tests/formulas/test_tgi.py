"""TGI: what the warm-up leaves, and blocks by release."""

from __future__ import annotations

import pytest

from catalog.load import load
from catalog.types import Gpu
from formulas import compiled
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.engines import engine
from formulas.estimate import estimate
from tests.formulas.deployments import A100, card

A10G = card(22.2, capability=8.6)


def run(
    model: str,
    *,
    gpu: Gpu,
    release: str = "3.3.7",
    tensor_parallel: int = 1,
    batch: int = 1,
    settings: Settings | None = None,
) -> Deployment:
    """A 16-bit model of the catalog."""
    catalog = load()
    return Deployment(
        model=catalog.models[model],
        weights=catalog.formats["bf16"],
        kv_cache=catalog.formats["bf16"],
        formats=catalog.formats,
        gpu=gpu,
        engine="tgi",
        engine_version=version(release),
        layout=Layout(tensor_parallel=tensor_parallel),
        settings=settings or Settings(),
        load=Load(batch=batch, sequence_tokens=4000),
    )


@pytest.mark.parametrize(
    ("deployment", "tokens", "source"),
    [
        (
            run(
                "meta-llama/Llama-3.1-8B-Instruct",
                gpu=A10G,
                release="2.2.0",
                settings=Settings(max_batched_tokens=4145),
            ),
            19_056,
            "TGI 2.2 on g5.2xlarge",
        ),
        (run("mistralai/Mistral-7B-Instruct-v0.3", gpu=A10G, release="2.0.0"), 43_808, "SageMaker HyperPod demo"),
        (run("meta-llama/Llama-2-7b-hf", gpu=A10G, release="0.9.2"), 16_224, "text-generation-inference#653"),
        (
            run(
                "meta-llama/Llama-3.1-70B-Instruct",
                gpu=A100,
                release="2.4.0",
                tensor_parallel=2,
                settings=Settings(max_batched_tokens=10049),
            ),
            30_816,
            "text-generation-inference#2744",
        ),
    ],
    ids=["llama-3.1-8b", "mistral-7b", "llama-2-7b", "llama-3.1-70b"],
)
def test_logged_tokens(deployment: Deployment, tokens: int, source: str) -> None:
    """Max batch total tokens in public logs: inside the band."""
    result = estimate(deployment)
    cell = result.memory.kv_cache / 4000
    assert abs(result.plan.pool(sequence_tokens=4000).tokens - tokens) * cell <= result.band, source


def test_new_releases_take_nine_tenths_of_the_card() -> None:
    """3.x stops at 90 % of the card, whatever the warm-up used."""
    deployment = run("meta-llama/Llama-3.1-8B-Instruct", gpu=A100)
    assert int(0.9 * A100.visible_bytes) == estimate(deployment).usable


def test_old_releases_leave_a_share_of_the_rest() -> None:
    """Before, 5 % of what the warm-up left stays free."""
    result = estimate(run("meta-llama/Llama-3.1-8B-Instruct", gpu=A100, release="2.2.0"))
    fixed = result.memory.total - result.memory.kv_cache
    warm_up = 4096 * 131_072
    assert result.usable - fixed - warm_up == pytest.approx(0.95 * (A100.visible_bytes - fixed - warm_up), rel=1e-6)


@pytest.mark.parametrize(("release", "tokens"), [("2.2.0", 4000), ("3.3.7", 4000)])
def test_blocks(release: str, tokens: int) -> None:
    """16 tokens a block before 3.0 (4,000 is 250 of them), one from there."""
    result = estimate(run("meta-llama/Llama-3.1-8B-Instruct", gpu=A100, release=release))
    assert tokens * 131_072 == result.memory.kv_cache


def test_latent_attention_is_cached_decompressed() -> None:
    """DeepSeek-R1 on eight GPUs: 16 heads of 256 for keys and values in each of 61 layers."""
    memory = estimate(run("deepseek-ai/DeepSeek-R1", gpu=card(139.8), tensor_parallel=8)).memory
    assert 4000 * 61 * 16 * 2 * 256 * 2 == memory.kv_cache


def test_pipelines_are_refused() -> None:
    """TGI shards with tensor parallelism only."""
    model = load().models["meta-llama/Llama-3.1-8B-Instruct"]
    assert "no_pipeline_parallelism" == engine("tgi").layout_problem(model, Layout(pipeline_parallel=2))


def test_a_smaller_prefill_leaves_more_tokens() -> None:
    """The warm-up runs max_batch_prefill_tokens."""
    tokens = [
        engine("tgi").plan(
            run("meta-llama/Llama-3.1-8B-Instruct", gpu=A10G, settings=Settings(max_batched_tokens=prefill)), compiled
        ).pool(sequence_tokens=4000).tokens
        for prefill in (1024, 4096)
    ]  # fmt: skip
    assert tokens[0] > tokens[1]


@pytest.mark.parametrize("release", ["2.0.4", "3.3.7"])
def test_stated_tokens_are_the_pool(release: str) -> None:
    """--max-batch-total-tokens: so many tokens, and as many requests as they hold."""
    settings = Settings(most_tokens=65_536)
    plan = estimate(run("meta-llama/Llama-3.1-8B", gpu=A100, release=release, settings=settings)).plan
    assert 65_536 == plan.pool(sequence_tokens=4096).tokens
    assert [True, False] == [plan.memory(batch=n, sequence_tokens=4096).total <= plan.usable for n in (16, 17)]
