"""Look-ups are remembered in the process and in Redis, and answered whatever becomes of Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from catalog.cache import Breaker, MemoryCache, RedisCache, open_cache
from catalog.find import Finder, Found, Lookup
from catalog.load import load
from catalog.types import SCHEMA_VERSION, NotFound
from tests.catalog.tls import self_signed, tls_in_front_of

if TYPE_CHECKING:
    from tests.conftest import RedisServer

ROOT = Path(__file__).parents[2]
OPENSSL = which("openssl")
VALUE = Lookup(key="NVIDIA L4", suggestions=("a", "b"))
HOUR = 3600.0
LOOK_UP = """
import sys
from catalog.cache import open_cache
from catalog.find import Finder
from catalog.load import load

print(Finder(load(), open_cache(sys.argv[1])).find_gpu("h100x").suggestions[0])
print("rapidfuzz" in sys.modules)
"""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def raw_key(key: str) -> str:
    """The key as Redis holds it."""
    return f"vram:{SCHEMA_VERSION}:{key}"


Opener = Callable[..., RedisCache]


@pytest.fixture
def far() -> Iterator[Opener]:
    """Opens the Redis cache of a process that has nothing in memory yet."""
    with ExitStack() as stack:

        def opened(url: str, **options: Any) -> RedisCache:
            cache = RedisCache(url, **options)
            stack.callback(cache.close)
            return cache

        yield opened


# --------------------------------------------------------------------------- process


def test_memory_gives_back_what_was_set(clock: Clock) -> None:
    """A value is there until its time is over."""
    cache = MemoryCache(clock=clock)
    cache.set("k", VALUE, 10)
    clock.now += 9.9
    assert VALUE is cache.get("k", Lookup)
    clock.now += 0.1
    assert cache.get("k", Lookup) is None


def test_memory_forgets_the_least_recently_used() -> None:
    """A full cache drops what has not been asked for longest."""
    cache = MemoryCache(entries=2)
    cache.set("a", VALUE, HOUR)
    cache.set("b", VALUE, HOUR)
    cache.get("a", Lookup)
    cache.set("c", VALUE, HOUR)
    assert [VALUE, None, VALUE] == [cache.get(key, Lookup) for key in "abc"]


def test_memory_is_shared_by_threads() -> None:
    """Many threads on few entries neither fail nor overfill it."""
    cache = MemoryCache(entries=5)

    def use(number: int) -> Lookup | None:
        cache.set(str(number % 9), VALUE, HOUR)
        return cache.get(str((number + 1) % 9), Lookup)

    with ThreadPoolExecutor(8) as pool:
        found = set(map(id, pool.map(use, range(2000))))
    assert found <= {id(VALUE), id(None)}
    assert 5 == len(cache)


def test_memory_gives_no_other_type() -> None:
    """A value of another type is no hit."""
    cache = MemoryCache()
    cache.set("k", VALUE, HOUR)
    assert cache.get("k", NotFound) is None


def test_without_a_url_the_process_remembers() -> None:
    """No Redis URL, no Redis."""
    assert isinstance(open_cache(None), MemoryCache)


# --------------------------------------------------------------------------- Redis


def test_another_process_sees_it(redis_url: str, far: Opener) -> None:
    """What one cache sets, a second with nothing in memory gets, field by field."""
    far(redis_url).set("k", VALUE, HOUR)
    found = far(redis_url).get("k", Lookup)
    assert found is not None
    assert VALUE.model_dump() == found.model_dump()


def test_miss(redis_url: str, far: Opener) -> None:
    """A key that nobody set is a miss."""
    assert far(redis_url).get("nothing", Lookup) is None


def test_entries_are_json_with_a_schema_version(redis_url: str, far: Opener) -> None:
    """Redis holds JSON under a key with the schema version."""
    far(redis_url).set("k", VALUE, HOUR)
    with Redis.from_url(redis_url) as client:
        assert VALUE.model_dump_json() == client.get(raw_key("k")).decode()


def test_entries_expire(redis_url: str, far: Opener) -> None:
    """Redis is told how long to keep an entry."""
    far(redis_url).set("k", VALUE, HOUR)
    with Redis.from_url(redis_url) as client:
        assert 0 < client.pttl(raw_key("k")) <= HOUR * 1000


def test_expired_entry_is_a_miss(redis_url: str, far: Opener) -> None:
    """An entry whose time is over is gone."""
    far(redis_url).set("k", VALUE, 0.001)
    with Redis.from_url(redis_url) as client:
        while client.exists(raw_key("k")):
            pass
    assert far(redis_url).get("k", Lookup) is None


@pytest.mark.parametrize(
    "entry",
    [b"", b"{", b'{"key": 5}', b'{"unknown": 1}', b"null", b"\x80\x04K\x01.", b"[" * 10_000, b'{"vague": 1e400}'],
)
def test_invalid_entry_is_dropped(redis_url: str, far: Opener, entry: bytes) -> None:
    """An entry that does not validate is a miss and is deleted."""
    with Redis.from_url(redis_url) as client:
        client.set(raw_key("k"), entry)
        assert far(redis_url).get("k", Lookup) is None
        assert 0 == client.exists(raw_key("k"))


def test_process_answers_before_redis(redis_url: str, far: Opener) -> None:
    """What this process looked up lately is not asked of Redis again."""
    cache = far(redis_url)
    cache.set("k", VALUE, HOUR)
    with Redis.from_url(redis_url) as client:
        client.delete(raw_key("k"))
    assert VALUE is cache.get("k", Lookup)


def test_two_processes_share_look_ups(redis_url: str) -> None:
    """A second process finds in Redis what a first one looked up, and neither imports what it does not need."""
    command = [sys.executable, "-c", LOOK_UP, redis_url]
    printed = [
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
        for _ in range(2)
    ]
    assert [["NVIDIA H100 SXM 80GB", "True", ""], ["NVIDIA H100 SXM 80GB", "False", ""]] == printed


# --------------------------------------------------------------------------- Redis over TLS


@pytest.mark.skipif(OPENSSL is None, reason="needs openssl")
def test_self_signed_certificate_needs_leave(redis_server: RedisServer, far: Opener, tmp_path: Path) -> None:
    """A rediss:// server whose certificate nobody signed is used only where verification is turned off."""
    certificate = self_signed(str(OPENSSL), tmp_path)
    with tls_in_front_of(redis_server.port, certificate) as port:
        url = f"rediss://127.0.0.1:{port}/0"
        far(url, verify_tls=False).set("k", VALUE, HOUR)
        strict, lenient = far(url), far(url, verify_tls=False)
        assert strict.get("k", Lookup) is None
        found = lenient.get("k", Lookup)
        assert found is not None
        assert VALUE.key == found.key


