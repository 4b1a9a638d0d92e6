"""`python -m tools.refresh [WORD ...]` shows what the Hub says otherwise; --write keeps it in catalog/models."""

from __future__ import annotations

import argparse
import difflib
import sys
import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bot.settings import load
from bot.startup import connect
from catalog.load import FOLDER
from catalog.remote import AWAY, Remote, remote
from catalog.repository import Repository
from tools.refresh.compare import differences, origin, reads_alike
from tools.refresh.toml_rows import changed

MODELS = FOLDER / "models"


def main(arguments: list[str] | None = None, *, folder: Path = MODELS) -> int:
    """Prints a diff of every file whose rows the Hub has otherwise. 1: the Hub did not answer."""
    asked = _arguments(arguments)
    connect(load())
    source = remote()
    assert source is not None
    for file in sorted(folder.glob("*.toml")):
        before = file.read_text(encoding="utf-8")
        try:
            after = refreshed(before, asked.words, source, datetime.now(UTC).date())
        except ConnectionError as error:
            print(error, file=sys.stderr)
            return 1
        print("".join(_diff(before, after, file.name)), end="")
        if asked.write:
            file.write_text(after, encoding="utf-8")
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="refresh", description=__doc__)
    parser.add_argument("words", nargs="*", help="rows whose id contains one of these; none: all rows")
    parser.add_argument("--write", action="store_true", help="change the files")
    return parser.parse_args(arguments)


def refreshed(text: str, words: Iterable[str], source: Remote, day: date) -> str:
    """The text of one file after a new look at its rows. Raises ConnectionError where the Hub does not answer."""
    for row in tomllib.loads(text).get("model", ()):
        if any(word.lower() in row["id"].lower() for word in words) or not words:
            text = _row(text, row, source, day)
    return text


def _row(text: str, row: dict[str, Any], source: Remote, day: date) -> str:
    found = source.look_up(row["id"], row.get("revision", ""))
    if not isinstance(found, Repository):
        if found in AWAY:
            raise ConnectionError(f"The Hub does not answer ({found}); nothing more is read.")
        _note(row, found)
    elif found.gated or not found.config:
        _note(row, "gated" if found.gated else "no config.json")
    else:
        changes = differences(row, found)
        if not reads_alike(row, changes, found):
            _note(row, "its config means something else than this row, beyond the values compared: look at both")
        return changed(text, row["id"], {**changes, **origin(found, day)})
    return text


def _note(row: dict[str, Any], said: str) -> None:
    print(f"{row['id']}: {said}", file=sys.stderr)


def _diff(before: str, after: str, name: str) -> Iterator[str]:
    yield from difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}", n=1
    )


if __name__ == "__main__":
    raise SystemExit(main())
