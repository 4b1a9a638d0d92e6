"""What is known of one model repository or folder, as it was read: facts only, nothing computed from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Protocol

from pydantic import Field

from catalog.gguf_files import gguf_files
from catalog.hub import HubError, is_identifier
from catalog.reading import Unreadable, read_object
from catalog.safetensors import Tensors, read_header, read_index
from catalog.types import Fact, Size, WeightFile

CONFIG_BYTES = 2_000_000
"""Largest config.json read; the largest published one lists every quantized module and has 0.9 MB."""
INFO_BYTES = 8_000_000
"""Largest description of a repository read; 5,000 files take about 2 MB."""
MOST_BASES = 4
MOST_FILES = 20_000

CONFIG, ADAPTER = "config.json", "adapter_config.json"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Repository(Fact):
    """One revision of one repository."""

    id: str
    """As asked for."""
    commit: str = ""
    config: str = ""
    """config.json; empty where there is none. Kept as text, which is small and is read again where it is used."""
    adapter: str = ""
    """adapter_config.json of a LoRA adapter."""
    dtypes: dict[str, Size] = {}  # noqa: RUF012
    """Elements of the safetensors files by dtype."""
    tensor_bytes: Size = 0
    """Bytes of these tensors; 0 where the files do not tell."""
    files: tuple[WeightFile, ...] = ()
    """GGUF files."""
    gated: bool = False
    """Its description is public, its files are not."""
    bases: tuple[str, ...] = ()
    """Repositories that this one says it was made from."""
    gguf_architecture: str = ""
    gguf_parameters: Size = 0
    gguf_context: Size = 0
    """Longest sequence that the GGUF header states."""
    source: str
    """Where this was read, for people."""


class Files(Protocol):
    """Files of one repository. Raises HubError."""

    def whole(self, name: str, *, most_bytes: int) -> bytes: ...
    def part(self, name: str, *, first: int, count: int) -> bytes: ...


def read_repository(info: Mapping[str, Any], files: Files, *, identifier: str, source: str) -> Repository:
    """The repository that this description and these files show.

    info: id, sha, siblings (rfilename and size), safetensors, gguf and cardData as the Hub's model info gives them.
    Raises HubError where a file that exists cannot be read, Unreadable where one is damaged.
    """
    sizes = file_sizes(info)
    try:
        config = _object(files, CONFIG) if CONFIG in sizes or not sizes else {}
        adapter = _object(files, ADAPTER) if ADAPTER in sizes else {}
        gated = False
    except HubError as error:
        if error.trouble != "gated":
            raise
        config, adapter, gated = {}, {}, True
    tensors = _tensors(info, sizes, files, packed=_is_packed(config))
    gguf = _part(info, "gguf")
    return Repository(
        id=identifier,
        commit=str(info.get("sha") or "")[:40],
        gated=gated,
        config=json.dumps(config) if config else "",
        adapter=json.dumps(adapter) if adapter else "",
        dtypes=tensors.dtypes,
        tensor_bytes=tensors.bytes,
        files=gguf_files(sizes),
        bases=tuple(dict.fromkeys([*base_models(info), *adapted_model(adapter)])),
        gguf_architecture=str(gguf.get("architecture") or "")[:40],
        gguf_parameters=_whole(gguf.get("total")),
        gguf_context=_whole(gguf.get("context_length")),
        source=source,
    )


def file_sizes(info: Mapping[str, Any]) -> dict[str, int]:
    """Bytes of every file by its path; 0 where the description leaves them out."""
    siblings = info.get("siblings")
    listed = siblings[:MOST_FILES] if isinstance(siblings, list) else []
    named = (file for file in listed if isinstance(file, dict) and isinstance(file.get("rfilename"), str))
    return {file["rfilename"]: _whole(file.get("size")) or _whole(_part(file, "lfs").get("size")) for file in named}


def base_models(info: Mapping[str, Any]) -> Iterable[str]:
    """Ids of the models that the card names as its base."""
    said = _part(info, "cardData").get("base_model")
    listed = said[:MOST_BASES] if isinstance(said, list) else [said]
    return (name for name in listed if isinstance(name, str) and is_identifier(name))


def adapted_model(adapter: Mapping[str, Any]) -> Iterable[str]:
    """Id of the model that an adapter says it changes."""
    named = adapter.get("base_model_name_or_path")
    return (named,) if isinstance(named, str) and is_identifier(named) else ()


def _tensors(info: Mapping[str, Any], sizes: Mapping[str, int], files: Files, *, packed: bool) -> Tensors:
    """Totals by dtype from the description; from an index or a header where it has none, or counts packed numbers."""
    totals = _part(info, "safetensors").get("parameters")
    counted = Tensors.of(totals) if isinstance(totals, dict) else Tensors()
    if counted.bytes and not (packed and counted.has_packed and not counted.agrees_with(sizes)):
        return counted
    try:
        found = read_index(files, sizes) or read_header(files, sizes)
    except (HubError, Unreadable):
        found = None
    return Tensors(counted.dtypes or found.dtypes, found.bytes) if found else counted


def _object(files: Files, name: str) -> dict[str, Any]:
    try:
        return read_object(files.whole(name, most_bytes=CONFIG_BYTES), most_bytes=CONFIG_BYTES)
    except HubError as error:
        if error.trouble == "missing":
            return {}
        raise


def _is_packed(config: Mapping[str, Any]) -> bool:
    return "quantization_config" in config or "compression_config" in config


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    return part if isinstance(part, dict) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
