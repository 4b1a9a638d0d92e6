"""Why an engine would refuse a pasted command before memory is ever the question, and what to state instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.amounts import gib
from bot.changed_settings import SHARE_STEPS
from bot.formats import number_format
from bot.resolve import Resolution
from formulas.deployment import Deployment
from formulas.engines import engine

CHECKS_LENGTH = ("vllm", "sglang")
"""Engines that refuse a length beyond the model's: vLLM config/model.py _get_and_verify_max_len, SGLang
configs/model_config.py _derive_context_length; the variables below lift it."""
LIFTS_LENGTH = ("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN")
SCALED = ("rope_factor", "hf_overrides", "rope_scaling", "rope_overrides")
"""Flags that lengthen a model, by the name under which a command keeps them."""
KERNELS_FROM = {"fp8": 7.5, "fp8-block": 7.5, "awq": 7.5, "bnb-nf4": 7.0, "bf16": 8.0}
"""Least compute capability: vLLM quantization/fp8.py (with Marlin), awq.py, bitsandbytes.py; platforms/cuda.py."""
COMPUTED_16_BIT = "fp16"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sentence by key with what fills it, and what the engine would take in its place."""

    key: str
    values: dict[str, Any]
    change: str
    mend: Callable[[Deployment], Deployment] | None = None


def refusals(resolution: Resolution) -> tuple[Refusal, ...]:
    """What of a pasted command its engine refuses; nothing for questions in words, which state no flags."""
    if resolution.query.paste is None or not resolution.gpu_named:
        return ()
    return tuple(refusal for rule in RULES for refusal in rule(resolution))


def mended(deployment: Deployment, refused: tuple[Refusal, ...]) -> Deployment | None:
    """The deployment with everything that is refused put right; None where that takes more than a flag."""
    for refusal in refused:
        if refusal.mend is None:
            return None
        deployment = refusal.mend(deployment)
    return deployment


def _length(resolution: Resolution) -> Iterator[Refusal]:
    deployment, extra = resolution.deployment, resolution.query.extra
    limit, tokens = deployment.model.max_length, deployment.load.sequence_tokens
    lifted = any(name in extra for name in SCALED) or any(name in extra.get("env", {}) for name in LIFTS_LENGTH)
    if deployment.engine in CHECKS_LENGTH and limit and tokens > limit and not lifted:
        values = {"tokens": tokens, "limit": limit, "model": deployment.model.id}
        yield Refusal(
            "refusal.length", values, f"sequence_tokens={limit}", partial(Deployment.at, sequence_tokens=limit)
        )


def _free(resolution: Resolution) -> Iterator[Refusal]:
    """vLLM wants its share of the card free when it starts (v1/worker/utils.py, request_memory)."""
    deployment, said = resolution.deployment, resolution.query.utilization
    free, visible = deployment.settings.free_bytes, deployment.gpu.visible_bytes
    if not engine(deployment.engine).takes_share or said is None or free is None or said.value * visible <= free:
        return
    share = int(SHARE_STEPS * free / visible) / SHARE_STEPS
    values = {
        "utilization": f"{said.value:g}",
        "free": gib(free),
        "visible": gib(visible),
        "asked": gib(int(said.value * visible)),
    }
    yield Refusal("refusal.free", values, f"utilization={share:g}", partial(_with_share, share=share))


def _kernels(resolution: Resolution) -> Iterator[Refusal]:
    deployment, query = resolution.deployment, resolution.query
    key, has = deployment.weights.key, deployment.gpu.compute_capability
    least = KERNELS_FROM.get(key)
    stated = query.weights is not None or deployment.model.quantization is not None
    if (
        deployment.engine != "vllm"
        or deployment.gpu.vendor != "NVIDIA"
        or not (least and has and has < least and stated)
    ):
        return
    values = {"weights": key, "gpu": deployment.gpu.name, "capability": f"{has:g}", "least": f"{least:g}"}
    mend = None if deployment.model.quantization else partial(_with_weights, key=COMPUTED_16_BIT)
    yield Refusal("refusal.kernels", values, f"weights={COMPUTED_16_BIT}", mend)


def _choices(resolution: Resolution) -> Iterator[Refusal]:
    """Values that a flag does not take: --dtype float8."""
    deployment, paste = resolution.deployment, resolution.query.paste
    for remark in paste.remarks if paste else ():
        if remark.key == "choice":
            values = {"words": f"`{remark.words}`", "engine": deployment.engine, "choices": remark.taken}
            eight = "8" in remark.words and deployment.model.quantization is None
            mend = partial(_with_weights, key="fp8") if eight else None
            yield Refusal("refusal.choice_fp8" if eight else "refusal.choice", values, "weights=fp8", mend)


def _with_share(deployment: Deployment, *, share: float) -> Deployment:
    return deployment.change(settings=replace(deployment.settings, utilization=share))


def _with_weights(deployment: Deployment, *, key: str) -> Deployment:
    """In another format, with the KV cache that follows from 16-bit weights."""
    weights, cache = number_format(key), deployment.kv_cache
    follows = cache.key == "bf16" and key == COMPUTED_16_BIT
    return deployment.change(weights=weights, kv_cache=weights if follows else cache)


RULES: tuple[Callable[[Resolution], Iterator[Refusal]], ...] = (_choices, _length, _free, _kernels)
