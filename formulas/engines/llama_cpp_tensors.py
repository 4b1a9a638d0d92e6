"""The matrices of a GGUF file: those of formulas.tensors, sorted into the categories that a mixture distinguishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from catalog.types import Architecture, Attention, GatedDeltaNet, LatentAttention, Layer, Mixer
from formulas.engines.llama_cpp_mixtures import Category
from formulas.layer_tensors import MIXERS, feed_forward_tensors
from formulas.tensor import Tensor
from formulas.tensors import embedding, encoder_tensors, head

FUSED_ATTENTION = frozenset("bloom chatglm dbrx falcon gpt2 gpt_neox mpt nomic_bert phi3 phi3_v phi3small qwen".split())
"""model_type of checkpoints whose GGUF keeps queries, keys and values as one matrix (attn_qkv)."""


class Part(NamedTuple):
    """Equal matrices of one category; columns are the length of a row."""

    category: Category
    rows: int
    columns: int
    copies: int = 1


def layer_parts(architecture: Architecture, layer: Layer) -> Iterator[Part]:
    """Matrices of one layer."""
    hidden = architecture.hidden_size
    for mixer in (layer.mixer, layer.second_mixer, layer.cross_attention):
        if mixer is not None:
            parts = _mixer_parts(mixer, hidden)
            yield from _fused(parts) if architecture.model_type in FUSED_ATTENTION else parts
    if layer.feed_forward:
        for tensor in feed_forward_tensors(layer.feed_forward, hidden):
            yield _part(_channel_category(tensor), tensor)
    yield Part("plain", layer.norm_parameters, 1)
    yield Part("other", 1, layer.other_parameters)


def _mixer_parts(mixer: Mixer, hidden: int) -> Iterator[Part]:
    tensors = MIXERS[mixer.kind](mixer, hidden)
    if isinstance(mixer, Attention):
        yield from _attention_parts(tensors)
    elif isinstance(mixer, LatentAttention):
        yield from _latent_parts(mixer, tensors)
    elif isinstance(mixer, GatedDeltaNet):
        yield from _delta_parts(mixer, tensors)
    else:
        yield from (_part("other" if tensor.group else "plain", tensor) for tensor in tensors)


def _attention_parts(tensors: Iterator[Tensor]) -> Iterator[Part]:
    """Queries, keys, values and output in this order; values are missing where keys serve as values."""
    keys = False
    for tensor in tensors:
        if tensor.shard == "kv_rows":
            yield _part("attn_v" if keys else "attn_k", tensor)
            keys = True
        else:
            yield _part({"rows": "attn_q", "columns": "attn_output"}.get(tensor.shard, "plain"), tensor)  # type: ignore[arg-type]


def _fused(parts: Iterator[Part]) -> Iterator[Part]:
    """Queries, keys and values as one matrix, which counts as values."""
    for part in parts:
        fused = part.category in ("attn_q", "attn_k", "attn_v")
        yield part._replace(category="attn_v") if fused else part


def _latent_parts(mixer: LatentAttention, tensors: Iterator[Tensor]) -> Iterator[Part]:
    """The joint up-projection is stored as one matrix for keys, transposed, and one for values (attn_k_b, attn_v_b)."""
    heads, rank = mixer.num_attention_heads, mixer.kv_lora_rank
    joint = heads * (mixer.qk_nope_head_dim + mixer.v_head_dim)
    for tensor in tensors:
        if tensor.shard == "rows" and (tensor.rows, tensor.columns) == (joint, rank):
            yield Part("other", rank, mixer.qk_nope_head_dim, heads)
            yield Part("other", mixer.v_head_dim, rank, heads)
        elif tensor.shard == "columns":
            yield _part("attn_output", tensor)
        else:
            yield _part("plain" if tensor.role == "norm" else "other", tensor)


def _delta_parts(mixer: GatedDeltaNet, tensors: Iterator[Tensor]) -> Iterator[Part]:
    """Queries, keys and values as one matrix that counts as values, the gate apart; time steps are quantized too."""
    values = mixer.linear_num_value_heads * mixer.linear_value_head_dim
    first = next(tensors)
    yield Part("attn_v", first.rows - values, first.columns)
    yield Part("other", values, first.columns)
    for tensor in tensors:
        convolution = tensor.columns == mixer.linear_conv_kernel_dim
        yield _part("plain" if tensor.role == "norm" or convolution else "other", tensor)


def _channel_category(tensor: Tensor) -> Category:
    if not tensor.group or tensor.columns == 1:
        return "plain"
    if tensor.role == "other":
        return "other"
    if tensor.role == "experts":
        return "experts_down" if tensor.inner == "columns" else "experts_up"
    return "ffn_down" if tensor.shard == "columns" else "ffn_up"


def _part(category: Category, tensor: Tensor) -> Part:
    return Part(category, tensor.rows, tensor.columns, tensor.copies)


def output_parts(architecture: Architecture) -> Iterator[Part]:
    """Output head and last norm; a tied embedding is loaded a second time as head."""
    if architecture.lm_head:
        tensor = embedding(architecture) if architecture.tie_word_embeddings else head(architecture)
        yield _part("output", tensor)
    yield Part("plain", architecture.final_parameters, 1)


def host_parts(architecture: Architecture) -> Iterator[Part]:
    """What stays in host memory: token embedding, per-layer embeddings, positions."""
    yield _part("embedding", embedding(architecture))
    for table in architecture.tables:
        per_layer = table.name.startswith("per_layer")
        yield Part("embedding" if per_layer else "plain", table.rows, table.columns)


def extra_parts(architecture: Architecture) -> Iterator[Part]:
    """Encoder of an encoder-decoder model, and vision and audio towers (a file of their own, mmproj)."""
    if architecture.encoder:
        for tensor in encoder_tensors(architecture.encoder, architecture.hidden_size):
            yield _part("other" if tensor.group else "plain", tensor)
    yield from tower_parts(architecture)


def tower_parts(architecture: Architecture) -> Iterator[Part]:
    """Vision and audio towers."""
    yield from (Part("tower", 1, tower.parameters) for tower in architecture.towers)
