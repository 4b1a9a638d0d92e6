"""What a repository says otherwise than its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from catalog.architectures import UnknownArchitecture, read
from catalog.checkpoint import config_of
from catalog.quantization import UnknownQuantization, read_quantization
from catalog.repository import Repository
from catalog.safetensors import FLOATS

CONFIG = "config"


def differences(row: Mapping[str, Any], repository: Repository) -> dict[str, Any]:
    """Values of the row that the repository has otherwise, by dotted path; lists of names are the row's own summary."""
    found = {f"{CONFIG}.{path}": new for path, new in _values(row[CONFIG], config_of(repository))}
    total = sum(repository.dtypes.values())
    if row.get("parameters") not in (None, total) and total and set(repository.dtypes) <= set(FLOATS):
        found |= {"parameters": total, "parameters_source": f"safetensors total of {repository.source}"}
    return found


def _values(ours: Mapping[str, Any], theirs: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in ours.items():
        other = theirs.get(key)
        if isinstance(value, Mapping):
            yield from _values(value, other if isinstance(other, Mapping) else {}, f"{place}{key}.")
        elif _is_number(other) and value != other:
            yield f"{place}{key}", other


def _is_number(value: Any) -> bool:
    """Facts that a row repeats as they are: numbers, flags, words, and lists of numbers."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, int | float) for each in value)
    return isinstance(value, bool | int | float | str)


def origin(repository: Repository, day: date) -> dict[str, Any]:
    """The row's source and day, as of this reading."""
    return {"source": repository.source, "checked": day}


def reads_alike(row: Mapping[str, Any], changes: Mapping[str, Any], repository: Repository) -> bool:
    """Whether the row with these changes means what the repository's own config means."""
    try:
        ours, theirs = _meaning(_patched(row[CONFIG], changes)), _meaning(config_of(repository))
    except (UnknownArchitecture, UnknownQuantization):
        return False
    return ours == theirs


def _meaning(config: Mapping[str, Any]) -> tuple[Any, ...]:
    architecture = read(config)
    recipe = read_quantization(config, architecture)
    return architecture.model_dump(exclude={"dtype"}), recipe and recipe.model_dump()


def _patched(config: Mapping[str, Any], changes: Mapping[str, Any], place: str = f"{CONFIG}.") -> dict[str, Any]:
    return {
        key: _patched(value, changes, f"{place}{key}.")
        if isinstance(value, Mapping)
        else changes.get(f"{place}{key}", value)
        for key, value in config.items()
    }
