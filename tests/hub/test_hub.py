"""The Hub's client: one host, bounded size and time, one error for everything that goes wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread

import pytest

from catalog import hub as module
from catalog.hub import Hub, HubError, is_identifier, is_revision
from tests.conftest import free_port
from tests.hub.stand_in import COMMIT, HUGE, Repo, StandIn, standing_in

MOST = 1000


def trouble(call: Callable[[], object]) -> str:
    """What went wrong."""
    with pytest.raises(HubError) as raised:
        call()
    return raised.value.trouble


def test_a_file_is_read_with_the_token(hub: StandIn, client: Hub) -> None:
    """A file arrives whole, asked for with the token."""
    hub.repos["acme/m"] = Repo(files={"a b.json": b"{}"})
    assert b"{}" == client.file("acme/m", "a b.json", COMMIT, most_bytes=MOST)
    assert "Bearer hf_test" == {name.lower(): value for name, value in hub.headers[-1].items()}["authorization"]


def test_a_part_is_read_by_range(hub: StandIn, client: Hub) -> None:
    """Only the bytes asked for are sent."""
    hub.repos["acme/m"] = Repo(files={"w": bytes(range(200))})
    assert bytes(range(10, 15)) == client.part("acme/m", "w", COMMIT, first=10, count=5)
    assert "bytes=10-14" == {name.lower(): value for name, value in hub.headers[-1].items()}["range"]


def test_a_redirect_on_the_same_host_is_followed(hub: StandIn, client: Hub) -> None:
    """A renamed repository is found under its new name."""
    hub.repos["acme/old"] = Repo(redirect_info="/api/models/acme/new")
    hub.repos["acme/new"] = Repo()
    assert b'"id": "acme/new"' in client.model_info("acme/old", most_bytes=MOST)


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1{path}",
        "https://example.com/x",
        "//example.com/x",
        "file:///etc/passwd",
        "http://127.0.0.1:99999999/",
        "http://[::1",
        "",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(hub: StandIn, client: Hub, target: str) -> None:
    """No response sends the client to another host, port or scheme."""
    hub.repos["acme/m"] = Repo(config={}, redirect=target or " ")
    assert "failing" == trouble(lambda: client.file("acme/m", "config.json", COMMIT, most_bytes=MOST))


def test_the_token_does_not_leave_the_host(hub: StandIn, client: Hub) -> None:
    """Another host that a redirect names is never asked."""
    with standing_in() as other:
        hub.repos["acme/m"] = Repo(config={}, redirect=other.url + "{path}")
        trouble(lambda: client.file("acme/m", "config.json", COMMIT, most_bytes=MOST))
        assert [] == other.headers


def test_redirects_in_circles_end(hub: StandIn, client: Hub) -> None:
    """A loop is given up."""
    hub.repos["acme/m"] = Repo(redirect_info="/api/models/acme/m")
    assert "failing" == trouble(lambda: client.model_info("acme/m", most_bytes=MOST))


@pytest.mark.parametrize(
    ("repo", "expected"),
    [
        (Repo(status=401), "gated"),
        (Repo(status=403, code="GatedRepo"), "gated"),
        (Repo(status=401, code="RepoNotFound"), "unknown"),
        (Repo(status=404), "unknown"),
        (Repo(status=404, code="RevisionNotFound"), "unknown"),
        (Repo(status=429), "limited"),
        (Repo(status=500), "failing"),
        (Repo(status=503), "failing"),
        (Repo(status=204), "failing"),
        (Repo(truncated=True), "failing"),
        (Repo(body=b" " * (MOST + 1)), "oversize"),
    ],
)
def test_statuses(hub: StandIn, client: Hub, repo: Repo, expected: str) -> None:
    """Every refusal and every damage has its name."""
    hub.repos["acme/m"] = repo
    assert expected == trouble(lambda: client.model_info("acme/m", most_bytes=MOST))


def test_a_missing_file_is_not_a_missing_repository(hub: StandIn, client: Hub) -> None:
    """404 for a file says which of both is not there."""
    hub.repos["acme/m"] = Repo()
    assert "missing" == trouble(lambda: client.file("acme/m", "config.json", COMMIT, most_bytes=MOST))
    assert "unknown" == trouble(lambda: client.file("acme/n", "config.json", COMMIT, most_bytes=MOST))


def test_a_huge_file_is_refused_unread(hub: StandIn, client: Hub) -> None:
    """A length beyond the limit is enough to refuse."""
    hub.repos["acme/m"] = Repo(config=b" " * HUGE)
    assert "oversize" == trouble(lambda: client.file("acme/m", "config.json", COMMIT, most_bytes=MOST))


def test_an_encoded_body_is_refused(hub: StandIn, client: Hub) -> None:
    """Nothing is unpacked, so nothing can be packed to burst."""
    hub.repos["acme/m"] = Repo(config={}, encoding="gzip")
    assert "failing" == trouble(lambda: client.file("acme/m", "config.json", COMMIT, most_bytes=MOST))


def test_nobody_listens() -> None:
    """A port that nobody serves is an unreachable Hub."""
    assert "unreachable" == trouble(lambda: Hub(f"http://127.0.0.1:{free_port()}").model_info("a/b", most_bytes=MOST))


def test_a_name_without_address() -> None:
    """A host that no resolver knows is an unreachable Hub."""
    assert "unreachable" == trouble(lambda: Hub("https://name.invalid").model_info("a/b", most_bytes=MOST))


def test_silence_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that accepts and never answers is given up."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert "slow" == trouble(lambda: Hub(f"http://127.0.0.1:{port}").model_info("a/b", most_bytes=MOST))


def test_a_trickle_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that keeps coming, byte by byte, is given up when its time is over."""
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=trickle, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        assert "slow" == trouble(lambda: Hub(f"http://127.0.0.1:{port}").model_info("a/b", most_bytes=MOST))


def trickle(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        try:
            while True:
                connection.sendall(b" ")
                connection.settimeout(0.02)
                try:
                    connection.recv(1)
                except TimeoutError:
                    continue
        except OSError:
            return


def test_offline_asks_nobody(hub: StandIn) -> None:
    """Offline mode sends nothing."""
    assert "offline" == trouble(lambda: Hub(hub.url, offline=True).model_info("a/b", most_bytes=MOST))
    assert [] == hub.headers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qwen/Qwen3-32B", True),
        ("a.b/c_d-e.f", True),
        ("gpt2", False),
        ("a/b/c", False),
        ("../etc", False),
        ("a/..", False),
        ("a/b..c", False),
        ("a/b--c", False),
        ("/a/b", False),
        ("a/b?x", False),
        ("a/b#x", False),
        ("a/b%2e", False),
        ("a@b/c", False),
        ("a/b\n", False),
        ("a/" + "b" * 97, False),
        ("ａ/b", False),
    ],
)
def test_identifiers(text: str, *, expected: bool) -> None:
    """Only owner/name in plain letters is ever put into an address."""
    assert expected == is_identifier(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("main", True), ("refs/pr/1", True), (COMMIT, True), ("../x", False), ("a b", False), ("", False), ("-x", False)],
)
def test_revisions(text: str, *, expected: bool) -> None:
    """Branches, tags and commits, and nothing that climbs."""
    assert expected == is_revision(text)
