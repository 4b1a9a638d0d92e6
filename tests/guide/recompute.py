"""The guide's figures recomputed: by its own laws with its own inputs, and from the real architecture."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from catalog.load import load
from catalog.types import Attention, Gpu, Layer, Model
from formulas import compiled
from formulas.deployment import Deployment, Load

GB = 10**9
GIB = 2**30
KV_BYTES = 2
"""All caches of the guide are 16-bit, but those of its FP32 encoders."""
OVERHEAD_PERCENT = 15
H100 = "NVIDIA H100 SXM 80GB"
VLLM = (0, 33, 0)


@cache
def tables(name: str) -> dict[str, Any]:
    """A data file of this folder."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))


def cases() -> list[dict[str, Any]]:
    """The 22 cases by number."""
    rows: list[dict[str, Any]] = tables("cases")["case"]
    return rows


def by_law(name: str, inputs: Mapping[str, Any]) -> int:
    """A generated law applied to those of the inputs that it takes, in whole bytes."""
    function = getattr(compiled, name)
    return int(function(**{argument: inputs[argument] for argument in inspect.signature(function).parameters}))


def printed_bytes(figure: str, unit: int = GB) -> float:
    """A printed amount in bytes."""
    return float(figure) * unit


def rounding(figure: str, unit: int = GB) -> float:
    """Half a unit of the last printed digit, in bytes."""
    decimals = len(figure.partition(".")[2])
    return float(unit * 0.5 * 10**-decimals)


def within_rounding(figure: str, size: float, unit: int = GB) -> bool:
    """Whether a printed amount is this many bytes, rounded or cut to its last digit."""
    return abs(printed_bytes(figure, unit) - size) <= rounding(figure, unit) * (1 + 1e-9)


def verdict(figure: str, size: int) -> str:
    """right, binary (nearer in GiB, printed as GB) or wrong."""
    near = {unit: abs(printed_bytes(figure, unit) - size) for unit in (GB, GIB) if within_rounding(figure, size, unit)}
    if not near:
        return "wrong"
    return "right" if min(near, key=lambda unit: near[unit]) == GB else "binary"


def own_kv(case: Mapping[str, Any]) -> int:
    """All cached terms of a case by the guide's formulas and inputs."""
    return sum(by_law(term["law"], case["inputs"]) for term in case["kv"])


def own_weights(case: Mapping[str, Any]) -> int:
    return by_law("guide_weights", case["inputs"])


def own_total(case: Mapping[str, Any]) -> int:
    """(printed weights + exact KV cache + printed activations) * 1.15."""
    return total(
        weights=printed_bytes(case["weights"]), kv_cache=own_kv(case), activations=printed_bytes(case["activations"])
    )


def printed_total(case: Mapping[str, Any]) -> int:
    """The same from the printed KV cache."""
    kv_cache = sum(printed_bytes(term["printed"]) for term in case["kv"])
    return total(
        weights=printed_bytes(case["weights"]), kv_cache=kv_cache, activations=printed_bytes(case["activations"])
    )


def total(*, weights: float, kv_cache: float, activations: float) -> int:
    """The guide's full total with 15 % overhead."""
    parts = {"weights_bytes": round(weights), "cache_size": round(kv_cache), "activation_bytes": round(activations)}
    overhead = compiled.guide_overhead(**parts, overhead_percent=OVERHEAD_PERCENT)
    return int(compiled.guide_total(**parts, overhead_bytes=overhead))


def model(name: str) -> Model:
    """A catalog model by id."""
    return load().models[name]


def gpu(name: str) -> Gpu:
    """A catalog card by name."""
    return load().gpus[name]


def deployment(name: str, *, weights: str = "fp16", batch: int = 1, sequence_tokens: int = 2048) -> Deployment:
    """A model on one H100 with a 16-bit cache, served by vLLM."""
    catalog = load()
    return Deployment(
        model=catalog.models[name],
        weights=catalog.formats[weights],
        kv_cache=catalog.formats["bf16"],
        formats=catalog.formats,
        gpu=catalog.gpus[H100],
        engine="vllm",
        engine_version=VLLM,
        load=Load(batch=batch, sequence_tokens=sequence_tokens),
    )


def real_kv(name: str, *, batch: int, sequence_tokens: int) -> int:
    """Keys and values that the real layers keep, 16-bit, windows honoured; 0 for encoders; no cross-attention."""
    architecture = model(name).architecture
    if architecture.role == "encoder":
        return 0
    kept = (count * _layer_bytes(layer.mixer, sequence_tokens) for layer, count in architecture.counts)
    return batch * sum(kept)


def real_cross(name: str, *, batch: int) -> int:
    """Cross-attention keys and values of the encoder's positions, 16-bit."""
    architecture = model(name).architecture
    positions = (architecture.encoder.positions or 0) if architecture.encoder else 0
    return batch * sum(count * _layer_bytes(layer.cross_attention, positions) for layer, count in architecture.counts)


def _layer_bytes(mixer: object, tokens: int) -> int:
    if not isinstance(mixer, Attention):
        return 0
    kept = min(mixer.sliding_window or tokens, tokens)
    return 2 * mixer.num_key_value_heads * mixer.head_dim * KV_BYTES * kept


def attention(name: str) -> Attention:
    """The first attention layer of a model."""
    return next(mixer for layer in model(name).architecture.kinds if isinstance(mixer := _mixer(layer), Attention))


def _mixer(layer: Layer) -> object:
    return layer.mixer
