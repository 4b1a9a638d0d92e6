"""SGLang's pools on one GPU: full layers, windowed layers and states share one budget at fixed ratios."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from catalog.types import Attention, CompressedAttention, Layer
from formulas.deployment import Deployment
from formulas.engines import sglang_versions as releases
from formulas.engines.sglang_draft import draft_layers
from formulas.engines.sglang_states import NO_STATES, States, states
from formulas.kv_cache import Cached, LayerCache, layer_caches
from formulas.state import FP32_BYTES, Held


class WideStates(Held):
    """States are fp32 unless the checkpoint says otherwise; convolutions stay in the model's dtype."""

    def element(self, dtype: str) -> int:
        return FP32_BYTES


@dataclass(frozen=True, slots=True)
class Pools:
    """What one token and one request take on one GPU."""

    full: float
    """Bytes of one token in full layers."""
    windowed: float = 0
    """Bytes of one token in windowed layers with a pool of their own."""
    window: int = 0
    window_share: float = releases.WINDOW_SHARE
    states: States = NO_STATES
    cross: int = 0
    """Bytes that a request holds of its encoder's output."""
    page: int = 1

    @property
    def empty(self) -> bool:
        return not (self.full or self.windowed or self.states.size or self.cross)

    def needed(self, *, batch: int, sequence_tokens: int, laws: Any) -> int:
        """Bytes of the pool that holds these requests."""
        page = {"cache_page": self.page}
        tokens = int(laws.sglang_request_tokens(batch=batch, sequence_tokens=sequence_tokens, **page))
        if self.windowed:
            held = min(sequence_tokens, self.window + self.page)
            tokens = int(
                laws.sglang_windowed_tokens(
                    request_tokens=tokens, batch=batch, window_held=held, window_share=self.window_share
                )
            )
        size = -int(-tokens * self.cell(laws) // 1) + batch * self.cross
        return self.states.pool_bytes(size, batch, laws)

    def tokens(self, budget: int, laws: Any) -> int:
        """Tokens that a budget of bytes gives (max_total_num_tokens)."""
        budget = self.states.attention_bytes(budget, laws)
        if budget <= 0 or not self.cell(laws):
            return 0
        return int(laws.sglang_pool_tokens(pool_bytes=budget, cell_bytes=self.cell(laws), cache_page=self.page))

    def cell(self, laws: Any) -> float:
        """Bytes of one token of max_total_num_tokens."""
        if not self.windowed:
            return self.full
        return float(
            laws.sglang_windowed_cell_bytes(
                full_cell=self.full, window_cell=self.windowed, window_share=self.window_share
            )
        )


def pools(deployment: Deployment, layers: Iterable[tuple[Layer, int]], laws: Any) -> Pools:
    """Pools of the layers on one GPU."""
    architecture = deployment.model.architecture
    if architecture.role == "encoder":
        return Pools(full=0)
    if architecture.has_mixer("compressed"):
        return compressed_pools(layers, deployment.settings.window_share or releases.WINDOW_SHARE_V4)
    held = WideStates(deployment.layout.tensor_parallel, 2, 0, architecture.hidden_size)
    positions = architecture.encoder.positions or 0 if architecture.encoder else 0
    packs = architecture.has_index and deployment.gpu.compute_capability == releases.PACKED_ON
    cached = Cached(deployment.kv_cache, held, packs_latent=packs)
    caches = layer_caches(map(_own_cache, layers), cached, laws, encoder_positions=positions)
    if deployment.engine_version >= releases.DRAFTS_COUNTED_SINCE:
        caches += layer_caches([(layer, 1) for layer in draft_layers(deployment)], cached, laws)
    apart = architecture.model_type in releases.WINDOW_POOLS.at(deployment.engine_version)
    return _sorted(caches, apart, deployment)


def _own_cache(pair: tuple[Layer, int]) -> tuple[Layer, int]:
    """The layer with a cache of its own: SGLang allocates one even where a model shares that of an earlier layer.

    Source: srt/configs/model_config.py get_hybrid_layer_ids (0.5.19) counts every layer of gemma4; a public log of
    gemma-4-E4B on GB10 has 79.94 GiB for 997,846 tokens of all 42 layers."""
    layer, count = pair
    if not isinstance(layer.mixer, Attention) or not layer.mixer.shares_cache:
        return pair
    return layer.model_copy(update={"mixer": layer.mixer.model_copy(update={"shares_cache": False})}), count


def _sorted(caches: list[LayerCache], apart: bool, deployment: Deployment) -> Pools:
    settings = deployment.settings
    windows = [cache for cache in caches if apart and cache.kind in ("window", "chunk")]
    whole = [cache for cache in caches if cache.kind in ("full", "window", "chunk") and cache not in windows]
    return Pools(
        full=sum(cache.size * cache.count for cache in whole),
        windowed=sum(cache.size * cache.count for cache in windows),
        window=max((cache.span for cache in windows), default=0),
        window_share=settings.window_share or releases.WINDOW_SHARE,
        states=states(deployment, sum(cache.size * cache.count for cache in caches if cache.kind == "state")),
        cross=sum(cache.size * cache.count * cache.span for cache in caches if cache.kind == "cross"),
        page=settings.block_size or 1,
    )


def compressed_pools(layers: Iterable[tuple[Layer, int]], window_share: float) -> Pools:
    """DeepSeek-V4: packed keys of every ratio, index keys, and a window in every layer."""
    mixers = [(layer.mixer, count) for layer, count in layers if isinstance(layer.mixer, CompressedAttention)]
    full = 0.0
    for mixer, count in mixers:
        if mixer.compress_ratio:
            index = releases.V4_INDEX_BYTES if mixer.indexer else 0
            full += count * (releases.V4_KEY_BYTES + index) / mixer.compress_ratio
    return Pools(
        full=full,
        windowed=releases.V4_KEY_BYTES * sum(count for _, count in mixers),
        window=max(mixer.sliding_window for mixer, _ in mixers),
        window_share=window_share,
        page=releases.V4_PAGE,
    )
