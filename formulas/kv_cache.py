"""What each layer keeps of a sequence: bytes per token, or a fixed state; the engines arrange these in pools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from catalog.types import Attention, LatentAttention, Layer, Mixer, NumberFormat
from formulas.state import Held, state_bytes

FP8_BITS = 8.0
INDEX_SCALE_GROUP = 128
"""Index keys share one fp32 scale per 128 numbers: vLLM DeepseekV32IndexerCache."""

Kind = Literal["full", "window", "chunk", "cross", "state"]


@dataclass(frozen=True, slots=True)
class LayerCache:
    """What `count` equal layers keep on one GPU."""

    kind: Kind
    size: int
    """Bytes per token of one layer; for a state, bytes per sequence."""
    span: int
    """Window, chunk or encoder length in tokens; 0 where the whole sequence is kept."""
    count: int


class Cached(NamedTuple):
    """How cached numbers and states are stored on each GPU."""

    format: NumberFormat
    held: Held
    packs_latent: bool = False
    """Whether an fp8 cache of latent attention takes the packed layout of sparse attention (fp8_ds_mla)."""
    plain_index: bool = False
    """Whether index keys are stored like the cache itself, not as fp8 with scales."""

    @property
    def tensor_parallel(self) -> int:
        return self.held.tensor_parallel


def element_bits(form: NumberFormat) -> float:
    """Bits of one cached number, block scales included. Raises ValueError for a format that no cache uses."""
    if form.cache_bits is None:
        raise ValueError(f"{form.key} is not a KV cache format")
    return form.cache_bits


def layer_caches(
    layers: Iterable[tuple[Layer, int]], cached: Cached, laws: Any, *, encoder_positions: int = 0
) -> list[LayerCache]:
    """One entry per kind of cache among these (layer, count) pairs; layers that keep nothing give none."""
    found: list[LayerCache] = []
    for layer, count in layers:
        for mixer in (layer.mixer, layer.second_mixer):
            found.extend(replace(entry, count=count) for entry in _of_mixer(mixer, cached, laws))
        if layer.cross_attention is not None:
            size = attention_token_bytes(layer.cross_attention, cached, laws)
            found.append(LayerCache("cross", size, encoder_positions, count))
    return found


def held_bytes(caches: Iterable[LayerCache], sequence_tokens: int, laws: Any) -> int:
    """Bytes that one sequence keeps in steady state on one GPU, whatever an engine reserves."""
    return sum(cache.count * _held(cache, sequence_tokens, laws) for cache in caches)


def _held(cache: LayerCache, sequence_tokens: int, laws: Any) -> int:
    match cache.kind:
        case "state":
            return cache.size
        case "cross":
            return cache.size * cache.span
        case "window" | "chunk":
            return cache.size * int(laws.window_tokens(sliding_window=cache.span, sequence_tokens=sequence_tokens))
    return cache.size * sequence_tokens


def attention_token_bytes(mixer: Attention, cached: Cached, laws: Any) -> int:
    """Bytes of one token in one softmax-attention layer on one GPU."""
    heads = laws.local_kv_heads(num_key_value_heads=mixer.num_key_value_heads, tensor_parallel=cached.tensor_parallel)
    return int(
        laws.attention_token_bytes(
            local_kv_heads=heads,
            head_dim=mixer.head_dim,
            value_head_dim=mixer.v_head_dim or mixer.head_dim,
            element_bits=element_bits(cached.format),
            head_scale_bytes=int(2 * cached.format.cache_head_bytes),
        )
    )


def latent_token_bytes(mixer: LatentAttention, cached: Cached, laws: Any) -> int:
    """Bytes of one token in one MLA layer; sparse attention has a layout of its own in fp8, in every layer."""
    if cached.packs_latent and element_bits(cached.format) == FP8_BITS:
        return int(
            laws.sparse_latent_token_bytes(kv_lora_rank=mixer.kv_lora_rank, qk_rope_head_dim=mixer.qk_rope_head_dim)
        )
    return int(
        laws.latent_token_bytes(
            kv_lora_rank=mixer.kv_lora_rank,
            qk_rope_head_dim=mixer.qk_rope_head_dim,
            element_bits=element_bits(cached.format),
        )
    )


def plain_bytes(width: int, cached: Cached) -> int:
    """Bytes of so many cached numbers."""
    return -int(-width * element_bits(cached.format) // 8)


def indexer_token_bytes(index_head_dim: int, laws: Any) -> int:
    """Bytes of one token's index key in one layer."""
    return int(laws.indexer_token_bytes(index_head_dim=index_head_dim, index_scale_group=INDEX_SCALE_GROUP))


def _of_mixer(mixer: Mixer | None, cached: Cached, laws: Any) -> Iterator[LayerCache]:
    if isinstance(mixer, Attention):
        if not mixer.shares_cache:
            kind, span = _reach(mixer)
            yield LayerCache(kind, attention_token_bytes(mixer, cached, laws), span, 1)
    elif isinstance(mixer, LatentAttention):
        yield LayerCache("full", latent_token_bytes(mixer, cached, laws), 0, 1)
        if mixer.indexer:
            width = mixer.indexer.index_head_dim
            size = plain_bytes(width, cached) if cached.plain_index else indexer_token_bytes(width, laws)
            yield LayerCache("full", size, 0, 1)
    elif mixer is not None:
        yield LayerCache("state", state_bytes(mixer, cached.held, laws), 0, 1)


def _reach(mixer: Attention) -> tuple[Kind, int]:
    if mixer.sliding_window:
        return "window", mixer.sliding_window
    if mixer.attention_chunk_size:
        return "chunk", mixer.attention_chunk_size
    return "full", 0
