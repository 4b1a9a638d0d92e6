"""The cache worked out a second time, from the numbers in the models' configs and in one line a family."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.load import load
from formulas import compiled
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.engines import engine
from formulas.engines.sglang import SglangPlan
from formulas.engines.vllm_kept import kept_layers
from formulas.engines.vllm_plan import VllmPlan
from tests.formulas.deployments import H100

MODELS = load().models
FORMATS = {"bf16": 2, "fp8": 1}
"""Cache formats and the bytes of one number."""


def heads(count: int, tensor: int) -> int:
    """Key/value heads on one GPU."""
    return max(1, count // tensor)


class Family(NamedTuple):
    """One model, and the bytes that one token and one state take on one of so many GPUs."""

    model: str
    token: Callable[[int, int], int]
    """(GPUs, bytes of a number) -> bytes of a token over the layers that keep everything."""
    window: Callable[[int, int], int] = lambda tensor, size: 0
    """The same over windowed layers."""
    state: Callable[[int], int] = lambda tensor: 0
    """States of a sequence over all layers, in vLLM."""


def sparse(layers: int, indexed: int, size: int) -> int:
    """DeepSeek sparse attention on Hopper: 512 fp8, 4 scales and 64 16-bit rotary numbers, else 576 of 16 bits."""
    return layers * (512 + 16 + 128 if size == 1 else 576 * 2) + indexed * (128 + 4)


FAMILIES = (
    Family("meta-llama/Llama-3.1-8B-Instruct", lambda t, size: 32 * heads(8, t) * 2 * 128 * size),
    Family("Qwen/Qwen3-32B", lambda t, size: 64 * heads(8, t) * 2 * 128 * size),
    Family("meta-llama/Llama-2-7b-hf", lambda t, size: 32 * heads(32, t) * 2 * 128 * size),
    Family("deepseek-ai/DeepSeek-R1", lambda t, size: 61 * (512 + 64) * size),
    Family("deepseek-ai/DeepSeek-V3.2", lambda t, size: sparse(61, 61, size)),
    Family("zai-org/GLM-5.2", lambda t, size: sparse(78, 21, size)),
    Family(
        "google/gemma-3-27b-it",
        lambda t, size: 10 * heads(16, t) * 2 * 128 * size,
        lambda t, size: 52 * heads(16, t) * 2 * 128 * size,
    ),
    Family(
        "openai/gpt-oss-120b",
        lambda t, size: 18 * heads(8, t) * 2 * 64 * size,
        lambda t, size: 18 * heads(8, t) * 2 * 64 * size,
    ),
    Family(
        "Qwen/Qwen3-Next-80B-A3B-Instruct",
        lambda t, size: 12 * heads(2, t) * 2 * 256 * size,
        state=lambda t: 36 * (3 * (2 * 16 * 128 + 32 * 128) + 32 * 128 * 128) * 2 // t,
    ),
    Family(
        "Qwen/Qwen3.5-27B",
        lambda t, size: 16 * heads(4, t) * 2 * 256 * size,
        state=lambda t: 48 * (3 * (2 * 16 * 128 + 48 * 128) * 2 + 48 * 128 * 128 * 4) // t,
    ),
)
NAMES = [family.model for family in FAMILIES]


def deployed(family: Family, engine_key: str, tensor: int, cache: str, tokens: int, batched: int) -> Deployment:
    """The family's model on Hopper cards."""
    model, formats = MODELS[family.model], load().formats
    return Deployment(
        model=model,
        weights=formats[model.quantization.weights if model.quantization else "bf16"],
        kv_cache=formats[cache],
        formats=formats,
        gpu=H100,
        engine=engine_key,
        engine_version=version("0.19.0") if engine_key == "vllm" else engine(engine_key).latest,
        layout=Layout(tensor_parallel=tensor),
        settings=Settings(max_batched_tokens=batched, max_sequences=256, prefix_caching=False),
        load=Load(batch=1, sequence_tokens=tokens),
    )


drawn = given(
    tensor=st.sampled_from([1, 2, 4, 8]),
    cache=st.sampled_from(sorted(FORMATS)),
    tokens=st.integers(1, 2**17),
    batched=st.sampled_from([2048, 8192]),
)


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
@drawn
def test_layers_keep_what_the_config_says(family: Family, tensor: int, cache: str, tokens: int, batched: int) -> None:
    """Bytes of a token and of the states, summed over vLLM's layers."""
    kept = {"full": 0, "window": 0, "state": 0}
    for layer in kept_layers(deployed(family, "vllm", tensor, cache, tokens, batched), compiled):
        kept[layer.kind] += layer.size
    size = FORMATS[cache]
    assert {
        "full": family.token(tensor, size),
        "window": family.window(tensor, size),
        "state": family.state(tensor),
    } == kept


@pytest.mark.parametrize("family", [each for each in FAMILIES if not each.state(1) and not each.window(1, 2)])
@drawn
def test_one_kind_of_layer_takes_whole_pages(
    family: Family, tensor: int, cache: str, tokens: int, batched: int
) -> None:
    """A request takes its tokens rounded up to pages, each of all layers."""
    deployment = deployed(family, "vllm", tensor, cache, tokens, batched)
    plan = VllmPlan(deployment, compiled)
    page = plan.stages[0].cache.block_size
    each = page * family.token(tensor, FORMATS[cache])
    assert each == plan.stages[0].cache.page_bytes
    assert ceil(tokens / page) * each == plan.memory(batch=1, sequence_tokens=tokens).kv_cache


@pytest.mark.parametrize("family", FAMILIES[:6], ids=NAMES[:6])
@drawn
def test_sglang_divides_its_pool_by_the_same_tokens(
    family: Family, tensor: int, cache: str, tokens: int, batched: int
) -> None:
    """max_total_num_tokens is the pool over the bytes of a token."""
    plan = SglangPlan(deployed(family, "sglang", tensor, cache, tokens, batched), compiled)
    pool = plan.pool(sequence_tokens=tokens)
    assert pool.bytes // family.token(tensor, FORMATS[cache]) == pool.tokens
