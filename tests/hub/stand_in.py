"""A Hub on loopback: real HTTP, responses shaped as the real one's, and every way in which it may fail."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUGE = 50_000_000
LONGEST_WAIT = 30.0


@dataclass
class Repo:
    """One repository: its description, its files, and how it behaves."""

    config: Any = None
    parameters: dict[str, int] | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of files that are listed and never read."""
    card: dict[str, Any] = field(default_factory=dict)
    gguf: dict[str, Any] | None = None
    status: int = 200
    """Of the description."""
    file_status: int = 200
    code: str = ""
    """X-Error-Code."""
    body: bytes | None = None
    """The description, where it is not JSON of the usual shape."""
    delay: float = 0.0
    gate: threading.Event | None = None
    """The description is held back until it is set."""
    truncated: bool = False
    redirect: str = ""
    """Where files lead to, {path} filled in."""
    redirect_info: str = ""
    encoding: str = ""

    def contents(self) -> dict[str, bytes]:
        config = {} if self.config is None else {"config.json": as_bytes(self.config)}
        return {**config, **self.files}

    def info(self, identifier: str) -> bytes:
        if self.body is not None:
            return self.body
        sizes = {**{name: len(text) for name, text in self.contents().items()}, **self.sizes}
        found: dict[str, Any] = {
            "_id": "0",
            "id": identifier,
            "sha": COMMIT,
            "private": False,
            "cardData": self.card,
            "siblings": [{"rfilename": name, "size": size} for name, size in sizes.items()],
        }
        if self.parameters is not None:
            found["safetensors"] = {"parameters": self.parameters, "total": sum(self.parameters.values())}
        if self.gguf is not None:
            found["gguf"] = self.gguf
        return json.dumps(found).encode()


def as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what some tests are about."""


class StandIn:
    """The server: its repositories by id, and what was asked of it."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.gate: threading.Event | None = None
        """Searches are held back until it is set."""
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def asked_about(self, identifier: str) -> int:
        """Descriptions asked for."""
        return sum(count for path, count in self.asked.items() if path.startswith(f"/api/models/{identifier}"))

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening, as a host that is gone."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def standing_in() -> Iterator[StandIn]:
    hub = StandIn()
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked[path] += 1
        self.hub.headers.append(dict(self.headers))
        if path == "/api/models":
            self._search(parse_qs(urlsplit(self.path).query)["search"][0])
        elif path.startswith("/api/models/"):
            self._info("/".join(path.split("/")[3:5]))
        else:
            _, owner, name, _, _, *rest = path.split("/")
            self._file(f"{owner}/{name}", "/".join(rest))

    def _search(self, words: str) -> None:
        found = [{"id": name} for name in self.hub.repos if all(word in name.lower() for word in words.split())]
        if self.hub.gate:
            self.hub.gate.wait(LONGEST_WAIT)
        self._send(200, json.dumps(found).encode(), {})

    def _info(self, identifier: str) -> None:
        repo = self.hub.repos.get(identifier)
        if repo is None:
            self._send(404, b'{"error":"Repository not found"}', {"X-Error-Code": "RepoNotFound"})
            return
        time.sleep(repo.delay)
        if repo.gate:
            repo.gate.wait(LONGEST_WAIT)
        if repo.redirect_info:
            self._send(307, b"", {"Location": repo.redirect_info})
        else:
            self._send(repo.status, repo.info(identifier), _code(repo), truncated=repo.truncated)

    def _file(self, identifier: str, name: str) -> None:
        repo = self.hub.repos.get(identifier, Repo(file_status=404, code="RepoNotFound"))
        content = repo.contents().get(name)
        if repo.redirect:
            self._send(307, b"", {"Location": repo.redirect.format(path=self.path)})
        elif repo.file_status != 200:
            self._send(repo.file_status, b"refused", _code(repo))
        elif content is None:
            self._send(404, b"Entry not found", {"X-Error-Code": "EntryNotFound"})
        elif self.headers.get("Range"):
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            self._send(206, content[first : last + 1], {})
        else:
            self._send(200, content, {"Content-Encoding": repo.encoding} if repo.encoding else {})

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, truncated: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) * (2 if truncated else 1)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True
        self.close_connection = self.close_connection or truncated

    def log_message(self, *arguments: Any) -> None:
        """Tests print nothing."""


def _code(repo: Repo) -> dict[str, str]:
    return {"X-Error-Code": repo.code} if repo.code else {}
