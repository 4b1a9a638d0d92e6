"""Weights as vLLM lays them out: what its kernels pad, and the matrices that it keeps twice."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from catalog.types import Model, Moe, NumberFormat
from formulas import weights
from formulas.deployment import Deployment, version
from formulas.engines.vllm_activations import default_batch
from formulas.engines.vllm_kept import draft_layers
from formulas.engines.vllm_tables import loaded_tables
from formulas.tensors import Tensor, layer_tensors, nextn_tensors
from formulas.weights import Padding, Storage

MXFP4_PADDING = Padding(hidden=256, inner_rows=256, inner_columns=128)
"""Marlin and Triton MXFP4 experts: vllm quantization/mxfp4.py; gpt-oss-120b 65.9 GiB computed, 65.97 logged."""
FLASHINFER_PADDING = Padding(inner_rows=128, inner_columns=128)
"""FlashInfer FP8 and NVFP4 experts without gate: Nemotron-3 Nano 1856 -> 1920, seen from 0.16."""
FLASHINFER_SINCE = version("0.16.0")


def stage_weights(deployment: Deployment, stage: int, laws: Any) -> int:
    """Bytes that loading takes on the fullest GPU of one pipeline stage."""
    own, settings = storage(deployment), deployment.settings
    last = stage == deployment.layout.pipeline_parallel - 1
    return int(
        laws.loaded_bytes(
            checkpoint_bytes=weights.stage_weights(own, stage, laws),
            draft_bytes=_draft(deployment, own, laws) if last else 0,
            offloaded_bytes=settings.cpu_offload_bytes,
            buffer_bytes=loaded_tables(deployment, _step_tokens(deployment), laws),
            adapter_bytes=_adapters(deployment, own, stage, laws) if settings.lora_slots else 0,
        )
    )


def _step_tokens(deployment: Deployment) -> int:
    """Tokens that the buffers are made for: the scheduler's limit, whatever the sequences' length."""
    return deployment.settings.max_batched_tokens or default_batch(deployment, 1).max_batched_tokens


def storage(deployment: Deployment) -> Storage:
    """How the deployment's weights lie on the GPUs."""
    recipe = deployment.model.quantization
    return Storage(
        model=text_only(deployment.model) if deployment.settings.language_model_only else deployment.model,
        weights=_as_loaded(deployment.weights, quantized_at_load=recipe is None, expands=_expands(deployment)),
        plain=deployment.formats["bf16"],
        others=tuple(deployment.formats[key] for _, key in recipe.others) if recipe else (),
        layout=deployment.layout,
        padding=expert_padding(deployment),
        copies=True,
    )


@lru_cache(maxsize=256)
def text_only(model: Model) -> Model:
    """The model without its vision and audio towers."""
    architecture = model.architecture.model_copy(update={"towers": ()})
    return model.model_copy(update={"architecture": architecture, "stored_bytes": None})


@lru_cache(maxsize=64)
def _as_loaded(form: NumberFormat, *, quantized_at_load: bool, expands: bool) -> NumberFormat:
    """The format in memory: bitsandbytes keeps its scales in 8 bits where vLLM itself quantizes, and unpacks them where
    the checkpoint is quantized (model_loader/bitsandbytes_loader.py: compress_statistics); Marlin repeats the scale of
    a block for each of its rows, in 16 bits (quantization/utils/marlin_utils_fp8.py: repeat_interleave)."""
    if form.key == "bnb-nf4" and quantized_at_load:
        return form.model_copy(update={"scale_bytes": 1 + FP32_BYTES / DOUBLE_QUANTIZED})
    return form.model_copy(update={"block_rows": 1, "scale_bytes": MARLIN_SCALE_BYTES}) if expands else form


FP32_BYTES, DOUBLE_QUANTIZED = 4, 256
"""bitsandbytes functional.py: absolute maxima are quantized to 8 bits in blocks of 256."""
MARLIN_SCALE_BYTES = 2


def _expands(deployment: Deployment) -> bool:
    """Whether Marlin computes with the blocks of this format, for want of FP8 arithmetic on the card."""
    capability, form = deployment.gpu.compute_capability, deployment.weights
    return form.key == "fp8-block" and capability is not None and capability < (form.min_compute_capability or 0)


def _draft(deployment: Deployment, own: Storage, laws: Any) -> int:
    """Weights of the draft: a model of its own, prediction layers as the checkpoint has them, else a layer more."""
    architecture = deployment.model.architecture
    if not deployment.settings.speculative_tokens or deployment.settings.drafts_looked_up:
        return 0
    if deployment.draft is not None:
        return weights.stage_weights(storage(_alone(deployment, deployment.draft)), 0, laws)
    parts = nextn_tensors(architecture) if architecture.nextn_layer is not None else _borrowed(deployment)
    return sum(weights.tensor_bytes(own, tensor, None, laws) for tensor in parts)


def _alone(deployment: Deployment, draft: Model) -> Deployment:
    """The draft as a deployment: as its checkpoint stores it, whole on the last stage, divided like the model."""
    stored = draft.quantization.weights if draft.quantization else "bf16"
    layout = replace(deployment.layout, pipeline_parallel=1)
    return deployment.change(model=draft, weights=deployment.formats[stored], layout=layout, draft=None)


def _borrowed(deployment: Deployment) -> tuple[Tensor, ...]:
    architecture = deployment.model.architecture
    return tuple(tensor for layer in draft_layers(deployment) for tensor in layer_tensors(architecture, layer))


def _adapters(deployment: Deployment, own: Storage, stage: int, laws: Any) -> int:
    """LoRA slots: A (inputs x rank) for each linear, B (rank x outputs) divided as the matrix is."""
    settings, layout = deployment.settings, deployment.layout
    features = 0
    for tensor, _ in weights.stage_tensors(own._replace(copies=False), stage):
        if tensor.group in ADAPTED:
            part = weights.on_rank(tensor, layout, laws)
            features += part.copies * (part.columns + part.rows)
    return int(
        laws.adapter_bytes(
            adapter_slots=settings.lora_slots,
            adapter_rank=settings.lora_rank,
            adapter_features=features,
            element_bytes=2,
        )
    )


ADAPTED = frozenset({"attention", "dense_mlp", "shared_experts"})
"""Groups of linears that adapters change; experts only on request."""


def expert_padding(deployment: Deployment) -> Padding:
    """What the expert kernel of this format pads."""
    architecture, key = deployment.model.architecture, deployment.weights.key
    if key == "mxfp4" and not architecture.has_mixer("compressed"):
        return MXFP4_PADDING
    ungated = any(isinstance(layer.feed_forward, Moe) and not layer.feed_forward.gated for layer in architecture.kinds)
    if ungated and key in ("fp8", "fp8-block", "nvfp4") and deployment.engine_version >= FLASHINFER_SINCE:
        return FLASHINFER_PADDING
    return Padding()
