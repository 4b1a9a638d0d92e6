"""What one sequence keeps on one GPU by its length, whatever pool an engine takes it from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from catalog.types import CompressedAttention, LatentAttention, Layer
from formulas.deployment import Deployment
from formulas.kv_cache import Cached, LayerCache, element_bits, layer_caches
from formulas.state import Held

Kept = Callable[[LayerCache, int], int]
"""Tokens that a layer keeps of a sequence of so many."""


def caches(
    deployment: Deployment, layers: Iterable[tuple[Layer, int]], laws: Any, *, plain_index: bool = False
) -> list[LayerCache]:
    """What these layers keep; nothing for encoders. plain_index: index keys are stored like the cache itself."""
    architecture = deployment.model.architecture
    if architecture.role == "encoder":
        return []
    held = Held(deployment.layout.tensor_parallel, 2, 0, architecture.hidden_size)
    cached = Cached(deployment.kv_cache, held, plain_index=plain_index)
    positions = architecture.encoder.positions or 0 if architecture.encoder else 0
    plain = [pair for pair in layers if not isinstance(pair[0].mixer, CompressedAttention)]
    found = layer_caches(plain, cached, laws, encoder_positions=positions)
    return found + [entry for layer, count in layers for entry in _compressed(layer, count, cached)]


def _compressed(layer: Layer, count: int, cached: Cached) -> list[LayerCache]:
    """DeepSeek-V4: the window, and compressed keys and index keys spread over the tokens that share one."""
    mixer = layer.mixer
    if not isinstance(mixer, CompressedAttention):
        return []
    byte_width = element_bits(cached.format) / 8
    found = [LayerCache("window", round(mixer.head_dim * byte_width), mixer.sliding_window, count)]
    if mixer.compress_ratio:
        index = mixer.indexer.index_head_dim if mixer.indexer else 0
        found.append(LayerCache("full", -int(-(mixer.head_dim + index) * byte_width // mixer.compress_ratio), 0, count))
    return found


def decompressed(deployment: Deployment, mixer: LatentAttention, laws: Any, *, key_width: int, value_width: int) -> int:
    """Bytes of a token in one layer where latent attention is cached as keys and values of every head."""
    heads = laws.local_kv_heads(
        num_key_value_heads=mixer.num_attention_heads, tensor_parallel=deployment.layout.tensor_parallel
    )
    return int(
        laws.attention_token_bytes(
            local_kv_heads=heads,
            head_dim=key_width,
            value_head_dim=value_width,
            element_bits=element_bits(deployment.kv_cache),
            head_scale_bytes=0,
        )
    )


def sequence_bytes(entries: Iterable[LayerCache], sequence_tokens: int, kept: Kept) -> int:
    """Bytes that one sequence keeps in all these layers."""
    return sum(entry.size * entry.count * _units(entry, sequence_tokens, kept) for entry in entries)


def _units(entry: LayerCache, sequence_tokens: int, kept: Kept) -> int:
    if entry.kind == "state":
        return 1
    return entry.span if entry.kind == "cross" else kept(entry, sequence_tokens)


def pages(tokens: int, page: int) -> int:
    """Tokens rounded up to whole pages."""
    return page * -(-tokens // page)
