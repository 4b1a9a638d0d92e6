"""SGLang: the static fraction by card, tokens of a pool, and pools of windowed and hybrid models."""

from __future__ import annotations

import pytest

from catalog.load import load
from catalog.types import Gpu
from formulas import compiled
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.engines import engine
from formulas.engines.sglang_cache import pools
from formulas.engines.sglang_fraction import reserve, static_fraction
from formulas.estimate import estimate
from tests.formulas.deployments import card

GIB = 2**30
H100, L4, RTX_5090 = card(79.19), card(22.03, capability=8.9), card(31.36, capability=12.0)


def run(
    model: str,
    *,
    gpu: Gpu = H100,
    weights: str = "bf16",
    kv_cache: str = "bf16",
    release: str = "0.5.23",
    tensor_parallel: int = 1,
    batch: int = 1,
    tokens: int = 8192,
    settings: Settings | None = None,
) -> Deployment:
    """A server with a model of the catalog."""
    catalog = load()
    return Deployment(
        model=catalog.models[model],
        weights=catalog.formats[weights],
        kv_cache=catalog.formats[kv_cache],
        formats=catalog.formats,
        gpu=gpu,
        engine="sglang",
        engine_version=version(release),
        layout=Layout(tensor_parallel=tensor_parallel),
        settings=settings or Settings(),
        load=Load(batch=batch, sequence_tokens=tokens),
    )


@pytest.mark.parametrize(("tensor_parallel", "fraction"), [(1, 0.88), (2, 0.87), (4, 0.85), (8, 0.81)])
def test_fraction_before_0_5(tensor_parallel: int, fraction: float) -> None:
    """Constants by tensor parallelism."""
    deployment = run("Qwen/QwQ-32B", gpu=L4, release="0.4.3", tensor_parallel=tensor_parallel)
    assert fraction == static_fraction(deployment, compiled)


def test_fraction_of_a_logged_server() -> None:
    """Qwen3-32B on H100: 0.828 in a public log, which does not say on how many; two give it."""
    assert 0.828 == pytest.approx(static_fraction(run("Qwen/Qwen3-32B", tensor_parallel=2), compiled))


@pytest.mark.parametrize(
    ("model", "gpu", "tensor_parallel", "mebibytes"),
    [
        ("Qwen/Qwen3-8B", card(14.56, capability=7.5), 1, 512 + 3072 + 128 + 16 + 8 * 42),
        ("Qwen/Qwen3-8B", RTX_5090, 1, 512 + 6144 + 128 + 96 + 8 * 50),
        ("Qwen/Qwen3-8B", RTX_5090, 4, 512 + 6144 + 512 + 320 + 8 * 50),
        ("Qwen/Qwen3-8B", H100, 1, 512 + 12288 + 128 + 512 + 8 * 58),
        ("deepseek-ai/DeepSeek-R1", card(139.8), 8, 512 + 12288 + 1024 + 1024 + 1536),
    ],
)
def test_reserve_by_card(model: str, gpu: Gpu, tensor_parallel: int, mebibytes: int) -> None:
    """Chunk, layout and graphs as memory_hook.py adds them up."""
    deployment = run(model, gpu=gpu, tensor_parallel=tensor_parallel)
    assert mebibytes * 2**20 == reserve(deployment, compiled)


def test_large_cards_reserve_ten_gibibytes() -> None:
    """A small chunk does not lower the reserve of a card beyond 60 GiB any further."""
    assert 10 * GIB == reserve(run("Qwen/Qwen3-8B", settings=Settings(max_batched_tokens=2048)), compiled)


LOGGED_POOLS = [
    ("Qwen/QwQ-32B", "bf16", 4, 2.84, 46_611, "QwQ-32B on 4 x L4, 0.4.3"),
    ("Qwen/Qwen2.5-0.5B-Instruct", "bf16", 1, 30.42, 2_658_165, "sglang-play notes, 0.5.10"),
    ("Qwen/Qwen3.6-27B", "bf16", 1, 10.44, 171_008, "0.5.17 on A100, state pool apart"),
    ("Qwen/Qwen3.5-27B", "fp8", 1, 6.98, 228_520, "Qwen3.8-27B on GB10, state pool apart"),
    ("Qwen/Qwen3.5-27B", "bf16", 1, 32.66, 535_124, "Qwen3.8-27B on GB10, 2026-08"),
    ("google/gemma-4-26B-A4B", "bf16", 1, 12.16, 70_656, "DiffusionGemma-26B on GB10: windowed and full pool"),
]
"""Model, cache format, GPUs, logged GiB, logged tokens, source. Qwen3.8-27B has the layers of Qwen3.5-27B."""


