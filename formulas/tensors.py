"""Every weight matrix of a model, enumerated once.

Weight bytes in any format, under any parallelism, and the parameter count all follow from this one list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from catalog.types import Architecture, Attention, Encoder, LatentAttention, Layer, Moe
from formulas.layer_tensors import MIXERS, attention_tensors, feed_forward_tensors, vector
from formulas.tensor import Shard, Tensor

__all__ = [
    "Outside",
    "Tensor",
    "active_parameters",
    "checkpoint_parameters",
    "engine_copies",
    "holds_embedding_twice",
    "layer_tensors",
    "nextn_tensors",
    "outside_tensors",
    "parameter_count",
    "tensors",
]

PER_LAYER_EMBEDDING = "per_layer_embedding"
"""A table by token, divided over the GPUs like the embedding: vLLM model_executor/models/gemma4.py
embed_tokens_per_layer. Tables by position are whole on every GPU."""

CACHED_ARCHITECTURES = 4096
"""Tensor lists kept: more than the catalog has rows."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Weights outside the layers, by the pipeline stage that holds them."""

    first: tuple[Tensor, ...]
    last: tuple[Tensor, ...]


@lru_cache(maxsize=CACHED_ARCHITECTURES)
def _layer_tensors(layer: Layer, hidden: int) -> tuple[Tensor, ...]:
    found: list[Tensor] = []
    for mixer in (layer.mixer, layer.second_mixer):
        if mixer is not None:
            found += MIXERS[mixer.kind](mixer, hidden)
    if layer.cross_attention:
        found += attention_tensors(layer.cross_attention, hidden, role="cross_attention")
    if layer.feed_forward:
        found += feed_forward_tensors(layer.feed_forward, hidden)
    found += vector(layer.norm_parameters)
    if layer.other_parameters:
        found.append(Tensor("other", layer.other_parameters, 1))
    return tuple(found)


def engine_copies(architecture: Architecture, layer: Layer) -> tuple[Tensor, ...]:
    """Matrices that vLLM holds beside the checkpoint's: the values where keys serve as values, and the absorbed
    up-projections of latent attention, which stay in the model's dtype."""
    mixer, hidden = layer.mixer, architecture.hidden_size
    if isinstance(mixer, Attention) and mixer.key_is_value:
        groups, width = mixer.num_key_value_heads, mixer.v_head_dim or mixer.head_dim
        return (Tensor("attention", groups * width, hidden, shard="kv_rows", group="attention", kv_heads=groups),)
    if isinstance(mixer, LatentAttention):
        rows = mixer.num_attention_heads * (mixer.qk_nope_head_dim + mixer.v_head_dim)
        return (Tensor("attention", rows, mixer.kv_lora_rank, shard="rows"),)
    return ()


def layer_tensors(architecture: Architecture, layer: Layer) -> tuple[Tensor, ...]:
    """Weights of one layer of this kind."""
    return _layer_tensors(layer, architecture.hidden_size)


def encoder_tensors(encoder: Encoder, hidden: int) -> Iterator[Tensor]:
    """All layers of the encoder and what stands around them; never quantized apart from the decoder's recipe."""
    for index, layer in enumerate(encoder.kinds):
        copies = encoder.order.count(index)
        for tensor in _layer_tensors(layer, hidden):
            yield replace(tensor, role="encoder", copies=tensor.copies * copies)
    if encoder.other_parameters:
        yield Tensor("encoder", encoder.other_parameters, 1)


def embedding(architecture: Architecture) -> Tensor:
    width = architecture.embedding_size or architecture.hidden_size
    return Tensor("embedding", architecture.vocab_size, width, shard="vocab")


def head(architecture: Architecture) -> Tensor:
    width = architecture.embedding_size or architecture.hidden_size
    return Tensor("lm_head", architecture.vocab_size, width, shard="vocab", group="lm_head")


def _first(architecture: Architecture) -> Iterator[Tensor]:
    yield embedding(architecture)
    for table in architecture.tables:
        shard: Shard = "vocab" if table.name == PER_LAYER_EMBEDDING else "replicated"
        yield Tensor("table", table.rows, table.columns, shard=shard)
    for tower in architecture.towers:
        yield Tensor("tower", tower.parameters, 1, shard="rows" if tower.shards else "replicated")
    if architecture.encoder:
        yield from encoder_tensors(architecture.encoder, architecture.hidden_size)


def _last(architecture: Architecture) -> Iterator[Tensor]:
    if architecture.lm_head and not architecture.tie_word_embeddings:
        yield head(architecture)
    if architecture.lm_head and architecture.lm_head_bias:
        yield from vector(architecture.vocab_size)
    yield from vector(architecture.final_parameters)


@lru_cache(maxsize=CACHED_ARCHITECTURES)
def outside_tensors(architecture: Architecture) -> Outside:
    """Weights outside the layers. A tied embedding is listed once, as first: a separate last stage holds it too."""
    return Outside(first=tuple(_first(architecture)), last=tuple(_last(architecture)))


def holds_embedding_twice(architecture: Architecture, *, pipeline_parallel: int) -> bool:
    """Whether the last pipeline stage needs its own copy of the tied embedding."""
    return pipeline_parallel > 1 and architecture.lm_head and architecture.tie_word_embeddings


@lru_cache(maxsize=CACHED_ARCHITECTURES)
def tensors(architecture: Architecture) -> tuple[Tensor, ...]:
    """Every weight that is loaded to serve the model; prediction layers are apart (nextn_tensors)."""
    outside = outside_tensors(architecture)
    inside = [
        tensor.times(count) for layer, count in architecture.counts for tensor in layer_tensors(architecture, layer)
    ]
    return (*outside.first, *inside, *outside.last)


@lru_cache(maxsize=CACHED_ARCHITECTURES)
def nextn_tensors(architecture: Architecture) -> tuple[Tensor, ...]:
    """Weights of the multi-token-prediction layers: in the checkpoint, loaded only for speculation."""
    if architecture.nextn_layer is None:
        return ()
    block = layer_tensors(architecture, architecture.nextn_layer)
    extras = Tensor("other", architecture.nextn_extras, 1)
    return tuple(tensor.times(architecture.num_nextn_predict_layers) for tensor in (*block, extras))


def _total(parts: Iterable[Tensor]) -> int:
    return sum(tensor.count for tensor in parts)


@lru_cache(maxsize=CACHED_ARCHITECTURES)
def parameter_count(architecture: Architecture) -> int:
    """Parameters loaded to serve the model, towers included, prediction layers not."""
    return _total(tensors(architecture))


@lru_cache(maxsize=CACHED_ARCHITECTURES)
def checkpoint_parameters(architecture: Architecture) -> int:
    """Parameters of the published checkpoint: prediction layers included."""
    return parameter_count(architecture) + _total(nextn_tensors(architecture))


def active_parameters(architecture: Architecture) -> int:
    """Parameters read for one token: of the routed experts only those that it is sent to."""
    idle = sum(
        tensor.count // block.num_experts * (block.num_experts - block.num_experts_per_tok) * count
        for layer, count in architecture.counts
        if isinstance(block := layer.feed_forward, Moe)
        for tensor in layer_tensors(architecture, layer)
        if tensor.role == "experts"
    )
    towers = sum(tower.parameters for tower in architecture.towers)
    return parameter_count(architecture) - idle - towers
