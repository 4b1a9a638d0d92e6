"""Which request signatures have been used: Slack's signatures stay valid for minutes, and each may count once."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot.surfaces.slack.logging import log
from bot.surfaces.slack.own_folder import make_own, own_folder
from catalog.cache import Breaker, connection

if TYPE_CHECKING:
    from bot.settings import Settings

KEPT_SECONDS = 600
"""Twice the window in which a timestamp is accepted, for clocks that run early as for those that run late."""
CLAIM_BYTES = 8


class Seen(Protocol):
    def first_time(self, signature: str, timestamp: int) -> bool:
        """Note a verified signature with the timestamp it covers; False if it was noted before."""


class FolderSeen:
    """Shared by the processes of one machine: an empty file per signature, in a folder per ten minutes."""

    def __init__(self, root: Path) -> None:
        self._root, self._memory = root, MemorySeen()
        make_own(root)

    def first_time(self, signature: str, timestamp: int) -> bool:
        """While the folder cannot be written to, this process's memory decides."""
        folder = self._root / str(timestamp // KEPT_SECONDS)
        try:
            return self._noted(folder, signature, timestamp)
        except OSError:
            log().warning("signatures_kept_in_memory")
            return self._memory.first_time(signature, timestamp)

    def _noted(self, folder: Path, signature: str, timestamp: int) -> bool:
        try:
            return _create(folder / signature)
        except FileNotFoundError:
            make_own(self._root)
            folder.mkdir(mode=0o700, exist_ok=True)
            self._forget_before(timestamp // KEPT_SECONDS - 1)
            return _create(folder / signature)

    def _forget_before(self, period: int) -> None:
        for folder in self._root.iterdir():
            if folder.name.isdigit() and int(folder.name) < period:
                shutil.rmtree(folder, ignore_errors=True)


class MemorySeen:
    """One process alone, where there is no folder to write to."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def first_time(self, signature: str, timestamp: int) -> bool:
        now = time.monotonic()
        with self._lock:
            while self._until and (oldest := next(iter(self._until))) and self._until[oldest] < now:
                del self._until[oldest]
            first = signature not in self._until
            self._until.setdefault(signature, now + KEPT_SECONDS)
        return first


class RedisSeen:
    """Shared by every machine; while Redis is away, `here` alone decides."""

    def __init__(self, client: Any, here: Seen) -> None:
        self._client, self._here, self._breaker = client, here, Breaker()

    def first_time(self, signature: str, timestamp: int) -> bool:
        return self._here.first_time(signature, timestamp) and self._first_anywhere(signature)

    def _first_anywhere(self, signature: str) -> bool:
        from redis import RedisError

        if not self._breaker.allows():
            return True
        try:
            first = self._claim(f"vram:signature:{signature}", secrets.token_bytes(CLAIM_BYTES))
        except (RedisError, OSError):
            self._breaker.failed()
            log().warning("redis_away")
            return True
        self._breaker.succeeded()
        return first

    def _claim(self, key: str, claim: bytes) -> bool:
        """Whether the key is ours; a retried SET may find the key that its first try has set."""
        return bool(self._client.set(key, claim, nx=True, ex=KEPT_SECONDS)) or self._client.get(key) == claim


def build_seen(settings: Settings) -> Seen:
    """The widest memory that these settings allow."""
    here = _here()
    return RedisSeen(redis_client(settings), here) if settings.redis_url else here


def redis_client(settings: Settings) -> Any:
    """A client that gives up quickly: a request is waiting."""
    url = settings.redis_url.reveal() if settings.redis_url else ""
    return connection(url, verify_tls=settings.redis_tls_verify)


def _here() -> Seen:
    try:
        return FolderSeen(own_folder("signatures"))
    except OSError:
        log().warning("signatures_kept_in_memory")
        return MemorySeen()


def _create(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True
