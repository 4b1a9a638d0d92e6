"""DeepSeek-V4 in vLLM: compressed keys of two ratios, a short window and compressor states share one pool.

Source: vLLM v1/core/kv_cache_utils.py in 0.20.2 to 0.29.0, and v1/core/kv_cache_planning.py in 0.33.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalog.types import Architecture, CompressedAttention
from formulas.deployment import Version, version
from formulas.engines.vllm_activations import INDEX_KEY_BYTES
from formulas.engines.vllm_cache import Group, Reserve

BLOCK = 256
KEY_BYTES = 584
"""One packed compressed key: 448 fp8 + 64 x 2 rotary + 8 scale bytes."""
ALIGNMENT = 576
FINE, COARSE = 4, 128
"""Tokens per compressed key."""
WINDOW_BLOCK, FINE_STATE_BLOCK, COARSE_STATE_BLOCK = 64, 4, 8
FINE_STATE_WINDOW = 8
PAGES_BY_SIZE = version("0.23.0")
"""From here a block holds as many pages of each size as the group with most of them: _bucket_layers_by_page_size."""
BLOCK_OUTERMOST = version("0.27.0")
"""From here a block is as large as the largest group, and the blocks of all groups add up: _get_packed_kv_cache_layout
and get_max_concurrency_for_kv_cache_config (in 0.27.1, not in 0.26.0)."""


def is_compressed(architecture: Architecture) -> bool:
    """Whether this is a DeepSeek-V4 model."""
    return architecture.has_mixer("compressed")


@dataclass(frozen=True, slots=True)
class CompressedPlan:
    """The pool of a DeepSeek-V4 server; not divided by tensor parallelism."""

    page_bytes: int
    full_page: int
    fine_page: int
    fine: int
    coarse: int
    windowed: int
    window: int
    width: int
    additive: bool
    """Blocks of all groups add up; before BLOCK_OUTERMOST, bytes of all groups share the block."""
    block_size: int = BLOCK
    groups: tuple[Group, ...] = ()
    group_count: int = 1

    def pages(self, sequence_tokens: int, reserve: Reserve, laws: Any) -> int:
        """Pages that one request of this length reserves."""
        full = int(laws.full_pages(sequence_tokens=sequence_tokens, block_size=BLOCK))
        window = self._window(self.window, WINDOW_BLOCK, sequence_tokens, reserve, laws)
        fine = self._window(FINE_STATE_WINDOW, FINE_STATE_BLOCK, sequence_tokens, reserve, laws)
        coarse = self._window(COARSE, COARSE_STATE_BLOCK, sequence_tokens, reserve, laws)
        if self.additive:
            return full + -(-self.windowed // self.width) * window + fine * bool(self.fine) + coarse * bool(self.coarse)
        both = self.fine_page + _index_page()
        need = full * self.full_page + window * self.windowed * self.fine_page + fine * self.fine * both
        return -(-(need + coarse * self.coarse * self.fine_page) // self.full_page)

    def _window(self, span: int, block: int, sequence_tokens: int, reserve: Reserve, laws: Any) -> int:
        return int(
            laws.window_pages(
                sliding_window=span,
                in_flight_batches=reserve.in_flight_batches,
                max_batched_tokens=reserve.max_batched_tokens,
                sequence_tokens=sequence_tokens,
                block_size=block,
            )
        )


def compressed_plan(architecture: Architecture, *, release: Version) -> CompressedPlan:
    """The pool for every layer of the model."""
    mixers = [
        (layer.mixer, count) for layer, count in architecture.counts if isinstance(layer.mixer, CompressedAttention)
    ]
    fine = sum(count for mixer, count in mixers if mixer.compress_ratio == FINE)
    coarse = sum(count for mixer, count in mixers if mixer.compress_ratio == COARSE)
    windowed = sum(count for _, count in mixers)
    fine_page, coarse_page = _aligned(BLOCK // FINE * KEY_BYTES), _aligned(BLOCK // COARSE * KEY_BYTES)
    full_page = fine * (fine_page + _index_page()) + coarse * coarse_page
    width = _least_padding(fine, coarse, windowed)
    return CompressedPlan(
        page_bytes=_block_bytes(fine, coarse, windowed, width, release),
        full_page=full_page,
        fine_page=fine_page,
        fine=fine,
        coarse=coarse,
        windowed=windowed,
        window=mixers[0][0].sliding_window,
        width=width,
        additive=release >= BLOCK_OUTERMOST,
    )


def _block_bytes(fine: int, coarse: int, windowed: int, width: int, release: Version) -> int:
    """Bytes of one block of the pool; windows and compressor states take pages as large as a fine key page."""
    fine_page, coarse_page = _aligned(BLOCK // FINE * KEY_BYTES), _aligned(BLOCK // COARSE * KEY_BYTES)
    if release < PAGES_BY_SIZE:
        return (fine_page + _index_page() + coarse_page) * width
    fine_pages = max(_in_largest_group(layers, width) for layers in (fine, coarse, windowed))
    if release >= BLOCK_OUTERMOST:
        full = fine * (fine_page + _index_page()) + coarse * coarse_page
        return max(full, fine_pages * fine_page)
    return fine_pages * fine_page + fine * _index_page() + coarse * coarse_page


def _in_largest_group(layers: int, width: int) -> int:
    """Layers of the largest of the groups that so many layers are divided into."""
    return -(-layers // -(-layers // width)) if layers else 0


def _index_page() -> int:
    return _aligned(BLOCK // FINE * INDEX_KEY_BYTES)


def _aligned(size: int) -> int:
    return ALIGNMENT * -(-size // ALIGNMENT)


def _least_padding(fine: int, coarse: int, windowed: int) -> int:
    """Layers per shared page that waste least; the widest of equals."""
    kinds = (max(fine, coarse), windowed, fine, coarse)
    return min(range(kinds[0], max(kinds) + 1), key=lambda width: (sum(-kind % width for kind in kinds), -width))
