"""What the surface remembers: in this process, on this machine, in Redis; the same rules everywhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.settings import Secret, Settings
from bot.surfaces.slack.file_store import FileStore
from bot.surfaces.slack.store import MemoryStore, Store, Tenant, build_store
from tests.slack.serving import ROOT

KEEPS = """
import pathlib, sys
from bot.surfaces.slack.file_store import FileStore
FileStore(pathlib.Path(sys.argv[1])).set("a", "x", 60)
"""


@pytest.fixture(params=["process", "machine", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store, empty."""
    if request.param == "redis":
        return build_store(Settings(redis_url=Secret(request.getfixturevalue("redis_url"))))
    return MemoryStore() if request.param == "process" else FileStore(tmp_path / "kept.db")


def test_keeps_and_deletes(store: Store) -> None:
    """The last text under a key; nothing once it is deleted."""
    store.set("vram:slack:a", "one", 60)
    store.set("vram:slack:a", "two 用户 <!here>", 60)
    assert ("two 用户 <!here>", None) == (store.get("vram:slack:a"), store.get("vram:slack:b"))
    store.delete("vram:slack:a")
    assert store.get("vram:slack:a") is None


def test_a_claim_is_won_once(store: Store) -> None:
    """However many ask at once."""
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda _: store.claim("vram:slack:event", 60), range(40)))
    assert 1 == won.count(True)


def test_forgets_a_team_and_no_other(store: Store) -> None:
    """Names that begin alike, and names with a pattern's letters, are told apart."""
    gone, kept = Tenant(None, "T1"), [Tenant(None, "T11"), Tenant("E1", "T1"), Tenant(None, "T*")]
    for tenant in (gone, *kept):
        store.set(tenant.key("person", "U1"), "x", 60)
    store.forget(gone.prefix())
    assert [None, "x", "x", "x"] == [store.get(tenant.key("person", "U1")) for tenant in (gone, *kept)]
    store.forget(Tenant(None, "T*").prefix())
    assert "x" == store.get(Tenant(None, "T11").key("person", "U1"))


@pytest.mark.parametrize("make", [lambda path, now: MemoryStore(clock=now), FileStore])
def test_time_runs_out(make: Callable[[Path, Callable[[], float]], Store], tmp_path: Path) -> None:
    """What is kept for ten seconds is gone after them, and may be claimed again."""
    now = [1_000.0]
    store = make(tmp_path / "kept.db", lambda: now[0])
    store.set("a", "x", 10)
    first = (store.get("a"), store.claim("b", 10), store.claim("b", 10))
    now[0] += 11
    assert (("x", True, False), (None, True)) == (first, (store.get("a"), store.claim("b", 10)))


def test_processes_share_a_file(tmp_path: Path) -> None:
    """What one process keeps, another finds."""
    store = FileStore(tmp_path / "kept.db")
    subprocess.run([sys.executable, "-c", KEEPS, tmp_path / "kept.db"], check=True, cwd=ROOT)
    assert "x" == store.get("a")


def test_a_file_that_breaks(tmp_path: Path) -> None:
    """Nothing is remembered and nothing raises; an event whose claim cannot be kept is taken."""
    store = FileStore(tmp_path / "kept.db")
    (tmp_path / "kept.db").write_bytes(b"not a database at all, but long enough to be looked at" * 99)
    store.set("a", "x", 60)
    store.forget("a")
    assert (None, True) == (store.get("a"), store.claim("b", 60))


def test_a_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder of our own the process remembers alone."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert isinstance(build_store(Settings()), MemoryStore)
