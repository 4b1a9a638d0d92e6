"""Copies of parsed data kept beside their source, as Python keeps .pyc files: checked when read, never required."""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

DIGEST_BYTES = 16
FOLDER = "__pycache__"


@cache
def toml(path: Path) -> dict[str, Any]:
    """A TOML file, parsed once per version of the file: parsing costs more than all else at start-up."""
    source = path.read_bytes()
    digest = blake2b(source, digest_size=DIGEST_BYTES).hexdigest()
    copy = path.parent / FOLDER / f"{path.stem}-{digest}.txt"
    lines = stored(copy)
    if lines is None:
        lines = [json.dumps(tomllib.loads(source.decode("utf-8")), ensure_ascii=False)]
        store(copy, lines)
    table: dict[str, Any] = json.loads(lines[0])
    return table


def stored(copy: Path) -> list[str] | None:
    """The lines of a copy, or None where there is none that is whole."""
    try:
        check, _, body = copy.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return body.split("\n") if check == _checksum(body) else None


def store(copy: Path, lines: Iterable[str]) -> None:
    """Write a copy in one step and drop those of other versions; a folder that cannot be written is no error."""
    body, draft = "\n".join(lines), copy.with_suffix(f".{os.getpid()}")
    others = f"{copy.stem.rpartition('-')[0]}-*.txt"
    with contextlib.suppress(OSError):
        copy.parent.mkdir(exist_ok=True)
        draft.write_text(f"{_checksum(body)}\n{body}", encoding="utf-8")
        os.replace(draft, copy)
        for older in set(copy.parent.glob(others)) - {copy}:
            older.unlink(missing_ok=True)


def _checksum(body: str) -> str:
    return blake2b(body.encode(), digest_size=DIGEST_BYTES).hexdigest()
