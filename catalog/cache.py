"""Where look-ups are remembered: this process, with Redis behind it where there is one. Answers never depend on it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Protocol, TypeVar

from catalog.types import SCHEMA_VERSION

Value = TypeVar("Value")

HOUR_SECONDS, DAY_SECONDS = 3_600, 86_400
PROCESS_ENTRIES = 4096
PROCESS_BYTES = 32_000_000
PROCESS_SECONDS = 60
"""How long the process trusts its copy of what Redis holds."""

REDIS_TIMEOUT_SECONDS = 0.08
"""With one retry of a broken connection, a look-up waits less than 100 ms for a Redis that hangs or is gone."""
REDIS_RETRIES = 1
REDIS_BACKOFF_SECONDS = 0.002
REDIS_BACKOFF_CAP_SECONDS = 0.01
REDIS_HEALTH_CHECK_SECONDS = 30
REDIS_CONNECTIONS = 32
BREAKER_SECONDS = 10
"""How long Redis is left alone after a failure."""

TOKEN_BYTES = 16
DELETE_IF_EQUAL = 'return redis.call("get", KEYS[1]) == ARGV[1] and redis.call("del", KEYS[1]) or 0'
"""Lua, run by Redis as one step: opens a lock only while the token that locked it is still there."""


class Cache(Protocol):
    """Remembers frozen values under text keys; forgetting is always allowed, raising never."""

    def get(self, key: str, type_: type[Value]) -> Value | None:
        """The value, or None where there is none of this type any more."""

    def set(self, key: str, value: Any, ttl: float) -> None:
        """Remember a frozen value for ttl seconds."""

    def lock(self, key: str, seconds: float) -> str | None:
        """A token that unlocks again, or None while somebody else holds this lock; it opens by itself after seconds."""

    def unlock(self, key: str, token: str) -> None:
        """Open a lock that this token still holds."""


class MemoryCache:
    """The least recently used entries of one process; values are kept as they are, so they must be frozen."""

    def __init__(
        self,
        entries: int = PROCESS_ENTRIES,
        clock: Callable[[], float] = time.monotonic,
        *,
        weigh: Callable[[Any], int] = lambda value: 0,
        most_bytes: int = PROCESS_BYTES,
    ) -> None:
        """weigh: bytes of a value; all values together take at most most_bytes."""
        self._entries, self._clock, self._weigh, self._most_bytes = entries, clock, weigh, most_bytes
        self._bytes = 0
        self._held: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._locks: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, type_: type[Value]) -> Value | None:
        with self._lock:
            until, value = self._held.get(key, (0.0, None))
            if value is None:
                return None
            if until <= self._clock():
                self._drop(key)
                return None
            self._held.move_to_end(key)
        return value if isinstance(value, type_) else None

    def set(self, key: str, value: Any, ttl: float) -> None:
        with self._lock:
            self._drop(key)
            self._held[key] = (self._clock() + ttl, value)
            self._bytes += self._weigh(value)
            while len(self._held) > self._entries or self._bytes > self._most_bytes:
                self._drop(next(iter(self._held)))

    def _drop(self, key: str) -> None:
        _, value = self._held.pop(key, (0.0, None))
        if value is not None:
            self._bytes -= self._weigh(value)

    def lock(self, key: str, seconds: float) -> str | None:
        with self._lock:
            until, _ = self._locks.get(key, (0.0, ""))
            if until > self._clock():
                return None
            self._locks[key] = (self._clock() + seconds, token := new_token())
            return token

    def unlock(self, key: str, token: str) -> None:
        with self._lock:
            if self._locks.get(key, (0.0, ""))[1] == token:
                del self._locks[key]

    def __len__(self) -> int:
        return len(self._held)


def new_token() -> str:
    """A word that nobody else has."""
    return token_hex(TOKEN_BYTES)


class Breaker:
    """Closed: calls go through. Open after a failure: none do, for a while. Then one is let through to try."""

    def __init__(self, seconds: float = BREAKER_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock, self._lock = seconds, clock, threading.Lock()
        self._opened: float | None = None

    def allows(self) -> bool:
        """Whether to call now; while open, one caller per period is told yes."""
        with self._lock:
            if self._opened is None:
                return True
            if self._clock() - self._opened < self._seconds:
                return False
            self._opened = self._clock()
            return True

    def succeeded(self) -> None:
        """The call worked: close."""
        self._opened = None

    def failed(self) -> None:
        """The call failed: open."""
        with self._lock:
            self._opened = self._clock()


class RedisCache:
    """JSON in Redis (or Valkey) under a process cache. With Redis away it is the process cache alone."""

    def __init__(
        self,
        url: str,
        *,
        verify_tls: bool = True,
        near: MemoryCache | None = None,
        breaker: Breaker | None = None,
        timeout: float = REDIS_TIMEOUT_SECONDS,
    ) -> None:
        self._client = connection(url, verify_tls=verify_tls, timeout=timeout)
        self._near = MemoryCache() if near is None else near
        self._breaker = Breaker() if breaker is None else breaker

    def get(self, key: str, type_: type[Value]) -> Value | None:
        near = self._near.get(key, type_)
        if near is not None:
            return near
        text = self._call(lambda: self._client.get(_versioned(key)))
        if text is None:
            return None
        value = self._validated(key, type_, text)
        if value is not None:
            self._near.set(key, value, PROCESS_SECONDS)
        return value

    def set(self, key: str, value: Any, ttl: float) -> None:
        self._near.set(key, value, min(ttl, PROCESS_SECONDS))
        text = _adapters[type(value)].dump_json(value)
        self._call(lambda: self._client.set(_versioned(key), text, px=max(1, round(ttl * 1000))))

    def lock(self, key: str, seconds: float) -> str | None:
        """Like Cache.lock, over all processes; with Redis away nobody else is heard of, and the lock is granted."""
        token, name = new_token(), _versioned(f"lock:{key}")
        held = self._call(lambda: bool(self._client.set(name, token, nx=True, px=round(seconds * 1000))), away=True)
        return token if held else None

    def unlock(self, key: str, token: str) -> None:
        self._call(lambda: self._client.eval(DELETE_IF_EQUAL, 1, _versioned(f"lock:{key}"), token))

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _validated(self, key: str, type_: type[Value], text: bytes) -> Value | None:
        """The entry as an object; one that does not validate is deleted."""
        try:
            return _adapters[type_].validate_json(text)
        except ValueError:
            self._call(lambda: self._client.delete(_versioned(key)))
            return None

    def _call(self, command: Callable[[], Any], *, away: Any = None) -> Any:
        """The command's result, or `away` while Redis cannot answer."""
        from redis.exceptions import RedisError

        if not self._breaker.allows():
            return away
        try:
            result = command()
        except (RedisError, OSError):
            self._breaker.failed()
            return away
        self._breaker.succeeded()
        return result


