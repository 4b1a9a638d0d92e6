"""The server as the Procfile starts it, on a free port, and requests signed as Slack signs them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECRET = "a-signing-secret-for-tests"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PRODUCTION = "bot.surfaces.slack.server:create_app()"
STAND_IN = "tests.slack.stand_in:create_app()"
START_SECONDS = 30


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server; its log is a file."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def request(self, method: str, path: str, body: bytes | None = None, headers: Any = ()) -> Response:
        """Send exactly these headers, and Host; `headers` is a mapping or pairs."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in dict(headers).items():
                connection.putheader(name, value.encode("latin-1"))
            connection.endheaders(body)
            response = connection.getresponse()
            return Response(response.status, response.read())
        finally:
            connection.close()

    def post(self, body: bytes, **headers: str) -> Response:
        """A signed POST; keyword arguments replace headers, "" leaves one out."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**signed(body), **changed}
        return self.request("POST", "/slack/events", body, {name: value for name, value in sent.items() if value})

    def command(self, text: str, **fields: str) -> Response:
        return self.post(slash(text, **fields))


def slash(text: str, **fields: str) -> bytes:
    """The form that Slack posts for `/vram text`; a fresh trigger each time, as Slack has."""
    form = {
        "token": "deprecated",
        "team_id": "T1",
        "team_domain": "example",
        "channel_id": "C1",
        "channel_name": "deploys",
        "user_id": "U1",
        "user_name": "alice",
        "command": "/vram",
        "text": text,
        "api_app_id": "A1",
        "is_enterprise_install": "false",
        "response_url": "http://127.0.0.1:9/commands/T1/1/x",
        "trigger_id": f"1.{time.time_ns()}",
    }
    return urllib.parse.urlencode({**form, **fields}).encode()


def signed(
    body: bytes, *, secret: str = SECRET, timestamp: str | None = None, content_type: str = FORM
) -> dict[str, str]:
    """Headers of a request from Slack."""
    moment = str(int(time.time())) if timestamp is None else timestamp
    digest = hmac.new(secret.encode(), b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "X-Slack-Request-Timestamp": moment,
        "X-Slack-Signature": f"v0={digest}",
    }


def procfile_command(app: str = PRODUCTION) -> str:
    """The Procfile's web line, with another app factory in place of the real one if asked."""
    line = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web: "))
    return line.removeprefix("web: ").replace(PRODUCTION, app)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Only what the server needs: the caller's own settings stay out."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    known = {"PATH": path, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    slack = {
        "SLACK_BOT_TOKEN": "xoxb-1-test",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
    }
    hub = {} if "HF_ENDPOINT" in settings else {"HF_HUB_OFFLINE": "1"}
    return {**known, **slack, **hub, **settings}


def spawn(app: str, folder: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the Procfile's line in a shell, as the platform does."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            ["bash", "-c", "exec " + procfile_command(app)], cwd=ROOT, env=settings, stdout=log, stderr=log
        )


@contextmanager
def running(folder: Path, *, app: str = STAND_IN, **settings: str) -> Iterator[Server]:
    """A server that answers, until the block ends."""
    port = free_port()
    process = spawn(app, folder, environment(folder, PORT=str(port), **settings))
    server = Server(port, process, folder / "log")
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=40)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            server.request("GET", "/healthz")
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start: {server.log.read_text()}")
