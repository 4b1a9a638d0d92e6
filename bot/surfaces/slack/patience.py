"""Ends reads that take too long: a request whose body trickles in would hold one of the server's threads for good."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOOKS_PER_SECOND = 4


class Patience:
    """Watches the sockets that are being read from, with one thread that runs while there are any."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        self._watches = False

    @contextmanager
    def reading(self, sock: socket.socket | None) -> Iterator[None]:
        """Within the block reads from `sock` end as at the end of a stream once the time is up."""
        if sock is None:
            yield
            return
        self._watch(sock)
        try:
            yield
        finally:
            with self._lock:
                self._until.pop(sock, None)

    def _watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._until[sock] = time.monotonic() + self._seconds
            starts, self._watches = not self._watches, True
        if starts:
            threading.Thread(target=self._look, name="vram-patience", daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(1 / LOOKS_PER_SECOND)
            with self._lock:
                now = time.monotonic()
                for sock in [sock for sock, until in self._until.items() if until < now]:
                    del self._until[sock]
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RD)
                if not self._until:
                    self._watches = False
                    return
