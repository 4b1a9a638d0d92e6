"""Number formats as the bot speaks of them: their usual choices by engine, and the catalog's row of each."""

from __future__ import annotations

from typing import NamedTuple

from bot.errors import Unsupported
from catalog.find import find_format
from catalog.types import Gpu, Model, NotFound, NumberFormat
from formulas.engines import engine

GGUF_ENGINE = "llama.cpp"
"""Reads GGUF files, and computes every format in 16 or 32 bits."""
GGUF_AS_STORED = "mxfp4"
"""A format that GGUF files keep as the checkpoint has it."""
GGUF_FOR_BITS = {4: "q4_k_m", 8: "q8_0"}
"""The usual GGUF type for weights of so many bits; llama.cpp serves no other quantized format."""

SIXTEEN_BIT = {"bfloat16": "bf16", "float16": "fp16", "float32": "bf16"}
"""Format an engine serves a checkpoint in by default; fp32 checkpoints are cast to 16 bits (vLLM --dtype auto)."""

EIGHT = 8


class EightBitCache(NamedTuple):
    """The 8-bit cache that an engine offers, and how it is asked for."""

    key: str
    flag: str


CACHE_IN_8_BITS = {
    "vllm": EightBitCache("fp8", "--kv-cache-dtype fp8"),
    "sglang": EightBitCache("fp8", "--kv-cache-dtype fp8_e4m3"),
    "tensorrt-llm": EightBitCache("fp8", "kv_cache_config.dtype=fp8"),
    "llama.cpp": EightBitCache("q8_0", "-ctk q8_0 -ctv q8_0"),
}
"""By engine: vllm config/cache.py, sglang server_args.py, tensorrt_llm llmapi KvCacheConfig, llama.cpp arg.cpp."""


def shown(key: str) -> str:
    """Format key as people and the JSON answer write it: the block layout of fp8 is fp8."""
    return "fp8" if key == "fp8-block" else key


def number_format(key: str) -> NumberFormat:
    """The catalog's format. Raises Unsupported for a key it does not have."""
    found = find_format(key)
    if isinstance(found, NotFound):
        raise Unsupported("unsupported.format", words=(key,), suggestions=found.suggestions)
    return found.item


def own_kv_cache(model: Model, gpu: Gpu, weights: NumberFormat, engine_key: str) -> str:
    """Format key of the KV cache that the engine picks by itself."""
    key = engine(engine_key).kv_cache(model, gpu)
    needs, has = number_format("bf16").min_compute_capability, gpu.compute_capability
    if key == "bf16" and weights.key != "bf16" and needs and has and has < needs:
        return "fp16"
    return weights.key if weights.key in ("fp16", "fp32") and key == "bf16" else key
