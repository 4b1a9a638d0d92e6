"""Tables and buffers that vLLM allocates with the weights: rotary tables, image features, chosen positions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.types import Architecture, Attention, CompressedAttention, LatentAttention, Mixer, Moe
from formulas.deployment import Deployment, version
from formulas.units import MIB

SECTIONED = frozenset({"qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "glm4v_moe"})
"""Models with sectioned positions (mrope_section in their config)."""
SECTIONED_TIMES = 4
"""Their tables cover four times max_position_embeddings: rotary_embedding/mrope.py cache_max_position_num."""

WITHOUT_ROTARY = frozenset(
    {"gpt2", "opt", "bloom", "mpt", "bart", "whisper", "bert", "roberta", "xlm-roberta", "t5", "jamba", "nemotron_h",
     "kimi_linear", "kimi_k3"}
)  # fmt: skip
ROTATED_SHARE = {
    "chatglm": 0.5,
    "glm": 0.5,
    "glm4": 0.5,
    "glm4_moe": 0.5,
    "glm4v_moe": 0.5,
    "gptj": 0.25,
    "mimo_v2_flash": 0.334,
    "minimax_m2": 0.5,
    "minimax_m3_vl": 0.5,
    "nemotron": 0.5,
    "phi": 0.4,
    "qwen3_5": 0.25,
    "qwen3_5_moe": 0.25,
    "qwen3_next": 0.25,
    "stablelm": 0.25,
}
"""partial_rotary_factor (rotary_dim / head_dim) of the models that rotate a part of a head, from their configs."""
TABLE_PER_REACH = frozenset({"gemma3", "gemma3_text", "gemma4", "mimo_v2_flash", "olmo3", "step3p5", "step3p7"})
"""Models whose windowed layers have a rotary base of their own, so a table of their own."""

DEEPSTACK = frozenset({"qwen3_vl", "qwen3_vl_moe"})
DEEPSTACK_LEVELS = 3
"""deepstack_visual_indexes of every Qwen3-VL checkpoint."""

INDEX_TOPK = 2048
"""index_topk of DeepSeek-V3.2 and GLM-5."""
COMPRESSED_TOPK = 1024
"""index_topk of DeepSeek-V4-Pro; 512 for Flash."""
HYPER_STREAMS = 4
"""hc_mult of DeepSeek-V4: residual streams, kept for the draft in a buffer of one step (models/deepseek_v4)."""

LATENT_WORKSPACE = 128 * MIB
LATENT_WORKSPACE_SINCE, LATENT_WORKSPACE_LAZY = version("0.11.1"), version("0.27.0")
"""Between these releases importing v1/attention/backends/mla/flashinfer_mla.py allocates this; 0.11.0 does not import
it where another kernel is chosen, 0.27.1 allocates on first use."""

WIDE_ROUTERS = frozenset({"minimax_m2", "glm4_moe", "glm4v_moe", "ernie4_5_moe", "step3p5", "step3p7"})
"""Models whose router vLLM keeps in fp32: params_dtype of the gate in models/minimax_m2.py, glm4_moe.py and others."""

ELEMENT = 2
WIDE_ELEMENT = 4
"""fp32, for the two tables of DeepSeek-V4 (plain and compressed positions): deepseek_scaling_rope.py."""


def loaded_tables(deployment: Deployment, max_batched_tokens: int, laws: Any) -> int:
    """Bytes beside the weights on every GPU; a step of so many tokens sizes the buffers."""
    architecture = deployment.model.architecture
    total = sum(_rotary(architecture, laws)) + _latent_workspace(deployment) + _wider_routers(architecture)
    streams = _buffered_streams(deployment)
    if streams:
        total += int(
            laws.step_buffer_bytes(
                buffered_streams=streams,
                max_batched_tokens=max_batched_tokens,
                hidden_size=architecture.hidden_size,
                element_bytes=ELEMENT,
            )
        )
    chosen = _chosen_positions(architecture)
    if chosen:
        total += int(laws.index_buffer_bytes(max_batched_tokens=max_batched_tokens, index_topk=chosen))
    return total


def _wider_routers(architecture: Architecture) -> int:
    """What routers in fp32 take beyond 16 bits."""
    if architecture.model_type not in WIDE_ROUTERS:
        return 0
    experts = sum(
        count * layer.feed_forward.num_experts
        for layer, count in architecture.counts
        if isinstance(layer.feed_forward, Moe)
    )
    return (WIDE_ELEMENT - ELEMENT) * experts * architecture.hidden_size


def _buffered_streams(deployment: Deployment) -> int:
    architecture = deployment.model.architecture
    if architecture.has_mixer("compressed"):
        return HYPER_STREAMS
    pictures = architecture.towers and not deployment.settings.language_model_only
    return DEEPSTACK_LEVELS if pictures and architecture.model_type in DEEPSTACK else 0


def _chosen_positions(architecture: Architecture) -> int:
    """Tokens that sparse attention keeps for one query; 0 where attention is not sparse."""
    if architecture.has_mixer("compressed"):
        return COMPRESSED_TOPK
    return INDEX_TOPK if architecture.has_index else 0


def _latent_workspace(deployment: Deployment) -> int:
    release, nvidia = deployment.engine_version, deployment.gpu.vendor == "NVIDIA"
    there = LATENT_WORKSPACE_SINCE <= release < LATENT_WORKSPACE_LAZY
    return LATENT_WORKSPACE if nvidia and there and deployment.model.architecture.has_mixer("mla") else 0


def _rotary(architecture: Architecture, laws: Any) -> Iterator[int]:
    positions = architecture.max_position_embeddings
    if positions is None or architecture.model_type in WITHOUT_ROTARY:
        return
    if architecture.model_type in SECTIONED:
        positions *= SECTIONED_TIMES
    element = WIDE_ELEMENT if architecture.has_mixer("compressed") else ELEMENT
    for width, _ in dict.fromkeys(_rotations(architecture)):
        yield int(laws.rotary_bytes(rotary_positions=positions, rotary_width=width, element_bytes=element))


def _rotations(architecture: Architecture) -> Iterator[tuple[int, bool]]:
    """(width, whether windowed) of every table."""
    share = ROTATED_SHARE.get(architecture.model_type, 1.0)
    for layer in architecture.kinds:
        for mixer in (layer.mixer, layer.second_mixer):
            width = _rotated_width(mixer)
            if width:
                yield round(share * width), _own_base(mixer, architecture.model_type)


def _own_base(mixer: Mixer | None, model_type: str) -> bool:
    if isinstance(mixer, CompressedAttention):
        return mixer.compress_ratio > 1
    return isinstance(mixer, Attention) and mixer.sliding_window is not None and model_type in TABLE_PER_REACH


def _rotated_width(mixer: Mixer | None) -> int:
    if isinstance(mixer, Attention):
        return mixer.head_dim
    return mixer.qk_rope_head_dim if isinstance(mixer, LatentAttention | CompressedAttention) else 0
