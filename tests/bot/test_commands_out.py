"""Commands out: what is emitted is read back by our own reader to the same deployment."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from bot.formats import number_format
from bot.k8s import k8s_deployment
from bot.parse import parse
from bot.resolve import resolve
from bot.serve_command import Asked, serve_command
from catalog.load import load
from formulas.deployment import Deployment, Layout, Load, Settings
from formulas.engines import engine

ENGINES = ("vllm", "sglang", "tgi", "tensorrt-llm", "llama.cpp")
WEIGHTS = {
    **dict.fromkeys(ENGINES, ("bf16", "fp16", "fp8", "fp8-block", "mxfp4", "awq", "bnb-nf4")),
    "llama.cpp": ("q4_k_m", "q8_0", "bf16", "iq4_xs"),
}
CACHES = {
    **dict.fromkeys(ENGINES, ("bf16", "fp8")),
    "llama.cpp": ("fp16", "q8_0", "q4_0"),
}
TRIES = 400


def drawn(seed: int) -> tuple[Deployment, Asked]:
    """A random deployment of the catalog with what its command has to state."""
    dice = random.Random(seed)
    key = dice.choice(ENGINES)
    decoders = [model for model in load().models.values() if model.architecture.role == "decoder"]
    gpus = [gpu for gpu in load().gpus.values() if gpu.recommend and engine(key).supports(gpu)]
    sizes = dice.choice([(1, 1, 1), (2, 1, 1), (4, 1, 1), (8, 1, 1), (2, 2, 1), (2, 1, 2)])
    settings = Settings(
        utilization=dice.choice([None, 0.8, 0.925]) if key != "llama.cpp" else None,
        max_batched_tokens=dice.choice([None, 4096]),
        max_sequences=dice.choice([None, 48]),
        enforce_eager=dice.random() < 0.3 and key in ("vllm", "sglang"),
        host_experts=dice.choice([None, 12]) if key == "llama.cpp" else None,
    )
    deployment = Deployment(
        model=dice.choice(decoders),
        weights=number_format(dice.choice(WEIGHTS[key])),
        kv_cache=number_format(dice.choice(CACHES[key])),
        formats=load().formats,
        gpu=dice.choice(gpus),
        engine=key,
        engine_version=engine(key).latest,
        layout=Layout(
            tensor_parallel=sizes[0],
            pipeline_parallel=sizes[1],
            data_parallel=sizes[2],
            expert_parallel=dice.random() < 0.2 and sizes[0] > 1 and key in ("vllm", "sglang"),
        ),
        settings=settings,
        load=Load(batch=dice.randint(1, 64), sequence_tokens=dice.choice([2048, 8192, 12_345, 32_768])),
    )
    return deployment, Asked(utilization=settings.utilization, limit_sequences=settings.max_sequences is not None)


def told(deployment: Deployment) -> dict[str, Any]:
    """What a command can tell of a deployment; the slots of llama.cpp share one context, on all its GPUs."""
    layout, load_, settings = deployment.layout, deployment.load, deployment.settings
    slots = load_.batch if deployment.engine == "llama.cpp" else 1
    sizes = (layout.gpu_count,) if slots > 1 or deployment.engine == "llama.cpp" else (
        layout.tensor_parallel, layout.pipeline_parallel, layout.data_parallel, layout.expert_parallel
    )  # fmt: skip
    return {
        "model": deployment.model.id,
        "weights": deployment.weights.key,
        "kv_cache": deployment.kv_cache.key,
        "engine": deployment.engine,
        "sizes": sizes,
        "tokens": slots * load_.sequence_tokens,
        "utilization": settings.utilization,
        "batched": settings.max_batched_tokens,
        "eager": settings.enforce_eager,
        "host experts": settings.host_experts,
    }


def read_back(text: str, deployment: Deployment) -> Deployment:
    query = parse(text)
    assert ((), True) == (query.problems, query.command)
    return resolve(replace(query, gpu=parse(f"qwen3-8b on {deployment.gpu.name}").gpu)).deployment


@pytest.mark.parametrize("seed", range(0, TRIES, 20))
def test_emitted_commands_are_read_back(seed: int) -> None:
    """Every command and specification, over random deployments, says the deployment that it was written for."""
    written = 0
    for number in range(seed, seed + 20):
        deployment, asked = drawn(number)
        if engine(deployment.engine).layout_problem(deployment.model, deployment.layout):
            continue
        for text in filter(None, (serve_command(deployment, asked), k8s_deployment(deployment, asked))):
            assert told(deployment) == told(read_back(text, deployment)), text
            written += 1
    assert written


@pytest.mark.parametrize(("card", "expected"), [("t4", "--dtype float16"), ("l4", "--dtype bfloat16")])
def test_bf16_is_asked_of_cards_that_have_it(card: str, expected: str) -> None:
    """vLLM refuses bfloat16 below compute capability 8.0, so the command says float16 there."""
    deployment = resolve(parse(f"qwen3-8b bf16 on {card} vllm")).deployment
    assert expected in str(serve_command(deployment, Asked()))
