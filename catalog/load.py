"""The catalog as objects; a row is validated when it is first looked up."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from catalog.compiled import CatalogError, compiled
from catalog.index import Kind, Named
from catalog.types import Fact, Gpu, Machine, Model, NumberFormat

FOLDER = Path(__file__).parent

Row = TypeVar("Row", bound=Fact)


class Rows(Mapping[str, Row], Generic[Row]):
    """Rows by id, name or key, read from JSON on first use; each is one object from then on.

    A row that broke the rules raises CatalogError when it is looked up; what never was a row, KeyError.
    """

    def __init__(self, type_: type[Row], texts: Mapping[str, str], errors: Mapping[str, str]) -> None:
        self._type, self._texts, self._errors = type_, texts, errors
        self._built: dict[str, Row] = {}

    def __getitem__(self, key: str) -> Row:
        built = self._built.get(key)
        return self._first(key) if built is None else built

    def _first(self, key: str) -> Row:
        if key in self._errors:
            raise CatalogError(self._errors[key])
        return self._built.setdefault(key, self._type.model_validate_json(self._texts[key]))

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class Catalog:
    """Models by id, GPUs and machines by name, number formats by key, and the one index of all their names."""

    def __init__(self, header: Mapping[str, Any], lines: Iterable[str]) -> None:
        """header and lines as compiled.compiled gives them."""
        texts, errors = iter(lines), header["errors"]
        rows: dict[Kind, dict[str, str]] = {
            kind: dict(zip(keys, texts, strict=False)) for kind, keys in header["keys"].items()
        }
        self.digest: str = header["digest"]
        """Changes with any data file: part of every cache key."""
        self.models: Mapping[str, Model] = Rows(Model, rows["model"], errors["model"])
        self.gpus: Mapping[str, Gpu] = Rows(Gpu, rows["gpu"], errors["gpu"])
        self.formats: Mapping[str, NumberFormat] = Rows(NumberFormat, rows["format"], errors["format"])
        self.machines: Mapping[str, Machine] = Rows(Machine, rows["machine"], errors["machine"])
        self.errors: tuple[str, ...] = tuple(message for broken in errors.values() for message in broken.values())
        """What is wrong with the rows that are not there."""
        self.names: Mapping[str, tuple[Kind, str, bool]] = header["names"]
        """Folded name -> the one row it stands for, as the fields of Named."""
        self.shared: Mapping[str, tuple[Named, ...]] = _claims(header["shared"])
        """Folded name -> rows that claim it, none with more right than the others."""
        self.clashes: Mapping[str, tuple[Named, ...]] = _claims(header["clashes"])
        """The part of shared that rows state outright: mistakes in the data files."""

    def named(self, name: str) -> Named | None:
        """The one row that a folded name stands for."""
        fields = self.names.get(name)
        return Named(*fields) if fields else None

    @cached_property
    def rows_by_name(self) -> Mapping[Kind, Mapping[str, list[str]]]:
        """Kind -> every folded name of it with the rows that have it."""
        found: dict[Kind, dict[str, list[str]]] = {kind: {} for kind in get_args(Kind)}
        for name, (kind, key, _) in self.names.items():
            found[kind][name] = [key]
        for name, claims in self.shared.items():
            for named in claims:
                found[named.kind].setdefault(name, []).append(named.key)
        return found

    def rows(self, kind: Kind) -> Mapping[str, Any]:
        """All rows of a kind."""
        return {"model": self.models, "gpu": self.gpus, "format": self.formats, "machine": self.machines}[kind]


def _claims(data: Mapping[str, Any]) -> dict[str, tuple[Named, ...]]:
    return {key: tuple(Named(*named) for named in claims) for key, claims in data.items()}


_loading = threading.Lock()


def load() -> Catalog:
    """The catalog that ships with the project, one object per process; raises CatalogError on bad data."""
    with _loading:
        return _load()


@cache
def _load() -> Catalog:
    return read(FOLDER)


def read(folder: Path) -> Catalog:
    """The catalog of a folder that holds models/, gpus/, machines/ and formats.toml."""
    return Catalog(*compiled(folder))
