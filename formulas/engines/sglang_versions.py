"""SGLang release by release: defaults by card, and what the pools of special models hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from formulas.deployment import version
from formulas.since import Since
from formulas.units import GIB, MIB

LATEST = version("0.5.23")

CONSTANT_FRACTION: Since[Mapping[int, float]] = Since(
    {
        "0.0": {1: 0.88, 2: 0.87, 4: 0.85, 8: 0.83, 16: 0.79},
        "0.3": {1: 0.88, 2: 0.87, 4: 0.85, 8: 0.82, 16: 0.79},
        "0.4": {1: 0.88, 2: 0.87, 4: 0.85, 8: 0.81, 16: 0.79},
    },
    source="SGLang 0.2.15, 0.3.6, 0.4.1, 0.4.3, 0.4.5 srt/server_args.py: __post_init__ (first releases inferred)",
)
"""mem_fraction_static by the GPUs that share the model."""
BY_CARD_SINCE, RESERVE_SINCE, FORMULA_SINCE = version("0.4.6"), version("0.4.8"), version("0.5.3")
"""First releases in which the default looks at the card, is a reserve by card, and follows chunk and graphs: read in
0.4.5, 0.4.6.post5, 0.4.7, 0.4.8, 0.4.9.post6, 0.5.2 and 0.5.3."""
SMALL_CARD, LARGE_CARD = 80 * GIB, 96 * GIB
SMALL_CARD_FRACTION = 0.88
HUGE_CARD_GIB, HUGE_CARD_FRACTION, HUGE_CARD_SINCE = 180_000 * MIB / GIB, 0.79, version("0.4.7")
"""0.4.7 gives B200 0.79."""


class CardReserve(NamedTuple):
    """Reserve of 0.4.8 to 0.5.2 up to a size of card: srt/server_args.py, where mem_fraction_static is None."""

    below_gib: float
    reserve: int
    each: int
    """More of it for every GPU that shares the model."""


CARD_RESERVES = (
    CardReserve(35, round(2.8 * GIB), round(0.1 * GIB)),
    CardReserve(90, round(9.5 * GIB), round(0.5 * GIB)),
    CardReserve(160, 12 * GIB, round(0.5 * GIB)),
    CardReserve(float("inf"), 32 * GIB, 0),
)

DRAFT_RESERVE: Since[int] = Since(
    {"0.0": 2 * GIB, "0.5.10": 4 * GIB, "0.5.14": 0},
    source="SGLang 0.4.8 to 0.5.14 srt/server_args.py; from 0.5.14 drafts are loaded before the pool is sized",
)
DRAFTS_COUNTED_SINCE = version("0.5.14")
DRAFTED_REQUESTS = 48
"""max_running_requests where a draft proposes tokens: srt/arg_groups/speculative_hook.py."""
AITER_FACTOR, AITER_SINCE, AITER_BEYOND = 0.85, version("0.5.5"), 8192
AITER_LATENT_HEADS = (16, 128)
"""The aiter kernels of ROCm take 15 % off mem_fraction_static, stated or not, for models longer than this: 0.5.5 to
0.5.17 srt/server_args.py, 0.5.19 and on srt/arg_groups/attention_hook.py. Logs: 0.51 of an MI355X at 0.6. With latent
attention they are the default for these numbers of heads on one GPU alone; sparse attention has its own."""


class CardDefaults(NamedTuple):
    """Defaults up to a size of card."""

    below_gib: float
    prefill_chunk: int
    graph_batch: int
    graph_batch_many: int
    """With tensor parallelism of 4 and more."""


CARDS: Since[tuple[CardDefaults, ...]] = Since(
    {
        "0.0": (
            CardDefaults(20, 2048, 8, 8),
            CardDefaults(35, 2048, 16, 80),
            CardDefaults(60, 4096, 32, 160),
            CardDefaults(160, 8192, 256, 512),
            CardDefaults(float("inf"), 16384, 512, 512),
        ),
        "0.5.5": (
            CardDefaults(20, 2048, 8, 8),
            CardDefaults(35, 2048, 24, 80),
            CardDefaults(60, 4096, 32, 160),
            CardDefaults(160, 8192, 256, 512),
            CardDefaults(float("inf"), 16384, 512, 512),
        ),
        "0.5.20": (
            CardDefaults(20, 2048, 8, 8),
            CardDefaults(35, 4096, 48, 160),
            CardDefaults(60, 4096, 32, 160),
            CardDefaults(160, 8192, 256, 512),
            CardDefaults(float("inf"), 16384, 512, 512),
        ),
    },
    source="SGLang srt/server_args.py (0.5.3 to 0.5.17), srt/arg_groups/memory_hook.py (0.5.19, 0.5.21, 0.5.23)",
)

EAGER_WITHOUT_GRAPHS_SINCE = version("0.5.14")
"""Before, --disable-cuda-graph left their reserve as it was."""
GRAPHS_BY_REQUESTS_SINCE = version("0.5.20")
"""From here --max-running-requests bounds the captured batches (in 0.5.21, not in 0.5.19)."""
PREFILL_GRAPHS_SINCE = version("0.5.10")
"""Captured by default from here; not with towers, drafts or pipeline stages, nor on ROCm."""
TOWER_FACTOR_SINCE = version("0.4.9")
LEAST_RESERVE = 10 * GIB
LEAST_RESERVE_ABOVE_GIB = 60
LATENT_PREFILL_GRAPH_MIB = 1536
PREFILL_GRAPH_MIB = 8
"""MiB a captured prefill size; MLA models reserve LATENT_PREFILL_GRAPH_MIB at once."""
PREFILL_STEPS = ((4, 32, 4), (48, 256, 16), (288, 512, 32), (576, 1024, 64), (1280, 4096, 256), (4608, 2**20, 512))
"""First, last and step of captured prefill sizes: srt/arg_groups/cuda_graph_hook.py."""

TOWER_FRACTION, TOWER_SENSITIVITY = 0.95, 0.1
TOWER_BOUNDS = (0.8, 1.05)
TOWER_LAYERS, TOWER_WIDTH = 24, 1024
"""Vision models lower the fraction by the size of their tower against ViT-L/14: adjust_mem_fraction_for_vlm."""
TOWER_MATRICES = 12
"""Parameters of a layer over width^2: 4 of attention, 8 of an MLP four times as wide."""
TOWER_DEPTHS = {"qwen": TOWER_LAYERS, "glm4v": TOWER_LAYERS, "step3": TOWER_LAYERS, "kimi": 27}
"""Layers that SGLang counts by the start of a model type: TOWER_LAYERS where the vision config names its own otherwise
than num_hidden_layers; 27 of MoonViT: 0.826 on MI355X for Kimi-K2.5."""
TOWER_CACHE: Since[int] = Since(
    {"0.0": 0, "0.5.18": 100 * MIB},
    source="SGLang 0.5.19 srt/mem_cache/kv_cache_configurator.py: mm_runtime_reservation_gb; not in 0.5.17",
)
"""Embedding cache of multimodal models (SGLANG_VLM_CACHE_SIZE_MB), taken off the pool."""

DRIVER_BYTES = round(0.46 * GIB)
"""nvidia-smi reports this much more than CUDA can hand out: 81,559 MiB against 79.19 GiB on H100."""

WEIGHTS_BAND = 0.006
"""Share of the weights: median error of computed against logged weights over 114 start-ups (vLLM and SGLang alike)."""

WINDOW_SHARE = 0.8
WINDOW_SHARE_V4 = 0.1
STATE_SHARE = 0.9
STATE_SLOTS, TRACKING_SLOTS = 3, 2
SPARE_STATES: Since[int] = Since(
    {"0.0": 0, "0.5.17": 1},
    source="SGLang 0.5.16, 0.5.17 srt/mem_cache/kv_cache_configurator.py: _handle_max_mamba_cache",
)
"""swa_full_tokens_ratio (0.1: DeepSeek-V4), mamba_full_memory_ratio, states a request with the prefix cache on, and
those more that delta attention tracks while batches overlap: srt/mem_cache/kv_cache_configurator.py,
_calculate_mamba_ratio (0.5.23); 360 states for 72 requests in a log of 0.5.20."""

_FIRST_WINDOWED = frozenset({"llama4", "gpt_oss", "mimo_v2_flash"})
_WINDOWED_0_5_11 = _FIRST_WINDOWED | {"step3p5", "gemma4", "gemma4_text"}
WINDOW_POOLS: Since[frozenset[str]] = Since(
    {
        "0.0": frozenset(),
        "0.5.7": frozenset({"mimo_v2_flash"}),
        "0.5.8": _FIRST_WINDOWED,
        "0.5.9": _FIRST_WINDOWED | {"step3p5"},
        "0.5.11": _WINDOWED_0_5_11,
        "0.5.12": _WINDOWED_0_5_11 | {"deepseek_v4", "laguna"},
        "0.5.13": _WINDOWED_0_5_11 | {"deepseek_v4", "laguna", "step3p7"},
    },
    source="SGLang srt/configs/model_config.py: is_hybrid_swa_model, read in each release from 0.4.9 to 0.5.14; others "
    "keep windowed layers whole, Gemma 2 and 3 too",
)
"""model_type with a pool of its own for windowed layers."""

PACKED_ON = 9.0
"""Compute capability whose sparse kernel (FlashMLA) packs the fp8 cache of latent attention; others keep it plain:
srt/mem_cache/kv_cache_configurator.py, calculate_mla_kv_cache_dim; srt/arg_groups/overrides.py."""
SPARSE_FP8_FROM = 10.0
"""Compute capability from which sparse attention has an fp8 cache by default: srt/arg_groups/overrides.py,
_dsa_kv_cache_dtype_default (0.5.23)."""
PACKED_SINCE = version("0.5.17")
"""Before, pools were sized for one byte a value and took more once they were made (read in 0.5.16, 0.5.17)."""
V4_KEY_BYTES, V4_INDEX_BYTES = 584, 132
"""Packed fp8 key and index key of DeepSeek-V4: srt/mem_cache/deepseek_v4_memory_pool.py."""
V4_PAGE = 256
"""Tokens of a page, as DeepSeek-V4 needs them: srt/mem_cache/deepseek_v4_memory_pool.py."""
V4_RINGS = {4: 8, 128: 128}
"""Rows of compressor state, twice as many with a draft: get_compress_state_ring_size."""
V4_ROW_ALIGNMENT = 128
V4_REQUESTS_LEAST = 2048
"""max_running_requests where it is not stated; up to 4,096 where the pool holds more than four contexts."""
V4_REQUEST_STATES_SINCE = version("0.5.16")
"""States of the ratio 128 belong to requests from here (in 0.5.16, not in 0.5.14); before, to tokens of the window."""
V4_CAPPED_SINCE = version("0.5.21")
"""The window has a pool for --max-running-requests from here where they are stated (in 0.5.21, not in 0.5.19)."""
V4_STAGE_LAYERS_SINCE = version("0.5.13")
"""Before, the window of the draft layer was counted without a draft as well."""
V4_PADDED_PAGE = 576
"""A page of packed keys is a multiple of this many bytes; counted from V4_CAPPED_SINCE on."""
EVICTION_INTERVAL, PREFIX_TAILS, CHUNKS_IN_FLIGHT = 128, 4, 2
"""SGLANG_SWA_EVICTION_INTERVAL, cached prefixes a request, and chunks under way: compute_swa_request_cap."""
