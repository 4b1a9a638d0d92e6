"""transformers generate(): exact cache lengths, prefill logits, encoders and Whisper."""

from __future__ import annotations

import pytest

from catalog.load import load
from formulas.deployment import Deployment, Load, version
from formulas.engines.transformers import TransformersPlan
from formulas.estimate import estimate
from tests.formulas.deployments import card

MB = 10**6


def run(
    model: str, *, batch: int = 1, tokens: int = 4096, release: str = "5.23.0", weights: str = "bf16"
) -> Deployment:
    """A model of the catalog on H100."""
    catalog = load()
    return Deployment(
        model=catalog.models[model],
        weights=catalog.formats[weights],
        kv_cache=catalog.formats["bf16"],
        formats=catalog.formats,
        gpu=card(79.19),
        engine="transformers",
        engine_version=version(release),
        load=Load(batch=batch, sequence_tokens=tokens),
    )


LLAMA = "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize(("batch", "tokens"), [(1, 1), (1, 4096), (8, 1001)])
def test_cache_lengths_are_exact(batch: int, tokens: int) -> None:
    """DynamicCache holds batch x length x 131,072 bytes, no page more."""
    assert batch * tokens * 131_072 == estimate(run(LLAMA, batch=batch, tokens=tokens)).memory.kv_cache


def test_windowed_layers_keep_one_token_less_than_the_window() -> None:
    """gemma-3-27b at 32,768: 1,023 tokens in 52 layers, all in 10."""
    layer = 16 * 2 * 128 * 2
    assert (10 * 32768 + 52 * 1023) * layer == estimate(run("google/gemma-3-27b-it", tokens=32768)).memory.kv_cache


@pytest.mark.parametrize(
    ("model", "release", "expected"),
    [
        ("deepseek-ai/DeepSeek-R1", "5.23.0", 61 * 576 * 2),
        ("deepseek-ai/DeepSeek-R1", "4.57.0", 61 * 128 * (128 + 64 + 128) * 2),
        ("deepseek-ai/DeepSeek-V3.2", "5.23.0", 61 * (576 + 128) * 2),
    ],
)
def test_latents_are_cached_since_release_5(model: str, release: str, expected: int) -> None:
    """Bytes of a token; before, keys and values of every head. Index keys have 16 bits."""
    assert expected == estimate(run(model, tokens=1, release=release)).memory.kv_cache


def test_static_caches_keep_whole_windows() -> None:
    """gemma-3-27b at 2,048: 1,024 tokens in 52 layers, where the growing cache keeps 1,023."""
    plan = estimate(run("google/gemma-3-27b-it", tokens=2048)).plan
    assert isinstance(plan, TransformersPlan)
    assert 4 * (10 * 2048 + 52 * 1024) * 16 * 2 * 128 * 2 == plan.static_cache(batch=4, sequence_tokens=2048)


@pytest.mark.parametrize(("tokens", "megabytes"), [(448, 245.8 + 73.4), (1, 245.8 + 0.16)])
def test_whisper_keeps_cross_and_self_attention(tokens: int, megabytes: float) -> None:
    """large-v3: 245.8 MB of keys and values over 1,500 encoder positions, 73.4 MB over 448 tokens."""
    memory = estimate(run("openai/whisper-large-v3", tokens=tokens, weights="fp16")).memory
    assert megabytes == pytest.approx(memory.kv_cache / MB, abs=0.1)


def test_encoders_keep_nothing() -> None:
    """32 inputs of 512 tokens: no cache, and activations of tokens x 2 bytes x (feed-forward + 4 x hidden)."""
    memory = estimate(run("intfloat/multilingual-e5-large", batch=32, tokens=512)).memory
    assert (0, 32 * 512 * 2 * (4096 + 4 * 1024)) == (memory.kv_cache, memory.activations)


def test_old_releases_keep_logits_of_the_whole_prompt() -> None:
    """Before 4.45: 6 bytes for every token and vocabulary entry, instead of for the last token."""
    new, old = (estimate(run(LLAMA, release=release)).memory.activations for release in ("5.23.0", "4.44.0"))
    assert 4095 * 128256 * 6 == old - new


def test_nothing_is_set_aside() -> None:
    """The whole card may be used, and the longest single sequence fits where one token more does not."""
    deployment = run(LLAMA)
    result = estimate(deployment)
    tokens = result.plan.pool(sequence_tokens=4096).tokens
    assert deployment.gpu.visible_bytes == result.usable
    assert estimate(deployment.at(sequence_tokens=tokens)).fits
    assert not estimate(deployment.at(sequence_tokens=tokens + 1)).fits
