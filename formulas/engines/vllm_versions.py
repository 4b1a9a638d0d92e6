"""vLLM release by release: defaults, what its memory profile counts, and the constants fitted on start-up logs."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.types import Gpu
from formulas.deployment import Version, version
from formulas.since import Since

GIB = 2**30
MIB = 2**20

LATEST = version("0.33.0")
FIRST_V1 = version("0.8.0")
"""Before, the V0 engine: prompts are profiled whole."""

UTILIZATION: Since[float] = Since({"0.0": 0.90, "0.20.0": 0.92}, source="vllm/config/cache.py: gpu_memory_utilization")


@dataclass(frozen=True, slots=True)
class Batch:
    """Default scheduler limits of one step."""

    max_batched_tokens: int
    max_sequences: int


SMALL = Batch(2048, 256)
LARGE = Batch(8192, 1024)
HUGE = Batch(16384, 1024)
HUGE_GIB, LARGE_GIB = 160, 70

SERVER_BATCH: Since[dict[str, Batch]] = Since(
    {
        "0.0": {"huge": SMALL, "large": SMALL, "a100": SMALL, "other": SMALL},
        "0.8.0": {"huge": LARGE, "large": LARGE, "a100": LARGE, "other": SMALL},
        "0.9.0": {"huge": LARGE, "large": LARGE, "a100": SMALL, "other": SMALL},
        "0.27.0": {"huge": HUGE, "large": LARGE, "a100": SMALL, "other": SMALL},
    },
    source="vllm/engine/arg_utils.py: get_batch_defaults (0.33 read; the 160 GiB class is first seen at or before it)",
)
V0_CHUNK: Since[int] = Since(
    {"0.0": 512, "0.7.0": 2048}, source="vllm/config.py: chunked prefill above 32,768 tokens (V0)"
)
V0_CHUNK_ABOVE = 32768

RUNNER_V2_DENSE = version("0.26.0")
RUNNER_V2_ALL = version("0.29.0")
"""Model runner V2: vllm/v1/worker/gpu/model_runner.py."""

LOGIT_BYTES: Since[float] = Since(
    {"0.0": 38.0, "0.16.0": 14.0},
    source="vllm/v1/sample/ops/topk_topp_sampler.py: 38 = bf16 2 + fp32 4 + sorted 4 + index 8 + reverse 8 + radix 12; "
    "14 = bf16 2 + fp32 4 + probabilities 4 + noise 4; matches logged peaks",
)
LOGIT_BYTES_V2: Since[float] = Since(
    {"0.0": 2.2, "0.33.0": 14.0},
    source="vllm/v1/worker/gpu/model_runner.py: bf16 logits and per-block argmax; fp32 pass from 0.33",
)

COMPILE_COPY = version("0.12.0")
MOE_WORKSPACE = version("0.14.0")
GRAPHS_COUNTED = version("0.20.0")
"""VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS on by default; model runner V2 estimates 0 before RUNNER_V2_ALL."""

PRINTS_REQUESTS = version("0.20.1")
IN_FLIGHT = version("0.22.0")
"""Async scheduling keeps one batch more in flight: vllm/v1/core/single_type_kv_cache_manager.py."""

EAGER_STREAMS: Since[int] = Since(
    {"0.0": 3, "0.7.0": 4}, source="vllm/worker/model_runner.py: profile_run (V0), peaks in logs"
)

MLA_WORKSPACE_CHUNKS, MLA_WORKSPACE_ROWS, MLA_WORKSPACE_LIMIT = 8, 64, 65536
"""vllm/v1/attention/backends/mla/common.py: 8 x max_model_len, 4 pages per sequence, at most 64 Ki tokens."""

MOE_ROUTER_BYTES = 12
"""fp32 logits, softmax and sorting buffers per expert."""
MOE_ROWS_LIMIT = 16384
"""Token copies are processed in chunks of VLLM_FUSED_MOE_CHUNK_SIZE tokens."""
DEEPGEMM_ALIGNMENT = 127
"""DeepGEMM pads every expert's rows up to the next 128."""


def cublas_workspace(gpu: Gpu) -> int:
    """cuBLAS workspace bytes: 32 MiB from compute capability 9.0, 8.125 MiB below (torch.cuda defaults)."""
    return 32 * MIB if (gpu.compute_capability or 0) >= 9.0 else round(8.125 * MIB)


NON_TORCH: dict[str, int] = {
    "one_gpu_before_0.15": round(0.19 * GIB),
    "one_gpu": round(0.30 * GIB),
    "many_before_0.15": round(0.68 * GIB),
    "hopper_2": round(2.09 * GIB),
    "hopper_4": round(2.24 * GIB),
    "hopper_8": round(1.55 * GIB),
    "blackwell_many": round(2.55 * GIB),
    "many": round(0.54 * GIB),
    "rocm": round(3.68 * GIB),
    "deepseek_v4": round(5.96 * GIB),
}
"""Memory outside torch on one GPU, by class: medians over public start-up logs that print it."""
NON_TORCH_TOWER = round(0.14 * GIB)
"""More with a vision or audio tower: median over the same logs."""
NON_TORCH_STEP = version("0.15.0")
"""From here NCCL and FlashInfer all-reduce buffers count on Hopper and Blackwell."""

GRAPH_BASE = round(0.10 * GIB)
GRAPH_LAYER: dict[str, float] = {
    "dense": 0.0105 * GIB,
    "moe": 0.0146 * GIB,
    "linear": 0.0273 * GIB,
    "mla": 0.0335 * GIB,
}
"""CUDA graph bytes of one layer at 51 captured sizes: fitted on 58 start-up logs (median error 0.18 GiB)."""
GRAPH_SIZES_REFERENCE = 51

BAND_ONE_GPU = (round(0.5 * GIB), 0.006)
BAND_MANY_GPUS = (0, 0.015)
"""Plus or minus on the KV budget: at least these bytes, or this share of the card. Available KV over 123 logs: median
error 0.35 GiB (0.62 % of the card), p75 0.91 GiB."""


def capture_sizes(release: Version, *, max_sequences: int, gpu: Gpu) -> int:
    """How many batch sizes are captured: vllm/config/vllm.py _set_cudagraph_sizes, and worker/model_runner.py in V0."""
    if release < FIRST_V1:
        return _count(min(max_sequences, 256), 8, 8)
    if release < COMPILE_COPY:
        return _count(512, 8, 8)
    blackwell = (gpu.compute_capability or 0) in (10.0, 10.3)
    most = min(2 * max_sequences, 1024 if release >= RUNNER_V2_DENSE and blackwell else 512)
    return _count(min(most, 248), 8, 8) + max(0, (most - 256) // 16 + 1)


def _count(most: int, first: int, step: int) -> int:
    small = sum(size <= most for size in (1, 2, 4))
    return small + max(0, (most - first) // step + 1)
