"""The only HTTP: files and facts of the Hugging Face Hub, from one host, within limits of size and time."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urljoin, urlsplit

ENDPOINT = "https://huggingface.co"

CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0
"""Longest silence inside one response."""
REQUEST_SECONDS = 6.0
"""Longest time for one response, headers and body."""
RESOLVED_SECONDS = 300.0
"""How long the host's address is trusted to be found again."""
MOST_REDIRECTS = 3

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_IDENTIFIER = re.compile(rf"{_PART}/{_PART}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")

Trouble = Literal["offline", "unreachable", "slow", "limited", "failing", "gated", "unknown", "missing", "oversize"]
"""offline: not to be asked; limited: 429; failing: 5xx, a broken answer, a redirect elsewhere; gated: 401 and 403;
unknown: no such repository or revision; missing: no such file; oversize: more bytes than allowed."""


class HubError(Exception):
    """The Hub gave no usable answer."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}" if detail else trouble)
        self.trouble: Trouble = trouble


def is_identifier(text: str) -> bool:
    """Whether a text has the form of a repository id: owner/name."""
    return bool(_IDENTIFIER.fullmatch(text)) and ".." not in text and "--" not in text


def is_revision(text: str) -> bool:
    """Whether a text has the form of a branch, tag or commit."""
    return bool(_REVISION.fullmatch(text)) and ".." not in text


class Hub:
    """One endpoint. Every method raises HubError and nothing else."""

    def __init__(self, endpoint: str = ENDPOINT, *, token: str | None = None, offline: bool = False) -> None:
        """token: sent to this endpoint alone; None: the one that `hf auth login` stored, if any."""
        self.endpoint = endpoint.rstrip("/")
        self.offline = offline
        self._token = token
        self._origin = _origin(self.endpoint)
        self._resolved_until = 0.0

    def model_info(self, identifier: str, revision: str = "", *, most_bytes: int) -> bytes:
        """What the Hub knows of a repository, as JSON: totals by dtype, card, files with sizes."""
        behind = f"/revision/{quote(revision, safe='')}" if revision else ""
        return self._get(f"/api/models/{identifier}{behind}?blobs=true", most_bytes=most_bytes)

    def search(self, words: str, *, most: int, most_bytes: int) -> bytes:
        """Models whose id has these words, as a JSON list, the most downloaded first."""
        return self._get(f"/api/models?search={quote(words)}&sort=downloads&limit={most}", most_bytes=most_bytes)

    def file(self, identifier: str, name: str, revision: str, *, most_bytes: int) -> bytes:
        """One file, whole."""
        return self._get(_path(identifier, name, revision), most_bytes=most_bytes)

    def part(self, identifier: str, name: str, revision: str, *, first: int, count: int) -> bytes:
        """Bytes first .. first + count - 1 of a file."""
        wanted = {"Range": f"bytes={first}-{first + count - 1}"}
        return self._get(_path(identifier, name, revision), most_bytes=count, headers=wanted)

    def _get(self, path: str, *, most_bytes: int, headers: Mapping[str, str] | None = None) -> bytes:
        if self.offline:
            raise HubError("offline")
        self._resolve()
        url, until = self.endpoint + path, time.monotonic() + REQUEST_SECONDS
        for _ in range(MOST_REDIRECTS + 1):
            with self._response(url, headers or {}) as response:
                if not HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST:
                    self._check(response, is_file="/resolve/" in path, is_part=bool(headers))
                    return _body(response, most_bytes, until)
                url = self._redirected(url, response.headers.get("Location", ""))
        raise HubError("failing", "redirected in circles")

    @contextmanager
    def _response(self, url: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """The response to one GET, its body not yet read; redirects are not followed."""
        try:
            from huggingface_hub.utils import build_hf_headers, get_session  # type: ignore[attr-defined]

            sent = {**build_hf_headers(token=self._token, library_name="vram-bot"), **headers}
            timeouts = (CONNECT_SECONDS, READ_SECONDS, READ_SECONDS, CONNECT_SECONDS)
            with get_session().stream(
                "GET", url, headers={**sent, "Accept-Encoding": "identity"}, timeout=timeouts, follow_redirects=False
            ) as response:
                yield response
        except HubError:
            raise
        except Exception as error:
            raise _trouble(error) from error

    def _redirected(self, url: str, location: str) -> str:
        """Where a redirect leads, which must be this endpoint again."""
        try:
            target = urljoin(url, location)
        except ValueError:
            target = ""
        if not location or _origin(target) != self._origin:
            raise HubError("failing", "redirected to another host")
        return target

    def _check(self, response: Any, *, is_file: bool, is_part: bool) -> None:
        """Raises what the status means."""
        status, code = response.status_code, response.headers.get("X-Error-Code", "")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise HubError("limited")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise HubError("unknown" if code == "RepoNotFound" else "gated")
        if status == HTTPStatus.NOT_FOUND:
            raise HubError("missing" if is_file and code not in ("RepoNotFound", "RevisionNotFound") else "unknown")
        if status != (HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK):
            raise HubError("failing", f"status {status}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise HubError("failing", "an encoded body")

    def _resolve(self) -> None:
        """Find the host's address first: a resolver without network may take longer than any time limit below it."""
        from urllib.request import getproxies

        if time.monotonic() < self._resolved_until or getproxies():
            return
        found: Future[None] = Future()
        threading.Thread(target=_look_up, args=(*self._origin[1:], found), daemon=True).start()
        try:
            found.result(CONNECT_SECONDS)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise HubError("unreachable", "no address") from error
        self._resolved_until = time.monotonic() + RESOLVED_SECONDS


def _look_up(host: str, port: int, found: Future[None]) -> None:
    try:
        socket.getaddrinfo(host, port)
        found.set_result(None)
    except (OSError, UnicodeError) as error:
        found.set_exception(error)


def _path(identifier: str, name: str, revision: str) -> str:
    return f"/{identifier}/resolve/{quote(revision, safe='')}/{quote(name)}"


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        return "", "", 0


def _body(response: Any, most_bytes: int, until: float) -> bytes:
    """The body, no longer and no later than allowed."""
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > most_bytes:
        raise HubError("oversize", f"{length} bytes")
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > most_bytes:
            raise HubError("oversize")
        if time.monotonic() > until:
            raise HubError("slow")
    return bytes(body)


def _trouble(error: Exception) -> HubError:
    """What an error of the HTTP library means; its classes are not ours to name."""
    name = type(error).__name__
    if name == "OfflineModeIsEnabled":
        return HubError("offline")
    if name == "ReadTimeout":
        return HubError("slow")
    if name in ("RemoteProtocolError", "DecodingError"):
        return HubError("failing", "a broken response")
    return HubError("unreachable", name)
