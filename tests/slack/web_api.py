"""A stand-in for Slack's Web API and response URLs: takes every call, remembers it, answers as told."""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_SECONDS = 10
RESPONSE_PATH = "/response/"


@dataclass
class Call:
    """One call as Slack would see it."""

    method: str
    """chat.postMessage, or "response" for a response URL."""
    token: str
    body: dict[str, Any]


@dataclass
class WebApi:
    """What arrived, and what to answer: method -> errors, each used once, or fixed fields.

    An error is one of Slack's codes, an HTTP status, or (429, seconds to wait).
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    errors: dict[str, list[str | int | tuple[int, int]]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    moment: int = 0

    def of(self, method: str, count: int = 1) -> list[dict[str, Any]]:
        """The bodies of the calls of one method, when at least so many have come."""
        return [call.body for call in self.wait(lambda: self._of(method), count)]

    def wait(self, found: Callable[[], list[Call]], count: int) -> list[Call]:
        deadline = time.monotonic() + WAIT_SECONDS
        while len(found()) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(found()) >= count, f"only {[call.method for call in self.calls]}"
        return found()

    def posted(self, cards: int = 1) -> list[Call]:
        """Wait until so many cards stand and the link of the last was asked for: by then its thread is remembered."""

        def linked() -> list[Call]:
            posts = [place for place, call in enumerate(self.calls) if call.method == "chat.postMessage"]
            last = posts[cards - 1] if len(posts) >= cards else len(self.calls)
            return [call for call in self.calls[last:] if call.method == "chat.getPermalink"]

        return self.wait(linked, 1)

    def response_url(self) -> str:
        """A fresh response URL."""
        self.moment += 1
        return f"{self.url}{RESPONSE_PATH}commands/T1/{self.moment}/secret"

    def clear(self) -> None:
        self.calls.clear()
        self.errors.clear()
        self.answers.clear()

    def answer(self, call: Call) -> dict[str, Any]:
        self.calls.append(call)
        if codes := self.errors.get(call.method):
            return {"ok": False, "error": codes.pop(0)}
        self.moment += 1
        fixed = {
            "auth.test": {"bot_id": "B1", "user_id": "UVRAM", "team_id": "T1", "bot_user_id": "UVRAM"},
            "views.open": {"view": {"id": f"V{self.moment}", "hash": "h"}},
            "chat.postMessage": {"ts": f"1800000000.{self.moment:06d}", "channel": call.body.get("channel")},
            "chat.update": {"ts": call.body.get("ts")},
            "chat.getPermalink": {"permalink": f"https://t.slack.com/archives/{call.body.get('channel')}/p1"},
        }
        return {"ok": True, **fixed.get(call.method, {}), **self.answers.get(call.method, {})}

    def _of(self, method: str) -> list[Call]:
        return [call for call in list(self.calls) if call.method == method]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what is done behind an acknowledgement."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _handler(api: WebApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            is_response = self.path.startswith(RESPONSE_PATH)
            method = "response" if is_response else self.path.rsplit("/", 1)[-1]
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            reply = api.answer(Call(method, token, _body(raw, self.headers.get("Content-Type") or "")))
            error = reply.get("error")
            status, wait = error if isinstance(error, tuple) else (error, None)
            if isinstance(status, int):
                code = "ratelimited" if status == HTTPStatus.TOO_MANY_REQUESTS else "internal_error"
                self._send(status, json.dumps({"ok": False, "error": code}), wait)
            elif is_response:
                self._send(400 if error else 200, error or "ok")
            else:
                self._send(200, json.dumps(reply))

        do_GET = do_POST

        def _send(self, status: int, text: str, wait: int | None = None) -> None:
            self.send_response(status)
            if wait is not None:
                self.send_header("Retry-After", str(wait))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *values: object) -> None:
            pass

    return Handler


@contextmanager
def running() -> Iterator[WebApi]:
    """A Web API on a free port of this machine."""
    api = WebApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield api
    server.shutdown()
    server.server_close()


def _body(raw: str, content_type: str) -> dict[str, Any]:
    if "json" in content_type:
        return json.loads(raw or "{}")
    form = dict(urllib.parse.parse_qsl(raw, keep_blank_values=True))
    return {key: _decoded(value) for key, value in form.items()}


def _decoded(value: str) -> Any:
    """Form fields that hold JSON: blocks, views, metadata."""
    if value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
