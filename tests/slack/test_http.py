"""Signed requests to gunicorn as the Procfile starts it."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.slack import replies, serving
from tests.slack.check_blocks import check
from tests.slack.serving import JSON, SECRET, Server, signed, slash
from tests.slack.web_api import until

UNSIGNED = {"X-Slack-Signature": "", "X-Slack-Request-Timestamp": ""}
NOTHING = {"status": 200, "body": b""}


def test_answer_is_in_the_acknowledgement(server: Server) -> None:
    """A slash command is answered in the response itself: ephemeral, verdict first, blocks that Slack accepts."""
    response = server.command("qwen3-32b fp8")
    body = response.json()
    assert (200, "ephemeral", "Fits: 65.0 of 72.0 GiB.") == (response.status, body["response_type"], body["text"])
    assert body["text"] == body["blocks"][0]["elements"][0]["elements"][0]["text"]
    check(body["blocks"])


def test_mentions_of_a_person_are_escaped(server: Server) -> None:
    """What a person typed reaches notification text with its brackets escaped, and blocks as plain text."""
    body = server.command("<!channel> & <@U1>").json()
    assert body["text"] == "Not understood: &lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert "mrkdwn" not in str(body["blocks"])


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (UNSIGNED, "no signature"),
        ({"X-Slack-Signature": "v0=" + "0" * 64}, "wrong signature"),
        ({"X-Slack-Signature": "v0=" + "0" * 63}, "no signature"),
        ({"X-Slack-Signature": "v0=" + "é" * 64}, "no signature"),
        ({"X-Slack-Signature": "v1=" + "0" * 64}, "no signature"),
        ({"X-Slack-Request-Timestamp": "abc"}, "no signature"),
        ({"X-Slack-Request-Timestamp": "1e5"}, "no signature"),
        ({"X-Slack-Request-Timestamp": "-1"}, "no signature"),
        ({"X-Slack-Request-Timestamp": "9" * 5000}, "no signature"),
        ({"X-Slack-Request-Timestamp": "¹²³"}, "no signature"),
        ({"X-Slack-Request-Timestamp": "1"}, "stale timestamp"),
        ({"X-Slack-Request-Timestamp": "9" * 12}, "stale timestamp"),
    ],
)
def test_unverified_requests_are_refused(server: Server, headers: dict[str, str], reason: str) -> None:
    """Whatever is wrong with signature or timestamp: 401, never an error of the server."""
    response = server.request("POST", "/slack/events", slash("x"), {**signed(slash("y")), **headers} | _length("x"))
    assert (401, {"error": reason}) == (response.status, response.json())


def _length(text: str) -> dict[str, str]:
    return {"Content-Length": str(len(slash(text)))}


@pytest.mark.parametrize("offset", [-301 - 5, 301 + 5])
def test_old_and_early_signatures_are_refused(server: Server, offset: int) -> None:
    """A correct signature counts for five minutes around its timestamp only."""
    body = slash("x")
    headers = signed(body, timestamp=str(int(time.time()) + offset))
    assert server.request("POST", "/slack/events", body, headers).status == 401


def test_another_secret_is_refused(server: Server) -> None:
    """A signature made with another app's secret is refused."""
    body = slash("x")
    assert server.request("POST", "/slack/events", body, signed(body, secret="other")).status == 401


def test_a_signature_counts_once(server: Server) -> None:
    """A replayed request is refused by every process of the server, not only by the one that saw it first."""
    body = slash("x")
    headers = signed(body)
    replays = [server.request("POST", "/slack/events", body, headers).status for _ in range(12)]
    assert [200] + [401] * 11 == replays


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/slack/events", 405),
        ("PUT", "/slack/events", 405),
        ("DELETE", "/slack/events", 405),
        ("POST", "/", 404),
        ("POST", "/slack/events/", 404),
        ("GET", "/slack/install", 404),
        ("GET", "/../etc/passwd", 404),
        ("POST", "/healthz", 405),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
    ],
)
def test_routes(server: Server, method: str, path: str, status: int) -> None:
    """One path takes Slack's requests, two tell a platform how the server is; nothing else exists."""
    body = slash("x")
    assert server.request(method, path, body, signed(body)).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(10**9)}, 413),
        ({"Content-Length": str(256 * 1024 + 1)}, 413),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": ""}, 415),
    ],
)
def test_requests_of_the_wrong_form(server: Server, headers: dict[str, str], status: int) -> None:
    """Too long or of an unknown type: refused before a byte of the body is read."""
    sent = {name: value for name, value in {**signed(b""), **headers}.items() if value}
    assert server.request("POST", "/slack/events", None, sent).status == status


def test_no_content_length(server: Server) -> None:
    """A body of unknown length is refused."""
    sent = signed(slash("x"))
    del sent["Content-Length"]
    assert server.request("POST", "/slack/events", None, sent).status == 411


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", JSON),
        (b"[]", JSON),
        (b"null", JSON),
        (b'"text"', JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 30_000, JSON),
        (b'{"type":"event_callback","event":[]}', JSON),
        (b'{"type":"event_callback","event":5}', JSON),
        (b'{"type":"event_callback","event":{"type":{}}}', JSON),
        (b'{"type":"event_callback","authorizations":[1]}', JSON),
        (b'{"type":"block_actions","actions":[]}', JSON),
        (b'{"team":[],"user":3,"view":1}', JSON),
        (b"payload=%7B", serving.FORM),
        (b"payload=%5B%5D", serving.FORM),
        (b"payload=7", serving.FORM),
        (b"{", serving.FORM),
        (b"\xff\xfe", serving.FORM),
        (b"command=/vram&text=%FF%FE%00", serving.FORM),
        (b"command=/other&text=x", serving.FORM),
        (b"", serving.FORM),
        (b"command=%2Fvram", serving.FORM),
    ],
)
def test_signed_nonsense_is_never_an_error_of_the_server(server: Server, body: bytes, content_type: str) -> None:
    """Bodies that no Slack sends are answered or refused, even with a right signature."""
    headers = signed(body, content_type=content_type)
    assert server.request("POST", "/slack/events", body, headers).status in (200, 400, 401, 404)


