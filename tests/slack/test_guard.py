"""The guard alone, with a clock and an app of the test's own."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.surfaces.slack.guard import Guard
from bot.surfaces.slack.replay import MemorySeen
from tests.slack import serving

NOW = 1_800_000_000


def inner(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Gives the body back, or breaks when asked to."""
    body = environ["wsgi.input"].read()
    if body == b"break":
        raise RuntimeError("zebra")
    start_response("200 OK", [])
    return [body]


def call(environ: dict[str, Any], **options: float) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of one request to a new guard."""
    guard = Guard(inner, signing_secret=serving.SECRET, seen=MemorySeen(), health={}, now=lambda: NOW, **options)
    started: list[Any] = []
    body = b"".join(guard(environ, lambda *arguments: started.extend(arguments)))
    return started[0], dict(started[1]), body


def environ(body: bytes = b"x=1", *, timestamp: int = NOW, **changed: str) -> dict[str, Any]:
    """A signed request as WSGI has it."""
    headers = serving.signed(body, timestamp=str(timestamp))
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/slack/events",
        "CONTENT_TYPE": headers["Content-Type"],
        "CONTENT_LENGTH": headers["Content-Length"],
        "HTTP_X_SLACK_REQUEST_TIMESTAMP": headers["X-Slack-Request-Timestamp"],
        "HTTP_X_SLACK_SIGNATURE": headers["X-Slack-Signature"],
        "wsgi.input": io.BytesIO(body),
        **changed,
    }


@pytest.mark.parametrize(("offset", "status"), [(-301, "401"), (-300, "200"), (0, "200"), (300, "200"), (301, "401")])
def test_the_window_is_five_minutes_either_way(offset: int, status: str) -> None:
    """To the second."""
    assert status == call(environ(timestamp=NOW + offset))[0][:3]


@pytest.mark.parametrize("sent", [b"", b"x", b"x="])
def test_a_body_that_never_comes(sent: bytes) -> None:
    """The thread is free again once the time for a body is up, however much of it came."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(sent)
        held = {**environ(), "wsgi.input": stream, "gunicorn.socket": ours}
        assert ("400 Bad Request", b'{"error": "incomplete body"}') == call(held, body_seconds=0.1)[::2]


def test_a_body_that_comes_in_time() -> None:
    """Is read as ever, and its connection stays open for the next one."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(b"x=1x=1")
        kept = {**environ(), "wsgi.input": stream, "gunicorn.socket": ours}
        assert ["200 OK"] * 2 == [call({**kept})[0] for _ in range(2)]


@pytest.mark.parametrize(("size", "status"), [(0, "200"), (256 * 1024, "200"), (256 * 1024 + 1, "413")])
def test_the_largest_body(size: int, status: str) -> None:
    """To the byte."""
    assert status == call(environ(b"x" * size))[0][:3]


def test_the_app_reads_what_was_verified() -> None:
    """The body arrives unchanged."""
    assert b"x=%C3%A9&y" == call(environ(b"x=%C3%A9&y"))[2]


def test_a_body_shorter_than_announced() -> None:
    """A connection that ends early is refused, not verified."""
    short = environ(b"xy")
    short["wsgi.input"] = io.BytesIO(b"x")
    assert "400 Bad Request" == call(short)[0]


def test_the_allowed_method_is_named() -> None:
    """405 says what is allowed."""
    assert "POST" == call(environ(REQUEST_METHOD="PATCH"))[1]["Allow"]


def test_an_error_behind_the_guard_shows_a_reference_only() -> None:
    """The caller sees no message of the exception."""
    status, _, body = call(environ(b"break"))
    assert ("500 Internal Server Error", ["error"]) == (status, list(json.loads(body)))
    assert b"zebra" not in body


@given(
    changed=st.dictionaries(
        st.sampled_from(sorted(set(environ()) - {"wsgi.input"})),
        st.text(st.characters(max_codepoint=255), max_size=99) | st.text("0123456789abcdefv=-+. ", max_size=99),
        min_size=1,
    ),
    body=st.binary(max_size=200),
)
def test_no_header_makes_an_error(changed: dict[str, str], body: bytes) -> None:
    """Any header value at all: let through or refused, never an error of the server."""
    assert call(environ(body, **changed))[0][0] in "24"


def test_without_headers() -> None:
    """A request with nothing but a path."""
    assert "405" == call({"PATH_INFO": "/slack/events"})[0][:3]


def test_two_servers_of_one_machine_share_what_they_have_seen(tmp_path: Path) -> None:
    """Without Redis, a signature used at one process is refused at another."""
    body = serving.slash("x")
    headers = serving.signed(body)
    (tmp_path / "two").mkdir()
    with serving.running(tmp_path) as one, serving.running(tmp_path / "two", TMPDIR=str(tmp_path)) as two:
        statuses = [server.request("POST", "/slack/events", body, headers).status for server in (one, two)]
    assert [200, 401] == statuses
