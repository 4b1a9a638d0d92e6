"""vLLM release by release: defaults, what its memory profile counts. Fitted constants: formulas/fitted.toml."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.types import Gpu
from formulas.deployment import Version, version
from formulas.since import Since
from formulas.units import MIB

LATEST = version("0.33.0")
FIRST_V1 = version("0.8.0")
"""Before, the V0 engine: prompts are profiled whole."""
V1_SINCE: dict[str, Version] = {
    "bitsandbytes": version("0.8.5"),
    "fp32": version("0.9.2"),
    "encoder": version("0.9.2"),
    "encoder_decoder": version("0.10.2"),
    "state": version("0.10.2"),
    "before_ampere": version("0.10.2"),
}
"""First release read that serves such a deployment with V1: engine/arg_utils.py _is_v1_supported_oracle in 0.8.0,
0.8.5, 0.9.0, 0.9.2, 0.10.0 and 0.10.2."""

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
        "0.28.0": {"huge": HUGE, "large": LARGE, "a100": SMALL, "other": SMALL},
    },
    source="vllm/engine/arg_utils.py: get_batch_defaults; the 160 GiB class is in 0.28.0 and not in 0.27.1",
)
V0_CHUNK: Since[int] = Since(
    {"0.0": 512, "0.7.0": 2048}, source="vllm/config.py: chunked prefill above 32,768 tokens (V0)"
)
V0_CHUNK_ABOVE = 32768


@dataclass(frozen=True, slots=True)
class RunnerV2:
    """Which models the second model runner serves."""

    named: frozenset[str] = frozenset()
    """Model types, whatever they are built of."""
    dense: bool = False
    """Models without experts and without states."""
    quantized: bool = True
    every: bool = False


DENSE_FIRST = frozenset({"llama", "mistral", "qwen3"})
FEW_EXPERTS = frozenset({"deepseek_v2", "qwen2_moe", "granitemoe"})
RUNNER_V2: Since[RunnerV2] = Since(
    {
        "0.0": RunnerV2(),
        "0.22.0": RunnerV2(frozenset({"qwen3"}), quantized=False),
        "0.23.0": RunnerV2(DENSE_FIRST, quantized=False),
        "0.24.0": RunnerV2(DENSE_FIRST | FEW_EXPERTS),
        "0.25.0": RunnerV2(FEW_EXPERTS, dense=True),
        "0.27.0": RunnerV2(FEW_EXPERTS | {"kimi_k3"}, dense=True),
        "0.28.0": RunnerV2(FEW_EXPERTS | {"kimi_k3", "deepseek_v4"}, dense=True),
        "0.29.0": RunnerV2(every=True),
    },
    source="vllm/config/vllm.py: DEFAULT_V2_MODEL_RUNNER_ARCHITECTURES, _is_default_v2_model_runner_model (all read)",
)
RUNNER_V2_ALL = version("0.29.0")
"""Model runner V2 (vllm/v1/worker/gpu/model_runner.py) estimates CUDA graphs from here; before, its estimate is 0."""
RUNNER_V2_TOWERS = version("0.28.0")
"""Its profile run encodes images from here: profile_run in 0.27.1 and 0.28.0."""
LARGER_BLACKWELL_GRAPHS = version("0.28.0")
"""Up to 1,024 sequences are captured on compute capability 10: config/vllm.py _set_cudagraph_sizes (not in 0.27.1)."""

LOGIT_BYTES: Since[float] = Since(
    {"0.0": 38.0, "0.16.0": 14.0},
    source="vllm/v1/sample/ops/topk_topp_sampler.py: 38 = bf16 2 + fp32 4 + sorted 4 + index 8 + reverse 8 + radix 12; "
    "14 = bf16 2 + fp32 4 + probabilities 4 + noise 4; matches logged peaks",
)
FLASHINFER_LOGIT_BYTES = 14.0
"""With FlashInfer's sampler: nothing is sorted. Up to 0.11.0 it is the default wherever FlashInfer is installed (the
published images, not a plain install); later it is asked for by VLLM_USE_FLASHINFER_SAMPLER."""
DUMMY_DRAFT_LOGIT_BYTES: Since[float] = Since(
    {"0.0": 2.0, "0.11.1": 4.0},
    source="vllm/v1/worker/gpu_model_runner.py: _dummy_sampler_run checks one draft token a request however many are "
    "stated (still so in vllm-project/vllm#46270): bf16 logits of the drafts, from 0.11.1 of drafts and requests. The "
    "second runner profiles the plain sampler: #48630 prints the same peak with 7 drafts as without",
)
LOGIT_BYTES_V2: Since[float] = Since(
    {"0.0": 2.2, "0.33.0": 14.0},
    source="vllm/v1/worker/gpu/model_runner.py: bf16 logits and per-block argmax; fp32 pass from 0.33",
)

COMPILE_COPY = version("0.12.0")
MOE_WORKSPACE = version("0.14.0")
GRAPHS_COUNTED = version("0.20.0")
"""VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS on by default; model runner V2 estimates 0 before RUNNER_V2_ALL."""

BREAKABLE_GRAPHS = version("0.25.0")
"""DeepSeek-V4 runs without torch.compile: VLLM_USE_BREAKABLE_CUDAGRAPH is on by itself (a log of 0.25.0 says so; that
of 0.20.2 compiles)."""
PROFILED_STEP = version("0.26.0")
"""From here the estimate of the CUDA graphs of models with linear attention holds the activations of one step:
vllm-project/vllm#50780; #52872 prints 0.89 GiB at 8,192 tokens, where the step takes 0.91 GiB, and 0.52 GiB below."""

