"""DeepSeek-V4 in SGLang: packed keys of two ratios and a short window, whose compressors keep states of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from catalog.types import CompressedAttention, Layer
from formulas.deployment import Deployment
from formulas.engines import sglang_versions as releases
from formulas.engines.sglang_fraction import card_defaults
from formulas.engines.sglang_pools import Pools
from formulas.state import FP32_BYTES


@dataclass(frozen=True, slots=True)
class Compressed:
    """The compressed layers of one stage."""

    deployment: Deployment
    layers: tuple[tuple[CompressedAttention, int], ...]
    laws: Any

    def count(self, ratio: int) -> int:
        return sum(count for mixer, count in self.layers if mixer.compress_ratio == ratio)

    @property
    def drafts(self) -> int:
        return self.deployment.settings.speculative_tokens

    @property
    def window(self) -> int:
        return max(mixer.sliding_window for mixer, _ in self.layers)

    @property
    def windows(self) -> int:
        """Layers with a window: all, and the draft layer where the release counts it."""
        counted = self.deployment.engine_version < releases.V4_STAGE_LAYERS_SINCE
        extra = self.deployment.model.architecture.num_nextn_predict_layers if counted else 0
        return sum(count for _, count in self.layers) + extra

    @property
    def inflation(self) -> float:
        """A draft counts as one layer more."""
        return (self.windows + 1) / self.windows if self.drafts else 1.0

    def key(self, ratio: int) -> float:
        """Bytes of one key of this ratio, 0 for the window."""
        page = releases.V4_PAGE // (ratio or 1)
        if self.deployment.engine_version < releases.V4_CAPPED_SINCE:
            return releases.V4_KEY_BYTES
        padded = -(-page * releases.V4_KEY_BYTES // releases.V4_PADDED_PAGE) * releases.V4_PADDED_PAGE
        return padded / page

    def keys(self) -> float:
        """Bytes of compressed keys and index keys a token."""
        return sum(
            count
            * (self.key(mixer.compress_ratio) + (releases.V4_INDEX_BYTES if mixer.indexer else 0))
            / mixer.compress_ratio
            for mixer, count in self.layers
            if mixer.compress_ratio
        )

    def ring(self, ratio: int) -> int:
        return releases.V4_RINGS[ratio] * (2 if self.drafts else 1)

    def row(self, ratio: int) -> int:
        """Bytes of one row of state: keys and scores, twice over where blocks overlap, the indexer's among them."""
        mixer = next((mixer for mixer, _ in self.layers if mixer.compress_ratio == ratio), None)
        if mixer is None:
            return 0
        index = mixer.indexer.index_head_dim if mixer.indexer else 0
        overlapping = 2 if ratio == min(releases.V4_RINGS) else 1
        return 2 * overlapping * (mixer.head_dim + index) * FP32_BYTES * self.count(ratio)

    def window_cell(self) -> float:
        """Bytes of one token of the window, with the states that belong to it."""
        release = self.deployment.engine_version
        ratios = (4,) if release >= releases.V4_REQUEST_STATES_SINCE else (4, 128)
        tokens = releases.V4_PAGE if release >= releases.V4_CAPPED_SINCE else self.window
        states = sum(
            self.laws.sglang_ring_state_bytes(ring_rows=self.ring(ratio), ring_tokens=tokens, row_bytes=self.row(ratio))
            for ratio in ratios
        )
        return float(self.key(0) * self.windows + states)

    def request_states(self, requests: int) -> int:
        """Bytes of the states that belong to requests."""
        if self.deployment.engine_version < releases.V4_REQUEST_STATES_SINCE:
            return 0
        return int(
            self.laws.sglang_request_state_bytes(
                most_requests=requests,
                ring_rows=self.ring(128),
                row_alignment=releases.V4_ROW_ALIGNMENT,
                row_bytes=self.row(128),
            )
        )

    def request_windows(self, requests: int) -> int:
        """Tokens of the window's pool where it is sized for the stated requests."""
        settings = self.deployment.settings
        return int(
            self.laws.sglang_request_windows(
                most_requests=requests,
                sliding_window=self.window,
                eviction_interval=releases.EVICTION_INTERVAL,
                draft_tokens=self.drafts,
                cache_page=releases.V4_PAGE,
                decode_tokens=2 * self.drafts or releases.V4_PAGE,
                chunks_in_flight=releases.CHUNKS_IN_FLIGHT,
                prefill_chunk=settings.max_batched_tokens or card_defaults(self.deployment).prefill_chunk,
                prefix_tails=0 if settings.prefix_caching is False else releases.PREFIX_TAILS,
            )
        )


def compressed_pools(deployment: Deployment, layers: Iterable[tuple[Layer, int]], laws: Any) -> Pools:
    """Compressed keys and the window at a fixed ratio, or a window for the stated requests."""
    mixers = tuple((layer.mixer, count) for layer, count in layers if isinstance(layer.mixer, CompressedAttention))
    held = Compressed(deployment, mixers, laws)
    stated = _stated_requests(deployment)
    requests = stated or releases.V4_REQUESTS_LEAST
    shared = Pools(
        full=held.keys() * held.inflation,
        windowed=held.window_cell() * held.inflation,
        window=held.window,
        window_share=deployment.settings.window_share or releases.WINDOW_SHARE_V4,
        page=releases.V4_PAGE,
        fixed=held.request_states(requests),
    )
    capped = deployment.engine_version >= releases.V4_CAPPED_SINCE and stated
    if not capped or deployment.settings.window_share:
        return shared
    return replace(shared, windowed=0, fixed=shared.fixed + round(shared.windowed * held.request_windows(requests)))


def _stated_requests(deployment: Deployment) -> int | None:
    """Requests of the command; a draft brings a number of its own."""
    settings = deployment.settings
    return settings.max_sequences or (releases.DRAFTED_REQUESTS if settings.speculative_tokens else None)
