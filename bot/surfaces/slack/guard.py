"""WSGI in front of Bolt: only requests that Slack signed, once each, get through; the rest is refused unread.

How Slack signs: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.patience import Patience

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from bot.surfaces.slack.replay import Seen

EVENTS_PATH = "/slack/events"
CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/json")
LARGEST_BODY = 256 * 1024
WINDOW_SECONDS = 300
BODY_SECONDS = 2.0
"""Slack sends a request at once and waits three seconds for the answer."""
LENGTH = re.compile(r"[0-9]{1,9}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

SLACK_IMAGES = "https://platform.slack-edge.com"
"""Has the button of the install page."""
PAGE_HEADERS = (
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {SLACK_IMAGES} data:; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Of the pages that a browser sees."""

Health = Callable[[], dict[str, Any]]


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: HTTPStatus, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


class Guard:
    """Serves EVENTS_PATH through `inner` and answers the paths in `health` itself.

    open_paths: pages that a browser opens without a signature, to install the app.
    """

    def __init__(
        self,
        inner: WSGIApplication,
        *,
        signing_secret: str,
        seen: Seen,
        health: dict[str, Health],
        open_paths: tuple[str, ...] = (),
        now: Callable[[], float] = time.time,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._inner, self._seen, self._health, self._now = inner, seen, health, now
        self._open_paths = frozenset(open_paths)
        self._key, self._patience = signing_secret.encode(), Patience(body_seconds)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            if health := self._health.get(environ.get("PATH_INFO", "")):
                return _healthy(health, environ, start_response)
            if environ.get("PATH_INFO") in self._open_paths:
                return self._inner(_opened(environ), _with_headers(start_response, PAGE_HEADERS))
            environ["wsgi.input"] = BytesIO(self._verified_body(environ))
            return self._inner(environ, start_response)
        except Refused as refused:
            log().info("refused", status=refused.status.value, reason=refused.reason)
            return _answer(start_response, refused.status, {"error": refused.reason}, **refused.headers)
        except Exception as error:
            reference = log_error("request_failed", error)
            return _answer(start_response, HTTPStatus.INTERNAL_SERVER_ERROR, {"error": reference})

    def _verified_body(self, environ: WSGIEnvironment) -> bytes:
        _check_route(environ)
        length = _body_length(environ)
        timestamp, signature = self._signature(environ)
        with self._patience.reading(environ.get("gunicorn.socket")):
            body = environ["wsgi.input"].read(length)
        if len(body) != length:
            raise Refused(HTTPStatus.BAD_REQUEST, "incomplete body")
        self._verify(timestamp, body, signature)
        return _decodable(body)

    def _signature(self, environ: WSGIEnvironment) -> tuple[str, str]:
        timestamp = environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")
        signature = environ.get("HTTP_X_SLACK_SIGNATURE", "")
        if not TIMESTAMP.fullmatch(timestamp) or not SIGNATURE.fullmatch(signature):
            raise Refused(HTTPStatus.UNAUTHORIZED, "no signature")
        if abs(self._now() - int(timestamp)) > WINDOW_SECONDS:
            raise Refused(HTTPStatus.UNAUTHORIZED, "stale timestamp")
        return timestamp, signature

    def _verify(self, timestamp: str, body: bytes, signature: str) -> None:
        expected = hmac.new(self._key, b"v0:%b:%b" % (timestamp.encode(), body), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={expected}", signature):
            raise Refused(HTTPStatus.UNAUTHORIZED, "wrong signature")
        if not self._seen.first_time(expected, int(timestamp)):
            raise Refused(HTTPStatus.UNAUTHORIZED, "signature used before")


def _opened(environ: WSGIEnvironment) -> WSGIEnvironment:
    """A browser's request for a page: GET, nothing sent along."""
    if environ.get("REQUEST_METHOD") != "GET":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "GET only", Allow="GET")
    return {**environ, "wsgi.input": BytesIO(b""), "CONTENT_LENGTH": "0"}


def _with_headers(start_response: StartResponse, added: tuple[tuple[str, str], ...]) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, *added], *rest)

    return start


def _check_route(environ: WSGIEnvironment) -> None:
    if environ.get("PATH_INFO") != EVENTS_PATH:
        raise Refused(HTTPStatus.NOT_FOUND, "no such path")
    if environ.get("REQUEST_METHOD") != "POST":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "POST only", Allow="POST")
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown content type")


def _body_length(environ: WSGIEnvironment) -> int:
    text = environ.get("CONTENT_LENGTH") or ""
    if not text:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "no content length")
    if not LENGTH.fullmatch(text) or int(text) > LARGEST_BODY:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body too large")
    return int(text)


def _decodable(body: bytes) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Refused(HTTPStatus.BAD_REQUEST, "not UTF-8") from None
    return body


def _healthy(health: Health, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "GET only", Allow="GET, HEAD")
    state = health()
    ready = state["status"] != "unavailable"
    return _answer(start_response, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, state)


def _answer(start_response: StartResponse, status: HTTPStatus, body: dict[str, Any], **headers: str) -> Iterable[bytes]:
    sent = json.dumps(body).encode()
    fixed = [("Content-Type", "application/json"), ("Content-Length", str(len(sent)))]
    start_response(f"{status.value} {status.phrase}", [*fixed, *headers.items()])
    return [sent]
