"""The data files as one text that loads fast, kept beside them the way Python keeps .pyc files.

The first line is a checksum, the second JSON with all names and keys, and each further line one row as JSON, which is
read only when the row is looked up.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from catalog.types import SCHEMA_VERSION

PACKAGE = Path(__file__).parent
DIGEST_BYTES = 16


class CatalogError(ValueError):
    """A data file that breaks the rules; the message names the file and the key."""


def compiled(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The names and keys of a data folder, and its rows as JSON; parses TOML only after something changed."""
    files = data_files(folder)
    digest = _digest(files)
    copy = folder / "__pycache__" / f"catalog-{digest}.txt"
    lines = _stored(copy)
    if lines is None:
        from catalog import tables

        header, rows = tables.parse(folder, files)
        lines = [json.dumps({"digest": digest, **header}, ensure_ascii=False), *rows]
        _store(copy, lines)
    return json.loads(lines[0]), lines[1:]


def data_files(folder: Path) -> list[Path]:
    """Every data file in a fixed order."""
    return [*sorted(folder.glob("models/*.toml")), *sorted(folder.glob("gpus/*.toml")), *folder.glob("formats.toml")]


def _digest(files: Iterable[Path]) -> str:
    """Changes with the data, with the schema, and with the code that reads rows and settles names."""
    total = blake2b(str(SCHEMA_VERSION).encode(), digest_size=DIGEST_BYTES)
    for file in (*files, *sorted(PACKAGE.glob("*.py")), *sorted(PACKAGE.glob("architectures/*.*"))):
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def _stored(copy: Path) -> list[str] | None:
    """The compiled lines, or None where there are none that are whole."""
    try:
        check, _, body = copy.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return body.split("\n") if check == _checksum(body) else None


def _store(copy: Path, lines: Iterable[str]) -> None:
    """Write the copy in one step and drop older ones; a folder that cannot be written is no error."""
    body, draft = "\n".join(lines), copy.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        copy.parent.mkdir(exist_ok=True)
        draft.write_text(f"{_checksum(body)}\n{body}", encoding="utf-8")
        os.replace(draft, copy)
        for older in set(copy.parent.glob("catalog-*.txt")) - {copy}:
            older.unlink(missing_ok=True)


def _checksum(body: str) -> str:
    return blake2b(body.encode(), digest_size=DIGEST_BYTES).hexdigest()
