"""TOML data files -> validated rows and the settled names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from catalog import index
from catalog.compiled import CatalogError
from catalog.index import Kind
from catalog.rows import model_from_row
from catalog.types import Gpu, Machine, Model, NumberFormat

IDENTIFIER: dict[Kind, str] = {"model": "id", "gpu": "name", "format": "key", "machine": "name"}
"""What a row of each kind is called by."""

GIB = 2**30

Row = dict[str, Any]
Placed = tuple[str, Row]
"""A row and the file it stands in."""


def parse(folder: Path, files: Iterable[Path]) -> tuple[dict[str, Any], list[str]]:
    """What compiled.compiled gives, without the digest. Raises CatalogError where a file cannot be read.

    A row that does not validate is no row but an error under its key, so that it spoils no other.
    """
    tables: dict[Kind, dict[str, Placed]] = {kind: {} for kind in IDENTIFIER}
    for file in files:
        label = file.relative_to(folder).as_posix()
        for kind, row in _rows(file, label):
            _add(tables[kind], row, kind=kind, label=label)
    names = index.build({kind: {key: row for key, (_, row) in tables[kind].items()} for kind in tables})
    rows, errors = _validated(tables)
    keys = {kind: list(found) for kind, found in rows.items()}
    header = {"keys": keys, "errors": errors, "names": names.names, "shared": names.shared, "clashes": names.clashes()}
    return header, [text for found in rows.values() for text in found.values()]


def _rows(file: Path, label: str) -> Iterator[tuple[Kind, Row]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{label}: {error}") from error
    for kind, table in tables.items():
        if kind not in IDENTIFIER or not isinstance(table, list):
            raise CatalogError(
                f"{label}: {kind}: a data file holds [[model]], [[gpu]], [[machine]] or [[format]] rows only"
            )
        yield from ((kind, sized) for row in table for sized in _sizes(row))


def _sizes(row: Row) -> Iterator[Row]:
    """A chip sold with several memory sizes is one row in the file and one card per size in the catalog.

    The smallest size goes by the chip's own name, so that an unstated size never promises too much. So are machines
    of several names and the same cards.
    """
    if names := row.pop("names", ()):
        yield from ({**row, "name": name} for name in names)
        return
    options = sorted(row.pop("memory_options_gb", ()))
    if not options:
        yield row
        return
    smallest, *larger = options
    yield {**row, "marketed_gb": smallest, "visible_gib": smallest}
    bare = {key: value for key, value in row.items() if key not in ("aliases", "vague_aliases")}
    for size in larger:
        name = {"name": f"{row['name']} {size}GB", "series": [*row.get("series", []), *row.get("vague_aliases", [])]}
        yield {**bare, **name, "marketed_gb": size, "visible_gib": size}


def _add(rows: dict[str, Placed], row: Row, *, kind: Kind, label: str) -> None:
    key = row.get(IDENTIFIER[kind])
    if not isinstance(key, str):
        raise CatalogError(f"{label}: a {kind} row without {IDENTIFIER[kind]}: {row}")
    if key in rows:
        raise CatalogError(f"{label}: {key}: also in {rows[key][0]}")
    rows[key] = (label, row)


def _validated(tables: dict[Kind, dict[str, Placed]]) -> tuple[dict[Kind, dict[str, str]], dict[Kind, dict[str, str]]]:
    """Rows as JSON, and what is wrong with those that are none, by kind and key."""
    rows: dict[Kind, dict[str, str]] = {kind: {} for kind in tables}
    errors: dict[Kind, dict[str, str]] = {kind: {} for kind in tables}
    for kind, table in tables.items():
        for key, (label, row) in table.items():
            try:
                rows[kind][key] = _built(kind, label, row).model_dump_json(exclude_none=True)
            except (ValueError, TypeError, LookupError) as error:
                place = f"{label}: {key}: "
                errors[kind][key] = place + str(error).removeprefix(place)
    return rows, errors


def _built(kind: Kind, label: str, row: Row) -> Model | Gpu | NumberFormat | Machine:
    if kind == "model":
        return model_from_row(row, family=Path(label).stem)
    if kind == "format":
        return NumberFormat.model_validate(row)
    if kind == "machine":
        return Machine.model_validate(row)
    given = {"visible_gib", *(key for key in row if key.endswith("visible_gib"))}
    sizes = {key.removesuffix("gib") + "bytes": round(row[key] * GIB) for key in given}
    return Gpu.model_validate({key: value for key, value in row.items() if key not in given} | sizes)