PRINTS_REQUESTS = version("0.20.1")

EAGER_STREAMS: Since[int] = Since(
    {"0.0": 3, "0.7.0": 4}, source="vllm/worker/model_runner.py: profile_run (V0), peaks in logs"
)

MLA_WORKSPACE_CHUNKS, MLA_WORKSPACE_ROWS, MLA_WORKSPACE_LIMIT = 8, 64, 65536
"""vllm/v1/attention/backends/mla/common.py: 8 x max_model_len, 4 pages per sequence, at most 64 Ki tokens."""

MOE_ROWS_LIMIT = 16384
"""Token copies are processed in chunks of VLLM_FUSED_MOE_CHUNK_SIZE tokens."""
DEEPGEMM_ALIGNMENT = 127
"""DeepGEMM pads every expert's rows up to the next 128."""


def cublas_workspace(gpu: Gpu) -> int:
    """cuBLAS workspace bytes: 32 MiB from compute capability 9.0, 8.125 MiB below (torch.cuda defaults)."""
    return 32 * MIB if (gpu.compute_capability or 0) >= 9.0 else round(8.125 * MIB)


PROFILED_APART = version("0.6.4")
"""From here memory outside torch is measured by itself (worker/worker.py: memory_profiling); before, whatever the card
lost during the profile run counts."""
NON_TORCH_V0 = version("0.7.0")
"""Before, the V0 profile run counts what the driver took since start-up."""
NON_TORCH_STEP = version("0.15.0")
"""From here NCCL and FlashInfer all-reduce buffers count on Hopper and Blackwell."""

GRAPH_SIZES_REFERENCE = 51
"""Captured sizes that the fitted bytes of a layer hold for: formulas/fitted.toml, graph_layer."""


def capture_sizes(release: Version, *, max_sequences: int, gpu: Gpu, largest: int | None = None) -> int:
    """How many batch sizes are captured: vllm/config/vllm.py _set_cudagraph_sizes, and worker/model_runner.py in V0.

    max_sequences counts the rows of a decode step, draft tokens included; largest is a stated bound.
    """
    if release < FIRST_V1:
        return _count(min(max_sequences, largest or 256, 256), 8, 8)
    if release < COMPILE_COPY:
        return _count(largest or 512, 8, 8)
    blackwell = (gpu.compute_capability or 0) in (10.0, 10.3)
    most = largest or min(2 * max_sequences, 1024 if release >= LARGER_BLACKWELL_GRAPHS and blackwell else 512)
    return _count(min(most, 248), 8, 8) + max(0, (most - 256) // 16 + 1)


def _count(most: int, first: int, step: int) -> int:
    small = sum(size <= most for size in (1, 2, 4))
    return small + max(0, (most - first) // step + 1)
