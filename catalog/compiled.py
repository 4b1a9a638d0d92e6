"""The data files as one text that loads fast, kept beside them the way Python keeps .pyc files.

The first line is a checksum, the second JSON with all names and keys, and each further line one row as JSON, which is
read only when the row is looked up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from catalog.kept import DIGEST_BYTES, store, stored
from catalog.types import SCHEMA_VERSION

PACKAGE = Path(__file__).parent
CODE = ("*.py", "types/*.py", "architectures/*.*")
"""What a change of makes every kept copy stale."""
DATA = ("models/*.toml", "gpus/*.toml", "machines/*.toml", "formats.toml")


class CatalogError(ValueError):
    """A data file that breaks the rules; the message names the file and the key."""


def compiled(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The names and keys of a data folder, and its rows as JSON; parses TOML only after something changed."""
    files = data_files(folder)
    digest = _digest(files)
    copy = folder / "__pycache__" / f"catalog-{digest}.txt"
    lines = stored(copy)
    if lines is None:
        from catalog import tables

        header, rows = tables.parse(folder, files)
        lines = [json.dumps({"digest": digest, **header}, ensure_ascii=False), *rows]
        store(copy, lines)
    return json.loads(lines[0]), lines[1:]


def data_files(folder: Path) -> list[Path]:
    """Every data file in a fixed order."""
    return [file for pattern in DATA for file in sorted(folder.glob(pattern))]


def _digest(files: Iterable[Path]) -> str:
    """Changes with the data, with the schema, and with the code that reads rows and settles names."""
    total = blake2b(str(SCHEMA_VERSION).encode(), digest_size=DIGEST_BYTES)
    code = (file for pattern in CODE for file in sorted(PACKAGE.glob(pattern)))
    for file in (*files, *code):
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()
