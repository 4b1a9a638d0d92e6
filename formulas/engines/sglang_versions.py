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
    """Reserve of 0.4.8 to 0.5.2 up to a size of card."""

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
"""The aiter kernels of ROCm take 15 % off mem_fraction_static, stated or not, for models longer than this: 0.5.5 to
0.5.17 srt/server_args.py, 0.5.19 and on srt/arg_groups/attention_hook.py. Logs: 0.51 of an MI355X at 0.6."""


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
TOWERS_OF_OTHER_DEPTH = ("qwen", "glm4v", "kimi", "step3")
"""Model types whose vision config names its layers otherwise than num_hidden_layers: SGLang takes TOWER_LAYERS."""
TOWER_CACHE: Since[int] = Since(
    {"0.0": 0, "0.5.18": 100 * MIB},
    source="SGLang 0.5.19 srt/mem_cache/kv_cache_configurator.py: mm_runtime_reservation_gb; not in 0.5.17",
)
"""Embedding cache of multimodal models (SGLANG_VLM_CACHE_SIZE_MB), taken off the pool."""

DRIVER_BYTES = round(0.46 * GIB)
"""nvidia-smi reports this much more than CUDA can hand out: 81,559 MiB against 79.19 GiB on H100."""

CONTEXT: Since[int] = Since(
    {"0.0": round(0.4 * GIB), "0.4.4": round(0.6 * GIB), "0.5.6": round(0.74 * GIB)},
    source="visible memory less 'Load weight begin': H100 0.38 (0.4.1); H100 0.60 (0.4.4); H100 0.72, 0.76, H200 0.67, "
    "B200 0.78, MI355X 0.74 (0.5.8 to 0.5.19)",
)
"""Taken before the weights load on one data-centre GPU: CUDA context and libraries; newer images take more."""
CONTEXT_SMALL = round(0.45 * GIB)
"""On other cards: 0.13, 0.31, 0.45, 0.59, 0.60 and 0.77 GiB on GeForce cards, 0.40 on L4, whatever the layout."""
NVLINK_MANY = round(1.4 * GIB)
"""More of it where GPUs talk over NVLink: 1.16 on 8 x H100, 1.43 on 4 x H800, 1.9 on 8 x H200, 2.4 on 4 x B200."""
ROCM_MANY = 8 * GIB
"""More of it with several GPUs of ROCm: 8.0 on 2 x MI355X; DeepSeek-R1 on 8 x MI300X implies 7."""
CONTEXT_BAND = round(0.3 * GIB)
MANY_BAND = round(1.0 * GIB)
"""Where GPUs share the model over NVLink or ROCm."""
CONTEXT_UNIFIED = round(9.9 * GIB)
"""Taken where GPU and system share memory: 111.5, 111.5, 111.7, 112.0 and 112.9 of 121.6 GiB of a GB10 were free."""
LOADING_ONE, LOADING_MANY = round(0.06 * GIB), round(0.22 * GIB)
LOADING_UNIFIED = round(0.9 * GIB)
"""Memory that loading keeps beside the weights themselves, logged against computed: 0.02 to 0.16 GiB on one GPU; 0.09,
0.20, 0.24, 0.28 and 0.34 on several; 0.67, 0.90 and 1.09 on GB10."""
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
V4_KEY_BYTES, V4_INDEX_BYTES = 584, 132
"""Packed fp8 key and index key of DeepSeek-V4: srt/mem_cache/deepseek_v4_memory_pool.py."""
V4_PAGE = 256
