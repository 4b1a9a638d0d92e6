"""SGLang's pools on one GPU, worked out from the layers that it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from catalog.types import Attention, Layer
from formulas.deployment import Deployment
from formulas.engines import sglang_versions as releases
from formulas.engines.sglang_draft import draft_layers
from formulas.engines.sglang_pools import Pools
from formulas.engines.sglang_states import states
from formulas.engines.sglang_v4 import compressed_pools
from formulas.kv_cache import Cached, LayerCache, layer_caches
from formulas.state import FP32_BYTES, Held


class WideStates(Held):
    """States are fp32 unless --mamba-ssm-dtype says otherwise; convolutions stay in the model's dtype.

    Source: SGLang 0.5.23 srt/configs/mamba_utils.py, mamba2_state_dtype."""

    def element(self, dtype: str) -> int:
        return self.model_bytes if self.state_dtype in ("bfloat16", "float16") else FP32_BYTES


def pools(deployment: Deployment, layers: Iterable[tuple[Layer, int]], laws: Any) -> Pools:
    """Pools of the layers on one GPU."""
    architecture = deployment.model.architecture
    if architecture.role == "encoder":
        return Pools(full=0)
    if architecture.has_mixer("compressed"):
        return compressed_pools(deployment, layers, laws)
    held = WideStates(
        deployment.layout.tensor_parallel, 2, 0, architecture.hidden_size, deployment.settings.state_dtype
    )
    positions = architecture.encoder.positions or 0 if architecture.encoder else 0
    packs = architecture.has_index and _packs(deployment)
    cached = Cached(deployment.kv_cache, held, packs_latent=packs)
    caches = layer_caches(map(_own_cache, layers), cached, laws, encoder_positions=positions)
    if deployment.engine_version >= releases.DRAFTS_COUNTED_SINCE:
        caches += layer_caches([(layer, 1) for layer in draft_layers(deployment)], cached, laws)
    apart = architecture.model_type in releases.WINDOW_POOLS.at(deployment.engine_version)
    return _sorted(caches, apart, deployment)


def _packs(deployment: Deployment) -> bool:
    """Whether the pool is sized for packed fp8 keys."""
    packed = deployment.gpu.compute_capability == releases.PACKED_ON
    return packed and deployment.engine_version >= releases.PACKED_SINCE


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