# --------------------------------------------------------------------------- Redis away


def test_look_ups_continue_when_redis_is_killed(redis_server: RedisServer, far: Opener) -> None:
    """With Redis killed mid-run, known and new look-ups are answered."""
    finder = Finder(load(), far(redis_server.url))
    before = finder.find_gpu("h100")
    redis_server.stop()
    after, new = finder.find_gpu("h100"), finder.find_gpu("a100 40gb")
    expected = ["NVIDIA H100 SXM 80GB", "NVIDIA H100 SXM 80GB", "NVIDIA A100 40GB"]
    assert expected == [found.item.name for found in (before, after, new) if isinstance(found, Found)]


def test_a_redis_that_hangs_is_a_miss(redis_server: RedisServer, far: Opener) -> None:
    """A server that accepts connections and never answers costs a look-up, not the answer."""
    with Redis.from_url(redis_server.url) as client:
        process = client.info()["process_id"]
    connected, late = far(redis_server.url, near=MemoryCache(entries=0)), far(redis_server.url)
    connected.set("k", VALUE, HOUR)
    os.kill(process, signal.SIGSTOP)
    assert [None, None] == [cache.get("k", Lookup) for cache in (connected, late)]


def test_open_breaker_keeps_away_then_recovers(redis_server: RedisServer, far: Opener, clock: Clock) -> None:
    """After a failure Redis is left alone for a while, then tried once, and used again when it is back."""
    cache = far(redis_server.url, near=MemoryCache(entries=0), breaker=Breaker(10, clock))
    cache.set("k", VALUE, HOUR)
    redis_server.stop()
    assert cache.get("k", Lookup) is None
    redis_server.start()
    cache.set("k", VALUE, HOUR)
    assert cache.get("k", Lookup) is None
    clock.now += 10
    cache.set("k", VALUE, HOUR)
    found = cache.get("k", Lookup)
    assert found is not None
    assert VALUE.key == found.key


def test_breaker_lets_one_through_when_half_open(clock: Clock) -> None:
    """While open nobody calls; after its time one caller tries, and a success closes it."""
    breaker = Breaker(10, clock)
    breaker.failed()
    assert not breaker.allows()
    clock.now += 10
    assert [True, False] == [breaker.allows(), breaker.allows()]
    breaker.succeeded()
    assert [True, True] == [breaker.allows(), breaker.allows()]


def test_breaker_stays_open_when_the_try_fails(clock: Clock) -> None:
    """A failed try starts the wait anew."""
    breaker = Breaker(10, clock)
    breaker.failed()
    clock.now += 10
    assert breaker.allows()
    breaker.failed()
    clock.now += 9.9
    assert not breaker.allows()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://name.invalid:6379/0"])
def test_an_address_without_redis_is_a_miss(far: Opener, url: str) -> None:
    """Wherever the URL leads, the process alone remembers."""
    cache = far(url)
    cache.set("k", VALUE, HOUR)
    assert VALUE is cache.get("k", Lookup)


def test_another_kind_of_url_is_refused() -> None:
    """A URL that is not one of Redis is a mistake in the settings, said at once."""
    with pytest.raises(ValueError, match="redis"):
        open_cache("https://example.com")


def test_large_values_leave_room_for_few() -> None:
    """All values together stay within their bytes; the least recently used go first, one too large at once."""
    cache = MemoryCache(weigh=len, most_bytes=10)
    for key in "abc":
        cache.set(key, "1234", 60)
    assert [None, "1234", "1234"] == [cache.get(key, str) for key in "abc"]
    cache.set("b", "12", 60)
    cache.set("d", "1234", 60)
    assert ["12", "1234", "1234"] == [cache.get(key, str) for key in "bcd"]
    cache.set("e", "12345678901", 60)
    assert 0 == len(cache)
