"""What the surface remembers where there is no Redis: a SQLite file that the processes of one machine share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.surfaces.slack.logging import log

WAIT_SECONDS = 0.5
"""Longest wait for another process that is writing."""
TABLE = """
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, text TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ends ON kept (until);
"""


class FileStore:
    """Texts under keys, each for so many seconds; what cannot be written is forgotten. Raises OSError when made."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        try:
            with closing(self._open()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(TABLE)
        except sqlite3.Error as error:
            raise OSError(f"{path} is no store") from error

    def get(self, key: str) -> str | None:
        rows = self._run("SELECT text FROM kept WHERE key = ? AND until > ?", key, self._clock())
        return str(rows[0][0]) if rows else None

    def set(self, key: str, text: str, seconds: int) -> None:
        self._forget_ended()
        self._run("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", key, text, self._clock() + seconds)

    def claim(self, key: str, seconds: int) -> bool:
        self._forget_ended()
        added = self._run("INSERT OR IGNORE INTO kept VALUES (?, '', ?) RETURNING 1", key, self._clock() + seconds)
        return added is None or bool(added)

    def delete(self, key: str) -> None:
        self._run("DELETE FROM kept WHERE key = ?", key)

    def forget(self, prefix: str) -> None:
        self._run("DELETE FROM kept WHERE substr(key, 1, ?) = ?", len(prefix), prefix)

    def _forget_ended(self) -> None:
        self._run("DELETE FROM kept WHERE until <= ?", self._clock())

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=WAIT_SECONDS, isolation_level=None)

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]] | None:
        """The rows of one statement; None where the file is locked or broken."""
        try:
            with closing(self._open()) as connection:
                return connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError):
            log().warning("store_away")
            return None