@pytest.mark.parametrize(("model", "kv_cache", "tensor_parallel", "gib", "tokens", "source"), LOGGED_POOLS)
def test_logged_tokens(model: str, kv_cache: str, tensor_parallel: int, gib: float, tokens: int, source: str) -> None:
    """Tokens for the logged GiB (printed with two digits): within 0.3 %."""
    deployment = run(model, kv_cache=kv_cache, tensor_parallel=tensor_parallel)
    found = pools(deployment, deployment.model.architecture.counts, compiled)
    assert tokens == pytest.approx(gib * GIB / found.cell(compiled), rel=0.003), source


def test_logged_state_pool() -> None:
    """Qwen3.8-27B, 360 states and one spare on GB10: 0.99 + 50.77 GiB logged; states are fp32."""
    deployment = run("Qwen/Qwen3.5-27B")
    found = pools(deployment, deployment.model.architecture.counts, compiled)
    assert 51.76 == pytest.approx(361 * found.states.size / GIB, abs=0.01)


@pytest.mark.parametrize(
    ("model", "gpu", "release", "settings", "tokens"),
    [
        ("Qwen/QwQ-32B", L4, "0.4.3", Settings(), 46_611),
        ("Qwen/Qwen3-32B", RTX_5090, "0.5.13", Settings(utilization=0.88), 187_069),
    ],
)
def test_logged_start_ups(model: str, gpu: Gpu, release: str, settings: Settings, tokens: int) -> None:
    """max_total_num_tokens on four cards, from the question alone: inside the band."""
    deployment = run(model, gpu=gpu, release=release, tensor_parallel=4, settings=settings)
    result = estimate(deployment)
    cell = result.plan.stages[0].pools.cell(compiled)  # type: ignore[attr-defined]
    pool = result.plan.pool(sequence_tokens=8192)
    assert abs(pool.tokens - tokens) * cell <= result.band


def test_graphs_off_leaves_more_for_the_cache() -> None:
    """--disable-cuda-graph takes the graphs out of the reserve."""
    with_graphs, without = (
        static_fraction(run("Qwen/Qwen3-8B", settings=Settings(enforce_eager=eager)), compiled)
        for eager in (False, True)
    )
    assert with_graphs < without


def test_windowed_models_keep_a_pool_of_their_own() -> None:
    """gpt-oss-20b: 12 windowed layers share a pool 0.8 times as long; before 0.5 they were kept whole."""
    new, old = (
        pools(deployment, deployment.model.architecture.counts, compiled)
        for deployment in (run("openai/gpt-oss-20b", release=release) for release in ("0.5.23", "0.4.9"))
    )
    layer = 8 * 2 * 64 * 2
    assert (12 * layer, 12 * layer, 128) == (new.full, new.windowed, new.window)
    assert (24 * layer, 0) == (old.full, old.windowed)


def test_hybrid_models_divide_the_pool() -> None:
    """Qwen3.5-27B: a request holds five states; the pool is as large as its scarcer side asks for."""
    deployment = run("Qwen/Qwen3.5-27B")
    found = pools(deployment, deployment.model.architecture.counts, compiled)
    short = found.needed(batch=8, sequence_tokens=256, laws=compiled)
    long = found.needed(batch=1, sequence_tokens=262144, laws=compiled)
    assert short == pytest.approx((5 * 8 + 1) * found.states.size * 1.9 / 0.9, rel=1e-6)
    assert long == pytest.approx(262144 * found.full * 1.9, rel=1e-6)


def test_vision_towers_lower_the_fraction() -> None:
    """Between 0.76 and 0.9975 of the text model's."""
    text, vision = (
        static_fraction(run(model), compiled) for model in ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct")
    )
    assert 0.76 * text <= vision < text


