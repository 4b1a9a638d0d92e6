"""A row of catalog/models/<family>.toml -> Model, its config read by the same readers as any config.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.architectures import UnknownArchitecture, read
from catalog.pooling import pools
from catalog.quantization import UnknownQuantization, read_quantization
from catalog.types import Model

REQUIRED = ("id", "source", "checked", "config")
PLAIN = ("revision", "parameters_source", "parameters_note", "parameters_beyond", "context", "note")
OPTIONAL = (*PLAIN, "aliases", "vague_aliases", "parameters", "lm_head")
"""`vague_aliases` serve the search alone; `lm_head = false` says that the checkpoint carries no output head though the
class that its config names has one."""


class RowError(ValueError):
    """A row that cannot be used; the message names the file, the row and the key."""


def model_from_row(row: Mapping[str, Any], *, family: str) -> Model:
    """The model that a catalog row describes; `family` is the name of its file."""
    place = f"models/{family}.toml: {row.get('id', 'a row without id')}"
    check_keys(row, place)
    try:
        architecture = read(row["config"])
        quantization = read_quantization(row["config"], architecture)
    except (UnknownArchitecture, UnknownQuantization) as error:
        raise RowError(f"{place}: config: {error}") from error
    if row.get("lm_head") is False:
        architecture = architecture.model_copy(update={"lm_head": False})
    facts = {key: row[key] for key in ("id", "source", "checked", *PLAIN) if key in row}
    try:
        return Model(
            family=family,
            architecture=architecture,
            quantization=quantization,
            aliases=tuple(row.get("aliases", ())),
            published_parameters=row.get("parameters"),
            pooled=pools(row["config"], architecture, row["id"]),
            **facts,
        )
    except ValueError as error:
        raise RowError(f"{place}: {error}") from error


def check_keys(row: Mapping[str, Any], place: str) -> None:
    """Refuses missing and unknown keys, and a parameter total that does not say where it is from."""
    missing = [key for key in REQUIRED if not row.get(key)]
    unknown = [key for key in row if key not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        said = [*(f"{key}: missing" for key in missing), *(f"{key}: unknown key" for key in unknown)]
        raise RowError(f"{place}: {', '.join(said)}")
    if "parameters" in row and not row.get("parameters_source"):
        raise RowError(f"{place}: parameters_source: missing beside parameters")
