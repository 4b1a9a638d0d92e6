"""A repository's facts -> Model, by the same readers as the catalog's rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from catalog.architectures import read
from catalog.architectures.rope import stretched_positions
from catalog.pooling import pools
from catalog.quantization import find_recipe, read_quantization
from catalog.reading import read_object
from catalog.repository import CONFIG_BYTES, Repository
from catalog.safetensors import BITS, FLOATS
from catalog.types import Architecture, Model

MOST_MODELS = 512
FAMILY = "hub"
LARGEST_RANK = 4096
"""No adapter has a larger rank; a full matrix would be smaller."""
LOADED_BITS = 16
"""Engines load fp32 weights as 16 bits (vLLM --dtype auto)."""


def config_of(repository: Repository) -> dict[str, Any]:
    """The repository's config.json as an object; empty where it has none. Raises Unreadable."""
    return read_object(repository.config, most_bytes=2 * CONFIG_BYTES) if repository.config else {}


def adapter_rank(repository: Repository) -> int | None:
    """Rank of the LoRA adapter that a repository holds; None where it holds none, or one of a broken rank."""
    if not repository.adapter:
        return None
    rank = read_object(repository.adapter, most_bytes=2 * CONFIG_BYTES).get("r")
    return rank if type(rank) is int and 0 < rank <= LARGEST_RANK else None


def model_of(repository: Repository, architecture: Architecture | None = None, *, by: str = "") -> Model:
    """The model of a repository; its architecture given, with a word on how it was found, where config.json lacks it.

    Raises UnknownArchitecture and UnknownQuantization. One object per content: formulas remember models by identity.
    """
    digest = blake2b(repository.model_dump_json().encode(), digest_size=16).hexdigest()
    return _kept(f"{digest} {by}", lambda: _model(repository, architecture))


def _model(repository: Repository, architecture: Architecture | None) -> Model:
    config = config_of(repository)
    built = architecture or read(config)
    return Model(
        id=repository.id,
        revision=repository.commit or "main",
        family=FAMILY,
        architecture=built,
        quantization=read_quantization(config, built) if config else None,
        context=_context(repository, config, built),
        stored_bytes=loaded_bytes(repository, config) or None,
        files=repository.files,
        pooled=pools(config, built, repository.id),
        source=repository.source,
        checked=datetime.now(UTC).date(),
    )


def _context(repository: Repository, config: Mapping[str, Any], architecture: Architecture) -> int | None:
    """Longest sequence where it is not what the architecture says: scaled positions, or a GGUF header's own word."""
    if not config:
        return repository.gguf_context or None
    return stretched_positions(config) if architecture.role == "decoder" else None


def loaded_bytes(repository: Repository, config: Mapping[str, Any]) -> int:
    """Bytes of the tensors as an engine loads them; 0 where they are not known."""
    if find_recipe(config) is not None or not repository.dtypes:
        single = find_recipe(config) is None and "32" in str(config.get("dtype") or config.get("torch_dtype") or "")
        return repository.tensor_bytes // 2 if single else repository.tensor_bytes
    if set(repository.dtypes) - set(FLOATS):
        return repository.tensor_bytes
    bits = sum(min(BITS[dtype], LOADED_BITS) * count for dtype, count in repository.dtypes.items())
    return bits // 8


_models: OrderedDict[str, Model] = OrderedDict()


def _kept(key: str, build: Callable[[], Model]) -> Model:
    """The model built for this key before, or built now; the oldest are dropped."""
    model = _models.get(key)
    if model is None:
        model = _models.setdefault(key, build())
        while len(_models) > MOST_MODELS:
            _models.popitem(last=False)
    return model