def test_certificate_check(server: Server) -> None:
    """Slack's ssl_check is acknowledged, and needs a signature like everything else."""
    body = urllib.parse.urlencode({"ssl_check": "1", "token": "x"}).encode()
    response = server.post(body)
    assert {"status": response.status, "body": response.body} == NOTHING
    assert server.request("POST", "/slack/events", body, {**signed(body), **_wrong()}).status == 401


def _wrong() -> dict[str, str]:
    return {"X-Slack-Signature": "v0=" + "f" * 64}


def test_url_verification(server: Server) -> None:
    """Slack's challenge for a new request URL is returned."""
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    assert server.post(body, Content_Type=JSON).json() == {"challenge": "abc"}


def test_an_error_of_ours(server: Server) -> None:
    """An exception becomes a sentence with a reference; the log has the place under it, never the person's words."""
    response = server.command("broken zebra-question")
    reference = response.json()["text"].rpartition("reference ")[2].rstrip(".")
    line = next(line for line in server.log.read_text().splitlines() if f'"{reference}"' in line)
    assert (200, "ephemeral") == (response.status, response.json()["response_type"])
    assert json.loads(line)["error"] == "ValueError"
    assert any("replies.py" in frame for frame in json.loads(line)["frames"])


def test_logs_hold_no_words_and_no_secrets(server: Server) -> None:
    """What people ask, tokens, signatures and response URLs are in no log, whether a request is taken or refused."""
    body = slash("zebra-question", response_url="https://hooks.slack.com/commands/T1/2/zebra-url")
    server.request("POST", "/slack/events", body, {**signed(body), **_wrong()})
    server.post(body)
    server.command("broken zebra-question")
    server.post(b"command=/zebra-question&text=zebra-question")
    server.post(b'{"zebra-question":', Content_Type=JSON)
    log = server.log.read_text()
    for secret in ("zebra", SECRET, "xoxb-", signed(body)["X-Slack-Signature"]):
        assert secret not in log


def test_twelve_at_once(server: Server) -> None:
    """Twelve commands of a second each, at once, are all answered in their own response."""
    with ThreadPoolExecutor(12) as pool:
        texts = [response.json()["text"] for response in pool.map(server.command, [f"slow 1 {n}" for n in range(12)])]
    assert ["Fits: 65.0 of 72.0 GiB."] * 12 == texts


def test_a_late_answer_follows(server: Server) -> None:
    """An answer that cannot make it in time is announced, then sent to the response URL."""
    with ResponseUrl() as (url, received):
        body = server.command("slow 2.5", response_url=url).json()
        assert body["text"].startswith("Still working")
        assert [("ephemeral", "Fits: 65.0 of 72.0 GiB.")] == _headlines(received, 1)


def test_refused_blocks_are_sent_once_more_as_plain_sections(server: Server) -> None:
    """When Slack answers invalid_blocks, the same answer goes out once in plain sections."""
    with ResponseUrl("invalid_blocks") as (url, received):
        server.command("slow 2.5", response_url=url)
        assert _headlines(received, 2)[0] == _headlines(received, 2)[1]
        assert {"section", "context", "actions"} == {block["type"] for block in received[1]["blocks"]}


def test_sigterm_lets_answers_finish(tmp_path: Path) -> None:
    """On SIGTERM the request being answered is answered, then the server ends by itself."""
    with serving.running(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(server.command, "slow 1.5")
        until(lambda: replies.BEGUN in server.log.read_text())
        server.process.send_signal(signal.SIGTERM)
        assert answered.result().json()["text"] == "Fits: 65.0 of 72.0 GiB."
        assert server.process.wait(timeout=30) == 0


def test_missing_settings_stop_the_server(tmp_path: Path) -> None:
    """Without its settings the server ends at once and names every one that is missing."""
    settings = serving.environment(tmp_path, PORT=str(serving.free_port()), SLACK_BOT_TOKEN="", SLACK_SIGNING_SECRET="")
    assert serving.spawn(serving.PRODUCTION, tmp_path, settings).wait(timeout=30) != 0
    assert "SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET" in (tmp_path / "log").read_text()


class ResponseUrl:
    """A place that takes what is sent to a response URL; the first answer may be a refusal."""

    def __init__(self, *first_answers: str) -> None:
        self.received: list[dict] = []
        answers, received = list(first_answers), self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                refusal = answers.pop(0) if answers else ""
                self.send_response(400 if refusal else 200)
                self.end_headers()
                self.wfile.write((refusal or "ok").encode())

            def log_message(self, *values: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> tuple[str, list[dict]]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/commands/T1/1/x", self.received

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _headlines(received: list[dict], count: int) -> list[tuple[str, str]]:
    deadline = time.monotonic() + 10
    while len(received) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return [(message["response_type"], message["text"]) for message in received]
