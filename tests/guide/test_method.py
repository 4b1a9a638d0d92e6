"""`method guide`: the guide's formulas on real models."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.load import load
from formulas.deployment import Layout, Settings
from formulas.guide import GuideModel, GuidePlan, guide_model, guide_plan, guide_usable_bytes
from formulas.law import laws
from tests.guide import recompute

LLAMA_7B = GuideModel(
    parameters=6_738_415_616, num_hidden_layers=32, hidden_size=4096, num_key_value_heads=32, head_dim=128
)
H100_PLAN = GuidePlan(model=LLAMA_7B, bytes_per_parameter=2, usable=guide_usable_bytes(marketed_gb=80))
CAVEATS = [
    ("meta-llama/Llama-2-7b-hf", set()),
    ("Qwen/Qwen3-32B", {"hidden_dim", "head_dim"}),
    ("google/gemma-3-27b-it", {"hidden_dim", "head_dim", "windowed"}),
    ("deepseek-ai/DeepSeek-R1", {"latent"}),
    ("BAAI/bge-reranker-v2-m3", {"encoder"}),
    ("openai/whisper-large-v3-turbo", {"cross_attention"}),
]


def plan(name: str, *, weights: str = "fp16", tensor_parallel: int = 1, utilization: float | None = None) -> GuidePlan:
    """The guide's plan for a model on H100s."""
    layout, settings = Layout(tensor_parallel=tensor_parallel), Settings(utilization=utilization)
    return guide_plan(recompute.deployment(name, weights=weights).change(layout=layout, settings=settings))


def test_the_sample_question() -> None:
    """Llama 2 7B, FP16, batch 1, 2,048 tokens: weights and cache exact, the total within 3 % of the guide's 17.6 GB."""
    memory = plan("meta-llama/Llama-2-7b-hf").memory(batch=1, sequence_tokens=2048)
    assert (13_476_831_232, 1_073_741_824) == (memory.weights, memory.kv_cache)
    assert memory.total == pytest.approx(17.6e9, rel=0.03)


def test_other_formulas_stand_beside() -> None:
    """The simplified total, both rules of thumb and the full formula's range for the same load."""
    others = H100_PLAN.others(batch=1, sequence_tokens=2048)
    assert (14_765_321_421, 20_215_246_848, 17_519_880_602) == (
        others.total_simplified,
        others.development,
        others.single_request,
    )
    assert others.total_full == (
        (13_476_831_232 + 1_073_741_824 + 2_147_483_648) * 115 // 100 + 1,
        (13_476_831_232 + 1_073_741_824 + 4_294_967_296) * 115 // 100 + 1,
    )


def test_gqa_models_use_the_exact_formula() -> None:
    """Qwen3-32B, batch 20 of 12,288: the KV heads and the real head_dim count, the first formula stands beside."""
    whole = plan("Qwen/Qwen3-32B", weights="fp8")
    assert 64_424_509_440 == whole.kv_cache(batch=20, sequence_tokens=12_288)
    assert 322_122_547_200 == whole.others(batch=20, sequence_tokens=12_288).kv_cache_hidden


def test_encoders_get_no_cache() -> None:
    """The guide's KV cache of an encoder is not repeated."""
    assert 0 == plan("BAAI/bge-reranker-v2-m3").kv_cache(batch=64, sequence_tokens=512)


def test_whisper_counts_real_layers_and_positions() -> None:
    """Turbo at batch 8 and 150 tokens: 4 decoder layers of self and cross attention over 1,500 positions."""
    whole = plan("openai/whisper-large-v3-turbo")
    assert 24_576_000 + 245_760_000 == whole.kv_cache(batch=8, sequence_tokens=150)


def test_two_gpus_halve_weights_and_cache() -> None:
    """Tensor parallelism divides the weights and the KV heads."""
    one = plan("Qwen/Qwen3-32B", weights="fp8")
    two = plan("Qwen/Qwen3-32B", weights="fp8", tensor_parallel=2)
    assert (-(-one.weights // 2), one.kv_cache(batch=4, sequence_tokens=4096) // 2) == (
        two.weights,
        two.kv_cache(batch=4, sequence_tokens=4096),
    )


@pytest.mark.parametrize(("utilization", "usable"), [(None, 72), (0.92, 73.6), (1.0, 80)])
def test_usable_memory(utilization: float | None, usable: float) -> None:
    """The guide takes 90 % of the marketed memory unless the question says otherwise."""
    assert round(usable * 10**9) == plan("Qwen/Qwen3-32B", utilization=utilization).usable


def test_formats_outside_the_precision_table_are_refused() -> None:
    """A format without the guide's bytes per parameter has no guide answer."""
    with pytest.raises(ValueError, match="q4_k_m"):
        plan("meta-llama/Llama-2-7b-hf", weights="q4_k_m")


@pytest.mark.parametrize(("name", "caveats"), CAVEATS)
def test_caveats(name: str, caveats: set[str]) -> None:
    """Each way in which a model parts from the guide's formulas is named."""
    assert caveats <= set(guide_model(load().models[name].architecture).caveats)


@given(st.integers(1, 512), st.integers(1, 131_072))
def test_parts_make_the_total(batch: int, sequence_tokens: int) -> None:
    """Memory grows with batch and length, and overhead is 15 % of the other three, rounded up."""
    memory = H100_PLAN.memory(batch=batch, sequence_tokens=sequence_tokens)
    rest = memory.weights + memory.kv_cache + memory.activations
    assert -(-rest * 15 // 100) == memory.overhead
    assert H100_PLAN.memory(batch=batch + 1, sequence_tokens=sequence_tokens).total > memory.total
    assert H100_PLAN.memory(batch=batch, sequence_tokens=sequence_tokens + 1).total > memory.total


@given(st.integers(1, 16_384))
def test_the_pool_is_the_total_turned_round(sequence_tokens: int) -> None:
    """As many sequences as the pool has tokens for fit, give or take rounding to whole bytes; one more does not."""
    batch = H100_PLAN.pool(sequence_tokens=sequence_tokens).tokens // sequence_tokens
    rounding = 4
    assert H100_PLAN.memory(batch=batch, sequence_tokens=sequence_tokens).total <= H100_PLAN.usable + rounding
    assert H100_PLAN.memory(batch=batch + 1, sequence_tokens=sequence_tokens).total > H100_PLAN.usable


def test_every_guide_law_says_where_it_holds() -> None:
    """The guide's laws name the guide as their source and say where they hold."""
    own = [law for name, law in laws().items() if name.startswith("guide_")]
    assert [] == [law.name for law in own if not law.holds or not law.source.startswith("guide, ")]
