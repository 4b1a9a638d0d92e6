"""llama.cpp's cache: every layer's cells for every slot, allocated whole when the server starts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from catalog.types import Architecture, Attention, CompressedAttention, LatentAttention, Layer, Mixer, NumberFormat
from formulas.kv_cache import element_bits
from formulas.state import FP32_BYTES, Held, state_bytes


class Formats(NamedTuple):
    """How cached keys and values are stored."""

    keys: NumberFormat
    values: NumberFormat


class Kept(NamedTuple):
    """What one layer keeps."""

    kind: Literal["full", "window", "compressed", "cross", "state"]
    size: int
    """Bytes per cell; for a state, bytes per slot."""
    span: int = 0
    """Window in tokens, tokens per compressed key, or encoder positions."""


def layer_keeps(
    architecture: Architecture, formats: Formats, laws: Any, *, windows: bool = True
) -> list[tuple[Kept, ...]]:
    """What each layer of the model keeps, in order. States are fp32, convolution included.

    windows: False where windowed layers keep the whole context (--swa-full).
    """
    held = Held(1, FP32_BYTES, 0, architecture.hidden_size)
    positions = architecture.encoder.positions or 0 if architecture.encoder else 0
    kinds = [tuple(_of_layer(layer, formats, held, positions, laws)) for layer in architecture.kinds]
    if windows and reads_windows(architecture):
        return [kinds[kind] for kind in architecture.order]
    whole = [
        tuple(kept._replace(kind="full", span=0) if kept.kind == "window" else kept for kept in kind) for kind in kinds
    ]
    return [whole[kind] for kind in architecture.order]


def reads_windows(architecture: Architecture) -> bool:
    """Whether windows count: not where every layer has one (Mistral v0.1, Phi-3, StarCoder2).

    Source: llama.cpp src/models: a pattern is set only where windowed and full layers mix; phi3.cpp drops it.
    """
    attention = [layer.mixer for layer in architecture.kinds if isinstance(layer.mixer, Attention)]
    return not all(mixer.sliding_window for mixer in attention)


def _of_layer(layer: Layer, formats: Formats, held: Held, positions: int, laws: Any) -> Iterator[Kept]:
    for mixer in (layer.mixer, layer.second_mixer):
        if mixer is not None:
            yield from _of_mixer(mixer, formats, held, laws)
    if layer.cross_attention:
        yield Kept("cross", _both(layer.cross_attention, formats, laws), positions)


def _of_mixer(mixer: Mixer, formats: Formats, held: Held, laws: Any) -> Iterator[Kept]:
    if isinstance(mixer, Attention):
        span = mixer.sliding_window or mixer.attention_chunk_size or 0
        if not mixer.shares_cache:
            yield Kept("window" if span else "full", _both(mixer, formats, laws), span)
    elif isinstance(mixer, LatentAttention):
        bits = element_bits(formats.keys)
        rank, rope = mixer.kv_lora_rank, mixer.qk_rope_head_dim
        yield Kept("full", int(laws.latent_token_bytes(kv_lora_rank=rank, qk_rope_head_dim=rope, element_bits=bits)))
        if mixer.indexer:
            yield Kept("full", _vectors(1, mixer.indexer.index_head_dim, formats.keys, laws))
    elif isinstance(mixer, CompressedAttention):
        yield from _compressed(mixer, formats, laws)
    else:
        yield Kept("state", state_bytes(mixer, held, laws))


def _compressed(mixer: CompressedAttention, formats: Formats, laws: Any) -> Iterator[Kept]:
    key = _vectors(1, mixer.head_dim, formats.keys, laws)
    yield Kept("window", key, mixer.sliding_window)
    if mixer.compress_ratio:
        yield Kept("compressed", key, mixer.compress_ratio)
        if mixer.indexer:
            index = _vectors(1, mixer.indexer.index_head_dim, formats.keys, laws)
            yield Kept("compressed", index, mixer.compress_ratio)


def _both(mixer: Attention, formats: Formats, laws: Any) -> int:
    """Bytes of the keys and values of one cell."""
    heads = mixer.num_key_value_heads
    keys = _vectors(heads, mixer.head_dim, formats.keys, laws)
    return keys + _vectors(heads, mixer.v_head_dim or mixer.head_dim, formats.values, laws)


def _vectors(heads: int, width: int, form: NumberFormat, laws: Any) -> int:
    """Bytes of one vector a head."""
    return int(
        laws.attention_token_bytes(
            local_kv_heads=heads,
            head_dim=width,
            value_head_dim=0,
            element_bits=element_bits(form),
            head_scale_bytes=0,
        )
    )


@lru_cache(maxsize=1024)
def distinct(keeps: tuple[tuple[Kept, ...], ...]) -> tuple[tuple[Kept, int], ...]:
    """Every different cache among these layers with how many there are."""
    counts: dict[Kept, int] = {}
    for layer in keeps:
        for kept in layer:
            counts[kept] = counts.get(kept, 0) + 1
    return tuple(counts.items())


class Slots(NamedTuple):
    """How the server divides its context."""

    number: int
    tokens: int
    """Context of one slot."""
    micro_batch: int
    """n_ubatch; never more than the whole context."""
    unified: bool = False
    """One stream that all slots share (--kv-unified): tokens is then the whole context."""

    @classmethod
    def of(cls, number: int, tokens: int, micro_batch: int, laws: Any, *, unified: bool = False) -> Slots:
        """Slots with the micro batch cut at the context."""
        context = int(laws.llama_cells(sequence_tokens=tokens)) * (1 if unified else number)
        return cls(number, tokens, min(micro_batch, context), unified)


def cache_bytes(keeps: tuple[tuple[Kept, ...], ...], slots: Slots, laws: Any) -> int:
    """Bytes that these layers allocate."""
    return sum(count * _layer_bytes(kept, slots, laws) for kept, count in distinct(keeps))


def _layer_bytes(kept: Kept, slots: Slots, laws: Any) -> int:
    streams = 1 if slots.unified and kept.kind != "state" else slots.number
    return int(
        laws.llama_layer_cache_bytes(batch=streams, stored_cells=_stored(kept, slots, laws), token_bytes=kept.size)
    )


def _stored(kept: Kept, slots: Slots, laws: Any) -> int:
    cells = int(laws.llama_cells(sequence_tokens=slots.tokens))
    match kept.kind:
        case "state":
            return 1
        case "cross":
            return kept.span
        case "window":
            span = kept.span * (slots.number if slots.unified else 1)
            return int(laws.llama_window_cells(cells=cells, sliding_window=span, micro_batch=slots.micro_batch))
        case "compressed":
            return int(laws.llama_compressed_cells(cells=cells, compress_ratio=kept.span))
    return cells