def test_latent_cache_is_whole_on_every_gpu() -> None:
    """DeepSeek-R1: 70,272 bytes a token whatever the tensor parallelism."""
    cells = [
        pools(deployment, deployment.model.architecture.counts, compiled).cell(compiled)
        for deployment in (run("deepseek-ai/DeepSeek-R1", tensor_parallel=tensor) for tensor in (1, 8))
    ]
    assert [70_272, 70_272] == cells


def test_stated_states_leave_the_rest_to_the_cache() -> None:
    """--max-mamba-cache-size 360: 361 states, whatever their usual share; without the prefix cache one a request."""
    stated, alone = (
        pools(deployment, deployment.model.architecture.counts, compiled)
        for deployment in (
            run("Qwen/Qwen3.5-27B", settings=Settings(state_slots=360)),
            run("Qwen/Qwen3.5-27B", settings=Settings(prefix_caching=False, max_sequences=32)),
        )
    )
    budget = 100 * GIB
    assert (budget - 361 * stated.states.size) // int(stated.full) == stated.tokens(budget, compiled)
    assert (budget - 33 * alone.states.size) // int(alone.full) == alone.tokens(budget, compiled)
    assert 256 * 72 * stated.full + 361 * stated.states.size == stated.needed(
        batch=72, sequence_tokens=256, laws=compiled
    )


def test_stated_shares_divide_the_pool() -> None:
    """--mamba-full-memory-ratio 0.25 leaves four fifths for attention, --swa-full-tokens-ratio 0.5 halves windows."""
    hybrid = run("Qwen/Qwen3.5-27B", settings=Settings(state_share=0.25))
    found = pools(hybrid, hybrid.model.architecture.counts, compiled)
    assert found.tokens(100 * GIB, compiled) * found.full == pytest.approx(80 * GIB, rel=0.002)
    windowed = run("openai/gpt-oss-120b", weights="mxfp4", settings=Settings(window_share=0.5))
    assert 18 * 2048 * 1.5 == pools(windowed, windowed.model.architecture.counts, compiled).cell(compiled)


def test_stated_tokens_are_the_most() -> None:
    """--max-total-tokens caps the pool and the requests in it."""
    plan = estimate(run("Qwen/Qwen3-8B", settings=Settings(most_tokens=98_304))).plan
    assert 98_304 == plan.pool(sequence_tokens=8192).tokens
    assert [True, False] == [plan.memory(batch=n, sequence_tokens=8192).total <= plan.usable for n in (12, 13)]


def test_packed_keys_on_hopper_alone() -> None:
    """DeepSeek-V3.2 with an fp8 cache: 656 bytes of keys a layer on Hopper, 576 on Blackwell; 132 of index keys."""
    cells = [
        pools(deployment, deployment.model.architecture.counts, compiled).cell(compiled)
        for deployment in (
            run("deepseek-ai/DeepSeek-V3.2", weights="fp8-block", kv_cache="fp8", gpu=gpu)
            for gpu in (H100, card(178.35, capability=10.0))
        )
    ]
    assert [61 * (656 + 132), 61 * (576 + 132)] == cells


def test_unified_memory_is_never_free_as_a_whole() -> None:
    """GB10: the system holds 9.9 GiB before the weights load, loading keeps 0.9 more; other cards lose 0.5 in all."""
    shared = card(121.6).model_copy(update={"unified_memory": True})
    overheads = [
        estimate(run("Qwen/Qwen3-32B", gpu=gpu, settings=Settings(utilization=0.5))).memory.overhead
        for gpu in (shared, card(121.6))
    ]
    assert (0.5 * (9.9 - 0.45) + 0.9 - 0.07) * GIB == pytest.approx(overheads[0] - overheads[1], abs=2)


@pytest.mark.parametrize(("capability", "key"), [(9.0, "bf16"), (10.0, "fp8")])
def test_sparse_attention_is_cached_in_fp8_on_blackwell(capability: float, key: str) -> None:
    """DeepSeek-V3.2 without --kv-cache-dtype."""
    model = load().models["deepseek-ai/DeepSeek-V3.2"]
    assert key == engine("sglang").kv_cache(model, card(178.35, capability=capability))