def open_cache(
    url: str | None = None,
    *,
    verify_tls: bool = True,
    near: MemoryCache | None = None,
    timeout: float = REDIS_TIMEOUT_SECONDS,
) -> Cache:
    """Redis at a redis:// or rediss:// URL, or this process's memory (`near`) without one. Does not connect yet.

    verify_tls=False accepts self-signed certificates, as some hosted Redis offers use.
    Raises ValueError for a URL of another kind.
    """
    memory = MemoryCache() if near is None else near
    return RedisCache(url, verify_tls=verify_tls, near=memory, timeout=timeout) if url else memory


def _versioned(key: str) -> str:
    return f"vram:{SCHEMA_VERSION}:{key}"


class _Adapters(dict[Any, Any]):
    """What reads and writes the values of a type as JSON, by type."""

    def __missing__(self, type_: Any) -> Any:
        from pydantic import TypeAdapter

        return self.setdefault(type_, TypeAdapter(type_))


_adapters = _Adapters()


def connection(url: str, *, verify_tls: bool, timeout: float = REDIS_TIMEOUT_SECONDS) -> Any:
    from redis import Redis
    from redis.backoff import ExponentialWithJitterBackoff
    from redis.exceptions import ConnectionError as ConnectionBroken
    from redis.retry import Retry

    backoff = ExponentialWithJitterBackoff(base=REDIS_BACKOFF_SECONDS, cap=REDIS_BACKOFF_CAP_SECONDS)
    tls = {"ssl_cert_reqs": "none"} if url.startswith("rediss://") and not verify_tls else {}
    return Redis.from_url(
        url,
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
        retry=Retry(backoff, REDIS_RETRIES, supported_errors=(ConnectionBroken,)),
        health_check_interval=REDIS_HEALTH_CHECK_SECONDS,
        max_connections=REDIS_CONNECTIONS,
        **tls,
    )
