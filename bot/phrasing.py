"""Names, loads, layouts and sizes as the sentences of a reply write them."""

from __future__ import annotations

from typing import Any

from bot.amounts import count, gib
from bot.choices import hears
from bot.formats import GGUF_ENGINE, shown
from bot.messages import Messages
from bot.questions import release
from bot.resolve import Remark
from formulas.deployment import Deployment, Layout
from formulas.estimate import Estimate


def names(deployment: Deployment, text: Messages, *, mixed: bool = False) -> dict[str, str]:
    """What every sentence may mention of a deployment."""
    return {
        "model": deployment.model.id,
        "weights": shown(deployment.weights.key),
        "load": load_text(deployment, text, mixed=mixed),
        "batch": count(deployment.load.batch),
        "tokens": count(deployment.load.sequence_tokens),
        "gpu": deployment.gpu.name,
        "gpus": gpus(deployment.gpu.name, deployment.layout.gpu_count),
        "on": text("label.on", gpus=gpus(deployment.gpu.name, deployment.layout.gpu_count)),
        "where": where(deployment, text),
        "engine": engine_name(deployment.engine, text),
        "version": release(deployment.engine_version),
        "kv_cache": deployment.kv_cache.key,
    }


def is_audio(deployment: Deployment) -> bool:
    """Whether sequences are windows of audio, so that a number of tokens says nothing to the reader."""
    return hears(deployment.model)


def load_text(deployment: Deployment, text: Messages, *, mixed: bool) -> str:
    """'20 × 12,288 tokens', of a mix on average; '8 × 30 s of audio'."""
    kind = "audio" if is_audio(deployment) else "mix" if mixed else "tokens"
    load = deployment.load
    return text(f"label.load_{kind}", batch=count(load.batch), tokens=count(load.sequence_tokens))


def engine_name(key: str, text: Messages) -> str:
    """'vLLM'"""
    return text(f"engine.{key}") if f"engine.{key}" in text else key


def gpus(name: str, number: int) -> str:
    """'2 × NVIDIA L40S'"""
    return f"{number} × {name}"


def where(deployment: Deployment, text: Messages) -> str:
    """'on 1 × NVIDIA L40S'; sizes are those of one GPU, so of several it is 'on each of'."""
    count_of_gpus = deployment.layout.gpu_count
    key = "label.on_each" if count_of_gpus > 1 else "label.on"
    return text(key, gpus=gpus(deployment.gpu.name, count_of_gpus))


def layout_text(layout: Layout, text: Messages, engine: str = "") -> str:
    """'tensor parallel 8, pipeline parallel 2'; of llama.cpp, which keeps layers whole, 'layers split over 2 GPUs'."""
    if engine == GGUF_ENGINE and layout.gpu_count > 1:
        return text("label.layers_split", count=layout.gpu_count)
    sizes = {
        "tensor_parallel": layout.tensor_parallel,
        "pipeline_parallel": layout.pipeline_parallel,
        "data_parallel": layout.data_parallel,
    }
    parts = [text(f"label.{name}", count=size) for name, size in sizes.items() if size > 1]
    parts += [text("label.expert_parallel", count=layout.expert_ranks)] if layout.expert_parallel else []
    return ", ".join(parts) or text("label.single")


def amounts(result: Estimate) -> dict[str, str]:
    """Every size that a sentence may mention."""
    return {
        "total": gib(result.memory.total),
        "weights_size": gib(result.memory.weights),
        "usable": gib(result.usable),
        "visible": gib(result.deployment.gpu.visible_bytes),
        "headroom": gib(abs(result.headroom)),
        "missing": gib(max(0, -result.headroom)),
        "band": gib(result.band),
    }


def remark_text(remark: Remark, text: Messages) -> str:
    """A remark as a sentence."""
    engine = str(remark.values.get("engine", ""))
    return text(remark.key, **{key: readable(value, text, engine) for key, value in remark.values.items()})


def readable(value: Any, text: Messages, engine: str = "") -> str:
    """Numbers with separators, quoted words, layouts as text, engines by their names."""
    if isinstance(value, int):
        return count(value)
    if isinstance(value, tuple):
        return ", ".join(f"“{word}”" for word in value)
    if isinstance(value, Layout):
        return layout_text(value, text, engine)
    return engine_name(str(value), text)
