"""What commands of vLLM state beside the fields of a question: the cache, towers, states, captures, the sampler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from formulas.units import GIB

MOST_BYTES, MOST_PAGES = 2**60, 2**40
MOST_CAPTURED = 2**16
"""Beyond these a flag is a slip of the pen."""
TRUE_VALUES = frozenset({"1", "true"})
FLASHINFER = "VLLM_USE_FLASHINFER_SAMPLER"


class Kept(NamedTuple):
    """A flag kept by name, and the setting that it states."""

    name: str
    field: str
    read: Callable[[Any], Any]


def _up_to(most: int) -> Callable[[Any], int | None]:
    """A whole number from 0 to the most that makes sense; anything else states nothing."""

    def read(value: Any) -> int | None:
        number = int(value)
        return number if 0 <= number <= most else None

    return read


def _is_false(value: Any) -> bool | None:
    return False if value else None


def _gib(value: Any) -> int | None:
    return _up_to(MOST_BYTES)(float(value) * GIB)


def _largest(value: Any) -> int | None:
    sizes = value.get("cudagraph_capture_sizes") if isinstance(value, Mapping) else None
    whole = [size for size in sizes if isinstance(size, int)] if isinstance(sizes, list) else []
    return _up_to(MOST_CAPTURED)(max(whole)) if whole else None


def _samples_with_flashinfer(value: Any) -> bool:
    return isinstance(value, Mapping) and str(value.get(FLASHINFER, "")).lower() in TRUE_VALUES


def _no_pictures(value: Any) -> bool:
    """No item of any kind is let in: towers are then not loaded either."""
    return isinstance(value, Mapping) and bool(value) and not any(value.values())


KEPT = (
    Kept("prefix_caching", "prefix_caching", bool),
    Kept("kv_connector", "hybrid_manager", _is_false),
    Kept("hybrid_manager_off", "hybrid_manager", lambda off: not off),
    Kept("limit_mm", "language_model_only", _no_pictures),
    Kept("language_model_only", "language_model_only", bool),
    Kept("kv_cache_memory_bytes", "kv_cache_memory_bytes", _up_to(MOST_BYTES)),
    Kept("gpu_blocks", "gpu_blocks", _up_to(MOST_PAGES)),
    Kept("cpu_offload_gb", "cpu_offload_bytes", _gib),
    Kept("compilation", "max_capture_size", _largest),
    Kept("max_cudagraph_capture", "max_capture_size", _up_to(MOST_CAPTURED)),
    Kept("mamba_ssm_dtype", "state_dtype", str),
    Kept("env", "flashinfer_sampler", _samples_with_flashinfer),
)
"""In the order of precedence: a later one that states the same setting wins."""


def kept_settings(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that flags kept by name state; a value that does not read as one states none."""
    found: dict[str, Any] = {}
    for kept in KEPT:
        if kept.name in extra and (value := _read(kept, extra[kept.name])) is not None:
            found[kept.field] = value
    return found


def _read(kept: Kept, value: Any) -> Any:
    try:
        return kept.read(value)
    except (TypeError, ValueError, OverflowError):
        return None
