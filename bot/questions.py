"""A deployment as a question that our own parser reads back to the same deployment."""

from __future__ import annotations

from bot.amounts import tokens_short
from bot.card_state import words_of_set_up
from bot.formats import shown
from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Settings, Version
from formulas.engines import engine
from formulas.units import GIB

LEAST_BUILD = 1000
"""A first number from here on counts builds (llama.cpp), below it is a release."""


def question(deployment: Deployment, *, on_gpu: bool = True) -> str:
    """'Qwen/Qwen3-32B fp8 kv fp8 batch 20 seq 12k on 2x NVIDIA H100 SXM 80GB'; GPUs only where some were named."""
    parts = [
        deployment.model.id,
        shown(deployment.weights.key),
        f"kv {deployment.kv_cache.key}",
        f"batch {deployment.load.batch}",
        f"seq {tokens_short(deployment.load.sequence_tokens)}",
    ]
    parts += _cards(deployment) if on_gpu else _sizes(deployment.layout)
    parts += _settings(deployment.settings, deployment.draft)
    return " ".join((*parts, *_engine(deployment)))


def _cards(deployment: Deployment) -> list[str]:
    named = f"on {deployment.layout.gpu_count}x {_card(deployment.gpu)}"
    return [named, *words_of_set_up(deployment.gpu), *_sizes(deployment.layout)]


def _sizes(layout: Layout) -> list[str]:
    sizes = {"tp": layout.tensor_parallel, "pp": layout.pipeline_parallel, "dp": layout.data_parallel}
    parts = [f"{name}{size}" for name, size in sizes.items() if size > 1]
    return [*parts, "ep"] if layout.expert_parallel else parts


def _card(gpu: Gpu) -> str:
    """The name that a question can hold: without a remark in brackets."""
    return gpu.aliases[0] if "(" in gpu.name and gpu.aliases else gpu.name


def _settings(settings: Settings, draft: Model | None) -> list[str]:
    said = {
        "--max-num-batched-tokens": settings.max_batched_tokens,
        "--max-num-seqs": settings.max_sequences,
        "--block-size": settings.block_size,
    }
    parts = [f"{flag} {value}" for flag, value in said.items() if value is not None]
    parts += ["--enforce-eager"] if settings.enforce_eager else []
    parts += [f"lora x{settings.lora_slots} rank {settings.lora_rank}"] if settings.lora_slots else []
    kind = f"draft {draft.id}" if draft else "mtp"
    parts += [f"{kind} {settings.speculative_tokens}"] if settings.speculative_tokens else []
    if settings.free_bytes is not None:
        return [*parts, f"{settings.free_bytes / GIB:.6g}GiB free"]
    return [*parts, f"util {settings.utilization:g}"] if settings.utilization is not None else parts


def _engine(deployment: Deployment) -> list[str]:
    """The engine and its release, where they are not what is assumed."""
    key, version = deployment.engine, deployment.engine_version
    if key == "guide":
        return ["method guide"]
    assumed = deployment.gpu.vendor != "Apple" and (key, version) == ("vllm", engine("vllm").latest)
    return [] if assumed else [key, release(version)]


def release_words(text: str) -> str:
    """A release as a question can hold it: a bare number of a build would be read as a count."""
    return f"b{text}" if text.isdigit() and int(text) >= LEAST_BUILD else text


def release(version: Version) -> str:
    """(0, 33, 0) -> '0.33.0'; a build is written as it is tagged: (10919, 0, 0) -> 'b10919'."""
    major, minor, patch = version
    return f"b{major}" if major >= LEAST_BUILD else f"{major}.{minor}.{patch}"
