"""llama.cpp's compute buffer on one GPU: activations of one micro batch, in fp32."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from catalog.types import (
    Attention,
    CompressedAttention,
    GatedDeltaNet,
    KimiDeltaAttention,
    LatentAttention,
    Layer,
    Mamba1,
    Mamba2,
    Mixer,
    Mlp,
    Moe,
)
from formulas.deployment import Deployment
from formulas.engines import llama_cpp_versions as builds
from formulas.engines.llama_cpp_cache import Slots

STATE_STREAMS = 3
"""Projection, convolution output and scan of a state layer live together."""
PIPELINE_STREAMS = 2
"""Residual streams on a GPU among several: its own and the one handed over; exact on a two-GPU log of Command-R."""
FP16_BYTES = 2
SIXTEEN_BITS = 16


class Card(NamedTuple):
    """What one GPU computes."""

    layers: tuple[Layer, ...]
    """The kinds of layers that it holds."""
    head: bool
    """Whether it holds the output head."""
    several: bool
    """Whether other GPUs hold the rest."""


def compute_buffer(deployment: Deployment, card: Card, slots: Slots, laws: Any) -> int:
    """Bytes of the buffer for this context and number of slots."""
    architecture = deployment.model.architecture
    cells = int(laws.llama_cells(sequence_tokens=slots.tokens))
    layers = _layer_graph(deployment, card, slots, cells, laws)
    head = 0
    if card.head and architecture.lm_head:
        few = builds.FEW_OUTPUTS.at(deployment.engine_version)
        head = laws.llama_output_graph_bytes(
            outputs=max(1, slots.number) if few else slots.micro_batch,
            vocab_size=architecture.vocab_size,
            micro_batch=slots.micro_batch,
            hidden_size=architecture.hidden_size,
        )
    staging = _staging(deployment, card.layers, cells)
    return int(laws.llama_compute_bytes(compute_graph_bytes=layers, output_graph_bytes=head, staging_bytes=staging))


def _layer_graph(deployment: Deployment, card: Card, slots: Slots, cells: int, laws: Any) -> int:
    hidden = deployment.model.architecture.hidden_size
    flash = builds.FLASH_ATTENTION.at(deployment.engine_version)
    copies, streams = (builds.PIPELINE_COPIES, PIPELINE_STREAMS) if card.several else (1, 1)
    heads = max((_heads(layer.mixer) for layer in card.layers), default=0)
    mask = {"graph_copies": copies, "micro_batch": slots.micro_batch, "cells": cells if heads else 0}
    first, kept = (builds.MASK_BYTES.at(deployment.engine_version), FP16_BYTES) if flash else (4, 4)
    scores = (
        0 if flash else laws.llama_score_bytes(num_attention_heads=heads, micro_batch=slots.micro_batch, cells=cells)
    )
    return int(
        laws.llama_layer_graph_bytes(
            mask_size=laws.llama_mask_bytes(mask_bytes=first, **mask),
            kept_mask_size=laws.llama_mask_bytes(mask_bytes=kept, **mask),
            score_size=scores,
            micro_batch=slots.micro_batch,
            attention_width=streams * hidden + _widest(_attention_width(layer.mixer) for layer in card.layers),
            feed_width=streams * hidden + _widest(_feed_width(layer, hidden) for layer in card.layers),
        )
    )


def _widest(widths: Iterable[int]) -> int:
    return max(widths, default=0)


def _heads(mixer: Mixer | None) -> int:
    return mixer.num_attention_heads if isinstance(mixer, Attention | LatentAttention | CompressedAttention) else 0


def _attention_width(mixer: Mixer | None) -> int:
    """Queries, keys and values twice: as projected, and rotated."""
    if isinstance(mixer, Attention):
        queries = mixer.num_attention_heads * mixer.head_dim * (2 if mixer.output_gate else 1)
        return 2 * (queries + mixer.num_key_value_heads * (mixer.head_dim + (mixer.v_head_dim or mixer.head_dim)))
    if isinstance(mixer, LatentAttention):
        return 2 * mixer.num_attention_heads * (mixer.kv_lora_rank + mixer.qk_rope_head_dim)
    if isinstance(mixer, CompressedAttention):
        return 2 * (mixer.num_attention_heads * mixer.head_dim + mixer.head_dim)
    return 0


def _feed_width(layer: Layer, hidden: int) -> int:
    block = layer.feed_forward
    width = _state_width(layer.mixer)
    if isinstance(block, Mlp):
        width = max(width, hidden + (2 if block.gated else 1) * block.intermediate_size)
    elif isinstance(block, Moe):
        each = (2 if block.gated else 1) * block.moe_intermediate_size + (block.latent_size or hidden)
        width = max(width, hidden + block.num_experts_per_tok * each)
    return width


def _state_width(mixer: Mixer | None) -> int:
    if isinstance(mixer, GatedDeltaNet):
        keys = mixer.linear_num_key_heads * mixer.linear_key_head_dim
        return STATE_STREAMS * (2 * keys + 2 * mixer.linear_num_value_heads * mixer.linear_value_head_dim)
    if isinstance(mixer, KimiDeltaAttention):
        return STATE_STREAMS * 3 * mixer.num_heads * mixer.head_dim
    if isinstance(mixer, Mamba2):
        return STATE_STREAMS * (2 * mixer.num_heads * mixer.head_dim + 2 * mixer.n_groups * mixer.state_size)
    return STATE_STREAMS * 2 * mixer.inner_size if isinstance(mixer, Mamba1) else 0


def _staging(deployment: Deployment, layers: tuple[Layer, ...], cells: int) -> int:
    """16-bit copy of one layer's quantized cache, which flash attention makes while it reads it."""
    form = deployment.kv_cache
    if (form.cache_bits or SIXTEEN_BITS) >= SIXTEEN_BITS or not builds.FLASH_ATTENTION.at(deployment.engine_version):
        return 0
    widths = (
        m.num_key_value_heads * (m.head_dim + (m.v_head_dim or m.head_dim))
        for m in (layer.mixer for layer in layers)
        if isinstance(m, Attention) and not m.sliding_window
    )
    return FP16_BYTES * cells * _widest(widths)
