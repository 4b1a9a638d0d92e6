"""The command that serves a deployment, quoted for a shell."""

from __future__ import annotations

import json
import shlex

from formulas.deployment import Deployment

ONLINE_QUANTIZATION = {"fp8": "fp8", "bnb-nf4": "bitsandbytes"}
"""Formats that vLLM makes itself from a 16-bit checkpoint: vllm serve --quantization."""
DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def serve_command(
    deployment: Deployment, *, utilization: float, limit_sequences: bool = True, longest: int = 0
) -> str | None:
    """`vllm serve ...`; None for other engines and where the format needs a checkpoint of its own.

    limit_sequences: whether the number of sequences was asked for. longest: tokens of the longest sequence of a mix.
    """
    weights = _weights(deployment)
    if deployment.engine != "vllm" or weights is None or _draft_is_unknown(deployment):
        return None
    layout, load, settings = deployment.layout, deployment.load, deployment.settings
    flags = [
        ("--max-model-len", max(load.sequence_tokens, longest)),
        *([("--max-num-seqs", settings.max_sequences or deployment.batch_per_replica)] if limit_sequences else []),
        ("--gpu-memory-utilization", f"{utilization:g}"),
        *weights,
    ]
    sizes = {
        "--tensor-parallel-size": layout.tensor_parallel,
        "--pipeline-parallel-size": layout.pipeline_parallel,
        "--data-parallel-size": layout.data_parallel,
    }
    flags += [(flag, size) for flag, size in sizes.items() if size > 1]
    if deployment.kv_cache.key not in DTYPES:
        flags.append(("--kv-cache-dtype", deployment.kv_cache.key))
    if settings.max_batched_tokens:
        flags.append(("--max-num-batched-tokens", settings.max_batched_tokens))
    if settings.lora_slots:
        flags += [("--max-loras", settings.lora_slots), ("--max-lora-rank", settings.lora_rank)]
    if settings.speculative_tokens:
        flags.append(("--speculative-config", json.dumps(_draft(deployment))))
    switches = [
        switch
        for switch, on in (
            ("--enable-expert-parallel", layout.expert_parallel),
            ("--enforce-eager", settings.enforce_eager),
            ("--enable-lora", settings.lora_slots > 0),
        )
        if on
    ]
    words = [word for flag, value in flags for word in (flag, str(value))]
    return shlex.join(["vllm", "serve", deployment.model.id, *words, *switches])


def _draft(deployment: Deployment) -> dict[str, object]:
    """The draft as vLLM is told of it; its method follows from its own config."""
    own = {"method": "mtp"} if deployment.draft is None else {"model": deployment.draft.id}
    return {**own, "num_speculative_tokens": deployment.settings.speculative_tokens}


def _draft_is_unknown(deployment: Deployment) -> bool:
    """Whether the draft is a checkpoint that the question does not name: only a model's own layers need none."""
    if deployment.draft is not None:
        return False
    return deployment.settings.speculative_tokens > 0 and deployment.model.architecture.nextn_layer is None


def _weights(deployment: Deployment) -> list[tuple[str, object]] | None:
    key, recipe = deployment.weights.key, deployment.model.quantization
    if recipe:
        return [] if recipe.weights == key else None
    if key in DTYPES:
        return [("--dtype", DTYPES[key])]
    online = ONLINE_QUANTIZATION.get(key)
    return [("--quantization", online)] if online else None
