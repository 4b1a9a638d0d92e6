"""What the surface remembers for a while, by team: in Redis where there is one, else on this machine.

Every key is vram:slack:<enterprise>:<team>:<kind>:<ids>, so that all of a team is found and deleted together.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bot.surfaces.slack.file_store import FileStore
from bot.surfaces.slack.logging import log
from bot.surfaces.slack.own_folder import own_folder
from catalog.cache import Breaker, connection

if TYPE_CHECKING:
    from bot.settings import Settings

Result = TypeVar("Result")

PREFIX = "vram:slack"
PROCESS_ENTRIES = 4096
MONTH_SECONDS = 30 * 86_400
SCAN_COUNT = 500
NOBODY = "-"


class Store(Protocol):
    """Texts under keys, each for so many seconds. Never raises."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, text: str, seconds: int) -> None: ...

    def claim(self, key: str, seconds: int) -> bool:
        """Whether nobody has claimed this key before."""

    def delete(self, key: str) -> None: ...

    def forget(self, prefix: str) -> None:
        """Delete every key that starts with this."""


class MemoryStore:
    """One process; the least recently used entries go first."""

    def __init__(self, entries: int = PROCESS_ENTRIES, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries, self._clock = entries, clock
        self._held: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            until, text = self._held.get(key, (0.0, ""))
            if until <= self._clock():
                self._held.pop(key, None)
                return None
            self._held.move_to_end(key)
            return text

    def set(self, key: str, text: str, seconds: int) -> None:
        with self._lock:
            self._held[key] = (self._clock() + seconds, text)
            self._held.move_to_end(key)
            while len(self._held) > self._entries:
                self._held.popitem(last=False)

    def claim(self, key: str, seconds: int) -> bool:
        with self._lock:
            until, _ = self._held.get(key, (0.0, ""))
            first = until <= self._clock()
            if first:
                self._held[key] = (self._clock() + seconds, "")
        return first

    def delete(self, key: str) -> None:
        with self._lock:
            self._held.pop(key, None)

    def forget(self, prefix: str) -> None:
        with self._lock:
            for key in [key for key in self._held if key.startswith(prefix)]:
                del self._held[key]


class RedisStore:
    """Shared by every process; while Redis is away, this process's memory stands in."""

    def __init__(self, client: Any, here: MemoryStore | None = None) -> None:
        self._client, self._here, self._breaker = client, here or MemoryStore(), Breaker()

    def get(self, key: str) -> str | None:
        found = self._call(lambda: self._client.get(key), lambda: self._here.get(key))
        return found.decode() if isinstance(found, bytes) else found

    def set(self, key: str, text: str, seconds: int) -> None:
        self._call(lambda: self._client.set(key, text, ex=seconds), lambda: self._here.set(key, text, seconds))

    def claim(self, key: str, seconds: int) -> bool:
        claimed = self._call(
            lambda: bool(self._client.set(key, "", nx=True, ex=seconds)), lambda: self._here.claim(key, seconds)
        )
        return bool(claimed)

    def delete(self, key: str) -> None:
        self._here.delete(key)
        self._call(lambda: self._client.delete(key), lambda: None)

    def forget(self, prefix: str) -> None:
        self._here.forget(prefix)
        self._call(lambda: self._forget(prefix), lambda: None)

    def _forget(self, prefix: str) -> None:
        pattern = "".join(f"[{letter}]" if letter in "*?[]\\" else letter for letter in prefix)
        for key in self._client.scan_iter(f"{pattern}*", count=SCAN_COUNT):
            self._client.delete(key)

    def _call(self, command: Callable[[], Result], otherwise: Callable[[], Result]) -> Result:
        from redis import RedisError

        if not self._breaker.allows():
            return otherwise()
        try:
            result = command()
        except (RedisError, OSError):
            self._breaker.failed()
            log().warning("redis_away")
            return otherwise()
        self._breaker.succeeded()
        return result


def build_store(settings: Settings) -> Store:
    """The widest memory that these settings allow."""
    if settings.redis_url:
        return RedisStore(connection(settings.redis_url.reveal(), verify_tls=settings.redis_tls_verify))
    try:
        return FileStore(own_folder("store") / "kept.db")
    except OSError:
        log().warning("kept_in_memory")
        return MemoryStore()


@dataclass(frozen=True, slots=True)
class Tenant:
    """One workspace, or one organisation where the app is installed for all of it."""

    enterprise: str | None
    team: str | None

    def key(self, kind: str, *parts: str) -> str:
        """The key of one entry of this team."""
        return ":".join((self._prefix(self.team or NOBODY), kind, *parts))

    def prefix(self) -> str:
        """What every key of this team starts with; of the whole organisation where no team is named."""
        return self._prefix(self.team) + ":" if self.team else self._prefix("")

    def _prefix(self, team: str) -> str:
        return f"{PREFIX}:{self.enterprise or NOBODY}:{team}"
