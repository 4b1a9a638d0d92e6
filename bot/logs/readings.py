"""What a running server printed of its memory: the terms that stand in place of computed ones.

They travel in a question as words that the parser reads back: measured[weights=14.99GiB kv=2.89GiB tokens=23648 ...].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bot.logs.observation import Observation
from formulas.units import GIB, MIB

BLOCK_TOKENS = {"vllm": 16}
"""Tokens of a block where the log does not say: config/cache.py. LMDeploy's were 128, then 64, and are not assumed."""
DEVICE_TERMS = {
    "cuda_buffers_mib": "weights",
    "kv_buffers_mib": "kv_buffer",
    "state_buffers_mib": "kv_buffer",
    "compute_buffers_mib": "compute_buffer",
}
"""Fact of llama.cpp -> what it is a part of."""
PRINTED: dict[str, dict[str, tuple[str, ...]]] = {
    "vllm": {
        "weights": ("weights",),
        "activations": ("activation_peak",),
        "pool": ("available_kv", "available"),
        "graphs": ("graph",),
    },
    "sglang": {"weights": ("weights",), "pool": ("pools",), "graphs": ("graph",)},
    "llama.cpp": {"weights": ("weights",), "activations": ("graph_full",)},
    "tgi": {"weights": ("weights",)},
    "tensorrt-llm": {"weights": ("engine", "weights"), "pool": ("kv",)},
}
"""Engine -> term -> the facts that print it, without their unit. llama.cpp allocates what is asked for: no pool."""
TEXT = re.compile(r"\bmeasured\[([^\[\]\n]{1,400})\]")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(GiB|MiB)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Bytes on one GPU as a server printed them, and the settings that it was started with; None was not printed."""

    weights: int | None = None
    activations: int | None = None
    graphs: int | None = None
    pool: int | None = None
    """KV cache."""
    tokens: int | None = None
    """KV cache as the engine prints it."""
    card: int | None = None
    length: int | None = None
    util: float | None = None
    cache: str | None = None
    """KV cache format, where it was stated."""
    batched: int | None = None
    seqs: int | None = None
    eager: bool | None = None
    slots: int | None = None
    """Sequences that llama.cpp keeps room for."""

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.weights, self.activations, self.pool, self.tokens))

    def words(self) -> str:
        """As a question carries them."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        parts = [f"{name}={_written(name, value)}" for name, value in said.items() if value is not None]
        return f"measured[{' '.join(parts)}]"


def readings(log: Observation, settings: Mapping[str, Any]) -> Readings:
    """The terms that a log prints; settings: fields of Readings that the question or the log states.

    vLLM's line on consumed memory has its estimate of CUDA graphs among the activations (v1/worker/gpu_worker.py).
    """
    key = "llama.cpp" if log.engine == "ollama" else log.engine or ""
    printed = PRINTED.get(key, {})
    terms: dict[str, Any] = {term: _size(log, term, names) for term, names in printed.items()}
    if devices := by_device(log):
        fullest = max(devices.values(), key=lambda sizes: sum(sizes.values()))
        terms |= {"weights": fullest.get("weights"), "activations": fullest.get("compute_buffer")}
    if terms.get("activations") is None:
        terms["activations"] = _above_weights(log)
    elif log.size("consumed") is not None:
        estimate = log.size("graph_estimate")
        terms["activations"] = None if estimate is None else terms["activations"] - estimate
    if terms.get("pool") is None and not devices:
        terms["pool"] = _keys_and_values(log) or _blocks(log)
    tokens = _tokens(log) if "pool" in printed or key == "tgi" else None
    return Readings(**terms, tokens=tokens, card=log.size("total_gpu"), **settings)


def by_device(log: Observation) -> dict[str, dict[str, int]]:
    """Device -> term -> bytes, where buffers are printed device by device; caches and states of one device add up.

    What follows the first compute buffer of a device is that of a draft model.
    """
    found: dict[str, dict[str, int]] = {}
    for name, value in log.printed:
        if (term := DEVICE_TERMS.get(name)) is None or not isinstance(value, dict):
            continue
        for device, size in value.items():
            sizes = found.setdefault(str(device), {})
            if "compute_buffer" not in sizes and (term == "kv_buffer" or term not in sizes):
                sizes[term] = sizes.get(term, 0) + round(size * MIB)
    return found


def read_words(text: str) -> tuple[Readings | None, str]:
    """The readings that a question carries, and the question without them; what is not understood is left out."""
    found = TEXT.search(text) if "measured[" in text else None
    if found is None:
        return None, text
    pairs = dict(part.split("=", 1) for part in found[1].split() if "=" in part)
    known = {field.name: value for field in fields(Readings) if (value := _read(field.name, pairs)) is not None}
    return Readings(**known), f"{text[: found.start()]} {text[found.end() :]}"


# --------------------------------------------------------------------------- parts


def _size(log: Observation, term: str, names: tuple[str, ...]) -> int | None:
    """A size; of several GPUs that of the fullest, and the smallest pool, which decides for all."""
    sizes = next((sizes for name in names if (sizes := log.sizes(name))), [])
    return (min if term == "pool" else max)(sizes, default=None)


def _keys_and_values(log: Observation) -> int | None:
    """SGLang's pool: the first that it prints, as every GPU has the same; those of a draft model follow."""
    keys, values = log.size("k"), log.size("v")
    return keys + values if keys is not None and values is not None else log.size("available_kv")


def _above_weights(log: Observation) -> int | None:
    """The activation peak of early vLLM, which prints the peak of all that PyTorch held."""
    peaks, weights = log.sizes("peak_torch"), log.size("weights")
    return max(peaks) - weights if peaks and weights else None


def _blocks(log: Observation) -> int | None:
    """LMDeploy's pool: blocks of so many MiB each, where it prints them with decimals."""
    size, blocks = log.number("block_mib"), log.number("gpu_blocks")
    return round(size * MIB * blocks) if isinstance(size, float) and blocks else None


def _tokens(log: Observation) -> int | None:
    """Tokens as printed, the smallest where several GPUs print theirs; before vLLM printed them, blocks.

    SGLang prints the pool of windowed layers before that of the others, whose tokens are the server's.
    """
    if tokens := log.numbers("kv_tokens"):
        return int(tokens[-1] if log.engine == "sglang" else min(tokens))
    blocks = min(log.numbers("gpu_blocks"), default=0)
    size = log.number("block_size") or BLOCK_TOKENS.get(log.engine or "", 0)
    return int(blocks * size) if blocks and size else None


SIZES = frozenset({"weights", "activations", "graphs", "pool", "card"})
_WHOLE = frozenset({"tokens", "length", "batched", "seqs", "slots"})


def _written(name: str, value: Any) -> str:
    if name not in SIZES:
        return "1" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
    short = f"{value / GIB:.4g}"
    return f"{short}GiB" if round(float(short) * GIB) == value else f"{value / MIB:.6f}".rstrip("0").rstrip(".") + "MiB"


def _read(name: str, pairs: Mapping[str, str]) -> Any:
    text = pairs.get(name, "")
    if name in SIZES:
        size = _SIZE.fullmatch(text)
        return round(float(size[1]) * (GIB if size[2] == "GiB" else MIB)) if size else None
    if name in _WHOLE:
        return int(text) if re.fullmatch(r"\d{1,12}", text) else None
    if name == "util":
        return float(text) if re.fullmatch(r"[01]?\.?\d{1,6}", text) else None
    if name == "eager":
        return True if text == "1" else None
    return text if re.fullmatch(r"[a-z0-9_-]{2,12}", text) else None
