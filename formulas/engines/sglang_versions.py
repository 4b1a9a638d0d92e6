"""SGLang release by release: defaults by card, and what the pools of special models hold."""

from __future__ import annotations

from typing import NamedTuple

from formulas.deployment import version
from formulas.since import Since
from formulas.units import GIB, MIB

LATEST = version("0.5.23")

CONSTANT_FRACTION = {1: 0.88, 2: 0.87, 4: 0.85, 8: 0.81, 16: 0.79}
"""mem_fraction_static by tensor parallelism before 0.5: srt/server_args.py (0.4); TP1 and TP4 agree with logs."""
FORMULA_SINCE = version("0.5.0")
"""First release in which the default follows the card; read in 0.5.23, the change itself was not."""


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
            CardDefaults(35, 2048, 24, 80),
            CardDefaults(60, 4096, 32, 160),
            CardDefaults(160, 8192, 256, 512),
            CardDefaults(float("inf"), 16384, 512, 512),
        ),
        "0.5.23": (
            CardDefaults(20, 2048, 8, 8),
            CardDefaults(35, 4096, 48, 160),
            CardDefaults(60, 4096, 32, 160),
            CardDefaults(160, 8192, 256, 512),
            CardDefaults(float("inf"), 16384, 512, 512),
        ),
    },
    source="SGLang srt/arg_groups/memory_hook.py (0.5.23), srt/server_args.py (2025); releases between were not read",
)

LEAST_RESERVE = 10 * GIB
LEAST_RESERVE_ABOVE_GIB = 60
LATENT_PREFILL_GRAPH_MIB = 1536
PREFILL_GRAPH_MIB = 8
"""MiB a captured prefill size; MLA models reserve LATENT_PREFILL_GRAPH_MIB at once."""
PREFILL_STEPS = ((4, 32, 4), (48, 256, 16), (288, 512, 32), (576, 1024, 64), (1280, 4096, 256), (4608, 2**20, 512))
"""First, last and step of captured prefill sizes: srt/arg_groups/cuda_graph_hook.py."""

TOWER_FRACTION, TOWER_SENSITIVITY = 0.95, 0.1
TOWER_BOUNDS = (0.8, 1.05)
TOWER_BASELINE = 24 * 1024**2
"""Vision models lower the fraction by the size of their tower against ViT-L/14: adjust_mem_fraction_for_vlm."""
TOWER_CACHE = 100 * MIB
"""Embedding cache of multimodal models (SGLANG_VLM_CACHE_SIZE_MB)."""

DRIVER_BYTES = round(0.46 * GIB)
"""nvidia-smi reports this much more than CUDA can hand out: 81,559 MiB against 79.19 GiB on H100."""

CONTEXT_ONE, CONTEXT_MANY = round(0.45 * GIB), round(0.60 * GIB)
CONTEXT_BAND = round(0.3 * GIB)
"""Taken before the weights load: 0.40 GiB on 4 x L4, 0.77 on 4 x RTX 5090, 0.71 on MI355X in public logs."""
CONTEXT_UNIFIED = 8 * GIB
"""Taken where GPU and system share memory: 111.7 GiB of a GB10 were free before loading in one log of 0.5.17, and 112
follow from the pools of another of 0.5.20."""
LOADING_ONE, LOADING_MANY = round(0.06 * GIB), round(0.25 * GIB)
"""Memory that loading keeps beside the weights themselves: 0.06 GiB logged on one GPU, 0.24 and 0.28 on four."""
WEIGHTS_BAND = 0.006
"""Share of the weights: median error of computed against logged weights over 114 start-ups (vLLM and SGLang alike)."""

WINDOW_SHARE = 0.8
WINDOW_SHARE_V4 = 0.1
STATE_SHARE = 0.9
STATE_SLOTS, TRACKING_SLOTS = 3, 2
"""swa_full_tokens_ratio (0.1: DeepSeek-V4), mamba_full_memory_ratio, states a request with the prefix cache on, and
those more that delta attention tracks while batches overlap: srt/mem_cache/kv_cache_configurator.py,
_calculate_mamba_ratio (0.5.23); 360 states for 72 requests in a log of 0.5.20."""

WINDOW_POOLS: Since[frozenset[str]] = Since(
    {
        "0.0": frozenset(),
        "0.5.0": frozenset({"llama4", "gpt_oss"}),
        "0.5.23": frozenset(
            {
                "llama4",
                "gpt_oss",
                "mimo_v2_flash",
                "step3p5",
                "step3p7",
                "gemma4",
                "gemma4_text",
                "deepseek_v4",
                "laguna",
            }
        ),
    },
    source="SGLang srt/configs/model_config.py: is_hybrid_swa_model (0.5.23); others keep windowed layers whole, "
    "Gemma 2 and 3 too",
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
