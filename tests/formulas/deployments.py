"""Deployments for the tests: one model of every architecture, and random ones."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from catalog.load import load
from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Load, Settings, version

GIB = 2**30

MODELS = {
    "qwen3-32b": "Qwen/Qwen3-32B",
    "gemma-3-27b": "google/gemma-3-27b-it",
    "llama-3.1-8b": "meta-llama/Llama-3.1-8B-Instruct",
    "llama-2-7b": "meta-llama/Llama-2-7b-hf",
    "deepseek-r1": "deepseek-ai/DeepSeek-R1",
    "deepseek-v3.2": "deepseek-ai/DeepSeek-V3.2",
    "deepseek-v4-flash": "deepseek-ai/DeepSeek-V4-Flash",
    "qwen3-next-80b": "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "gpt-oss-120b": "openai/gpt-oss-120b",
    "llama-4-scout": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "nemotron-h": "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "e5-large": "intfloat/multilingual-e5-large",
    "qwen3-embedding-8b": "Qwen/Qwen3-Embedding-8B",
    "whisper-turbo": "openai/whisper-large-v3-turbo",
}
"""One model of every architecture, by a short name."""


def model(name: str) -> Model:
    """One of MODELS from the catalog."""
    return load().models[MODELS[name]]


def card(gib: float, *, capability: float = 9.0, name: str = "test card") -> Gpu:
    """A card with so much visible memory."""
    return Gpu(
        name=name,
        vendor="NVIDIA",
        marketed_gb=round(gib),
        visible_bytes=round(gib * GIB),
        visible_basis="stated",
        compute_capability=capability,
        source="test",
        checked=date(2026, 11, 23),
    )


H100 = card(79.19, name="H100")
A100 = card(79.25, capability=8.0, name="A100 80GB")


def deploy(
    name: str,
    *,
    weights: str | None = None,
    kv_cache: str = "bf16",
    gpu: Gpu = H100,
    batch: int = 1,
    tokens: int = 8192,
    release: str = "0.33.0",
    layout: Layout | None = None,
    **settings: Any,
) -> Deployment:
    """A vLLM deployment of one of MODELS, in the checkpoint's own format unless stated."""
    chosen, formats = model(name), load().formats
    own = chosen.quantization.weights if chosen.quantization else "bf16"
    return Deployment(
        model=chosen,
        weights=formats[weights or own],
        kv_cache=formats[kv_cache],
        formats=formats,
        gpu=gpu,
        engine="vllm",
        engine_version=version(release),
        layout=layout or Layout(),
        settings=Settings(**settings),
        load=Load(batch=batch, sequence_tokens=tokens),
    )


@st.composite
def deployments(draw: st.DrawFn) -> Deployment:
    """Any of the architectures in any format, on any card, under any load."""
    name = draw(st.sampled_from(sorted(MODELS)))
    weights = draw(st.sampled_from(["bf16", "fp8", "int4", None]))
    tensor = draw(st.sampled_from([1, 2, 4]))
    return deploy(
        name,
        weights=weights,
        kv_cache=draw(st.sampled_from(["bf16", "fp8"])),
        gpu=card(draw(st.floats(20, 400)), capability=draw(st.sampled_from([8.0, 8.9, 9.0, 10.0]))),
        batch=draw(st.integers(1, 64)),
        tokens=draw(st.integers(1, 40000)),
        release=draw(st.sampled_from(["0.8.5", "0.11.0", "0.19.0", "0.24.0", "0.33.0"])),
        layout=Layout(tensor_parallel=tensor, pipeline_parallel=draw(st.sampled_from([1, 2]))),
    )
