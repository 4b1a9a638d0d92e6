"""llama.cpp build by build: defaults, and what its compute buffers hold. A build is a version: (10919, 0, 0)."""

from __future__ import annotations

from formulas.deployment import version
from formulas.since import Since
from formulas.units import GIB, MIB

LATEST = version("10919")
"""The build vendored in llama-cpp-python 0.3.36."""

MICRO_BATCH = 512
"""n_ubatch: llama.cpp common/common.h."""
FIT_MARGIN = GIB
"""Left free on every device by --fit, on by default: llama.cpp common/common.h, fit_params_target."""

FLASH_ATTENTION: Since[bool] = Since(
    {"0": False, "6325": True},
    source="llama.cpp#15434 (August 2025): -fa auto by default; the build number is approximate",
)
MASK_BYTES: Since[int] = Since(
    {"0": 6, "9380": 2},
    source="llama.cpp#23764 (2026-05-27): with flash attention the mask is fp16 alone, before fp32 and fp16; "
    "build 9272 is five days older, the exact one was not read",
)
FEW_OUTPUTS: Since[bool] = Since(
    {"0": False, "9430": True},
    source="llama.cpp#23861 (2026-05-29): the server reserves logits of one token a slot, before of a micro batch; "
    "build 9272 is a week older, the exact one was not read",
)
ENCODERS_CACHED: Since[bool] = Since(
    {"0": True, "5261": False},
    source="llama.cpp#13108 (merged on 2025-05-02): no cache for BERT and its kin; the build number is approximate",
)
SHARED_SLOTS: Since[int] = Since(
    {"0": 0, "6924": 4},
    source="llama.cpp#16736 (2025-11-02): llama-server without -np runs four slots that share the context; the build "
    "number is approximate, 7079 has it",
)
"""Slots of llama-server where the command states none; 0: one slot."""
OWN_CONTEXT: Since[int] = Since(
    {"0": 512, "4016": 4096, "7406": 0},
    source="llama.cpp#10136 (2024-11-02) and #16653 (2025-12-15); the build numbers are approximate, 7437 has both",
)
"""Context of llama-server and llama-cli where the command states none; 0: as much of the model's own as fits."""
OWN_LAYERS: Since[int | None] = Since(
    {"0": 0, "6325": None},
    source="llama.cpp#15434 (August 2025): all layers by default; the build number is approximate",
)
"""Layers on the GPU where the command states none, but for Metal, which always had all; None: all."""
PIPELINE_COPIES = 4
"""Copies of the graph's inputs over several GPUs: llama.cpp ggml/src/ggml-backend.cpp, GGML_SCHED_MAX_COPIES."""

CONTEXT_BYTES = round(0.45 * GIB)
CONTEXT_BAND = round(0.15 * GIB)
"""CUDA or HIP context, kernels and cuBLAS workspace of one process on one card: 0.3 to 0.6 GiB."""
COMPUTE_BAND = 0.15
"""Share of the compute buffer: seven logged buffers against the law, worst 14 %; per-layer embeddings (Gemma 4 E4B)
are not in it, 84 MiB low."""
COMPUTE_BAND_LEAST = 96 * MIB

METAL_SHARE = 0.75
"""Of unified memory that macOS lets the GPU take (recommendedMaxWorkingSetSize); two thirds on machines up to 36 GB."""
