"""Models in a folder of this machine, for the terminal alone: a server must never read a path that somebody typed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.hub import HubError
from catalog.reading import Unreadable
from catalog.repository import CONFIG, CONFIG_BYTES, MOST_FILES, Repository, read_repository
from catalog.safetensors import header_totals, weight_names

_allowed: list[bool] = []


def allow(yes: bool) -> None:
    """Whether paths may be read; for the start of a program."""
    _allowed[:] = [True] if yes else []


def find_folder(text: str) -> Path | None:
    """The folder of a model, or its config.json, that a text names; None where it names none or none may be read."""
    if not _allowed:
        return None
    try:
        path = Path(text).expanduser()
        if path.is_file():
            return path if path.suffix == ".json" and path.stat().st_size <= CONFIG_BYTES else None
        return path if path.is_dir() and (path / CONFIG).is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None


def read_folder(path: Path) -> Repository:
    """The model of a folder, or of a config.json alone. Raises Unreadable."""
    single = path.is_file()
    files = _Folder(path.parent if single else path, path.name if single else CONFIG)
    sizes = {} if single else dict(files.sizes())
    listed = [{"rfilename": name, "size": size} for name, size in {CONFIG: 0, **sizes}.items()]
    info: dict[str, Any] = {"siblings": listed, "safetensors": {"parameters": _totals(files, sizes)}}
    try:
        return read_repository(info, files, identifier=str(path), source=str(path))
    except HubError as error:
        raise Unreadable(str(error)) from error


def _totals(files: _Folder, sizes: dict[str, int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for name in weight_names(sizes):
        for dtype, count in header_totals(files, name).items():
            totals[dtype] = totals.get(dtype, 0) + count
    return totals


class _Folder:
    """Files of one folder, as a repository shows them."""

    def __init__(self, folder: Path, config: str) -> None:
        self._folder, self._config = folder, config

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Bytes of every file, two levels deep."""
        for path in sorted([*self._folder.glob("*"), *self._folder.glob("*/*.gguf")])[:MOST_FILES]:
            if path.is_file():
                yield path.relative_to(self._folder).as_posix(), path.stat().st_size

    def whole(self, name: str, *, most_bytes: int) -> bytes:
        return self.part(self._config if name == CONFIG else name, first=0, count=most_bytes)

    def part(self, name: str, *, first: int, count: int) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(first, os.SEEK_SET)
                return file.read(count)
        except OSError as error:
            raise HubError("missing", name) from error
