"""One piece of work per key at a time in this process, however many wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Result = TypeVar("Result")

MOST_AT_ONCE = 32
"""Keys worked on at the same time."""


class Busy(Exception):
    """As much is under way as is allowed."""


class SingleFlight(Generic[Result]):
    """Work runs in daemon threads, so that whoever stops waiting, or the end of the program, is not held up by it."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Result]] = {}

    def start(self, key: str, work: Callable[[], Result]) -> Future[Result]:
        """The work under way for this key, begun if there is none. Raises Busy."""
        with self._lock:
            future = self._under_way.get(key)
            if future is not None:
                return future
            if len(self._under_way) >= self._most:
                raise Busy
            future = self._under_way[key] = Future()
        threading.Thread(target=self._run, args=(key, work, future), name="hub", daemon=True).start()
        return future

    @property
    def is_busy(self) -> bool:
        """Whether any work is under way."""
        return bool(self._under_way)

    def _run(self, key: str, work: Callable[[], Result], future: Future[Result]) -> None:
        try:
            result = work()
        except BaseException as error:
            self._land(key)
            future.set_exception(error)
        else:
            self._land(key)
            future.set_result(result)

    def _land(self, key: str) -> None:
        with self._lock:
            self._under_way.pop(key, None)
