"""TensorRT-LLM: the cache takes a share of free memory, in pages of 32 tokens."""

from __future__ import annotations

import pytest

from catalog.load import load
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.estimate import estimate
from tests.formulas.deployments import card

H100 = card(79.19)


def run(
    model: str, *, tokens: int = 8192, release: str = "1.2.0", layout: Layout | None = None, **settings: float
) -> Deployment:
    """A 16-bit model of the catalog on H100."""
    catalog = load()
    return Deployment(
        model=catalog.models[model],
        weights=catalog.formats["bf16"],
        kv_cache=catalog.formats["bf16"],
        formats=catalog.formats,
        gpu=H100,
        engine="tensorrt-llm",
        engine_version=version(release),
        layout=layout or Layout(),
        settings=Settings(**settings),  # type: ignore[arg-type]
        load=Load(batch=1, sequence_tokens=tokens),
    )


LLAMA = "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize("fraction", [0.5, 0.9, 1.0])
def test_fraction_is_of_free_memory(fraction: float) -> None:
    """KV = (card - weights - activations - context) * fraction: TensorRT-LLM docs/reference/memory.md."""
    result = estimate(run(LLAMA, utilization=fraction))
    fixed = result.memory.total - result.memory.kv_cache
    pool = result.plan.pool(sequence_tokens=8192)
    assert pool.bytes == pytest.approx(fraction * (H100.visible_bytes - fixed), rel=1e-6)


def test_utilization_is_the_equivalent_share() -> None:
    """u = used + 0.9 * (1 - used), all as shares of the card."""
    result = estimate(run(LLAMA))
    used = (result.memory.total - result.memory.kv_cache) / H100.visible_bytes
    assert used + 0.9 * (1 - used) == pytest.approx(result.plan.utilization, rel=1e-6)


@pytest.mark.parametrize(
    ("release", "tokens", "kept"),
    [("1.2.0", 1000, 1024), ("0.20.0", 1000, 1024), ("1.2.0", 33, 64), ("0.20.0", 65, 128)],
)
def test_pages(release: str, tokens: int, kept: int) -> None:
    """32 tokens a page from 1.0, 64 before."""
    assert kept * 131_072 == estimate(run(LLAMA, tokens=tokens, release=release)).memory.kv_cache


def test_windowed_layers_have_pools_of_their_own() -> None:
    """gemma-3-27b keeps 1,024 tokens and one page in 52 layers, everything in 10."""
    memory = estimate(run("google/gemma-3-27b-it", tokens=32768)).memory
    layer = 16 * 2 * 128 * 2
    assert (10 * 32768 + 52 * 1056) * layer == memory.kv_cache


def test_pipeline_stages_share_the_layers() -> None:
    """Two stages: half of the cache each, and the larger half of the weights counts."""
    alone, two = (estimate(run(LLAMA, layout=Layout(pipeline_parallel=stages))).memory for stages in (1, 2))
    assert alone.kv_cache == 2 * two.kv_cache
    assert 0.5 * alone.weights <= two.weights < 0.6 * alone.weights
