"""Look-ups are remembered: process over Redis over the Hub, one fetch however many ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from catalog.cache import Breaker, MemoryCache, RedisCache
from catalog.hub import Hub
from catalog.remote import FRESH_SECONDS, HUB_REST_SECONDS, MINUTE, REFUSED_SECONDS, Entry, Remote
from catalog.repository import Repository
from catalog.single_flight import Busy, SingleFlight
from catalog.types import SCHEMA_VERSION
from tests.conftest import free_port
from tests.hub.configs import QWEN3_8B, QWEN3_8B_PARAMETERS
from tests.hub.stand_in import COMMIT, Repo, StandIn

if TYPE_CHECKING:
    from tests.conftest import RedisServer

MODEL = "acme/fine-8b"
ASKERS = 20
WAIT_SECONDS = 5.0

Opener = Callable[..., Remote]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(client: Hub) -> Iterator[Opener]:
    """Opens what a process with nothing in memory has, over one Redis."""
    with ExitStack() as stack:

        def open_remote(url: str, **options: Any) -> Remote:
            near = MemoryCache()
            caches = [RedisCache(url, near=near), RedisCache(url, near=near, timeout=1.0)]
            for cache in caches:
                stack.callback(cache.close)
            return Remote(client, caches[0], shared=caches[1], **options)

        yield open_remote


@pytest.fixture
def model(hub: StandIn) -> Repo:
    """A repository that the stand-in has."""
    hub.repos[MODEL] = Repo(config=QWEN3_8B, parameters={"BF16": QWEN3_8B_PARAMETERS})
    return hub.repos[MODEL]


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + WAIT_SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return condition()


def test_facts_of_a_repository(model: Repo, source: Remote) -> None:
    """Totals, commit and config are those that the Hub tells."""
    found = source.look_up(MODEL)
    assert isinstance(found, Repository)
    assert (COMMIT, {"BF16": QWEN3_8B_PARAMETERS}, 2 * QWEN3_8B_PARAMETERS) == (
        found.commit,
        found.dtypes,
        found.tensor_bytes,
    )


def test_two_requests_and_no_more(hub: StandIn, model: Repo, source: Remote) -> None:
    """A first look takes one description and one config.json; a second look takes nothing."""
    first, second = source.look_up(MODEL), source.look_up(MODEL)
    assert first is second
    assert 2 == hub.asked.total()


def test_a_revision_is_a_look_up_of_its_own(hub: StandIn, model: Repo, source: Remote) -> None:
    """org/model and org/model@revision are remembered apart."""
    source.look_up(MODEL)
    source.look_up(MODEL, "v1.0")
    assert 1 == hub.asked[f"/api/models/{MODEL}/revision/v1.0"]


@pytest.mark.parametrize("identifier", ["gpt2", "../../etc/passwd", "a/b?c=d", "a/b c", "http://x/y"])
def test_no_identifier_no_request(hub: StandIn, source: Remote, identifier: str) -> None:
    """What is not owner/name is unknown, and never sent."""
    assert "unknown" == source.look_up(identifier)
    assert 0 == hub.asked.total()


def test_unknown_is_remembered_briefly(hub: StandIn, client: Hub, clock: Clock) -> None:
    """A repository that is not there is asked for once, and again after some minutes."""
    source = Remote(client, MemoryCache(clock=clock), clock=clock)
    assert ["unknown", "unknown"] == [source.look_up(MODEL), source.look_up(MODEL)]
    assert 1 == hub.asked_about(MODEL)
    clock.now += REFUSED_SECONDS
    source.look_up(MODEL)
    assert 2 == hub.asked_about(MODEL)


def test_a_stale_answer_is_given_at_once_and_renewed(hub: StandIn, model: Repo, client: Hub, clock: Clock) -> None:
    """After a day the old facts answer without waiting, and new ones are fetched behind."""
    source = Remote(client, MemoryCache(clock=clock), clock=clock)
    old = source.look_up(MODEL)
    clock.now += FRESH_SECONDS + 1
    model.parameters = {"BF16": 5}
    assert old is source.look_up(MODEL)
    assert wait_for(lambda: source.look_up(MODEL) is not old)
    new = source.look_up(MODEL)
    assert isinstance(new, Repository)
    assert ({"BF16": 5}, 2) == (new.dtypes, hub.asked_about(MODEL))


def test_a_stale_answer_outlives_the_hub(hub: StandIn, model: Repo, client: Hub, clock: Clock) -> None:
    """While the Hub is away the old facts go on answering, one try a minute."""
    source = Remote(client, MemoryCache(clock=clock), clock=clock)
    old = source.look_up(MODEL)
    clock.now += FRESH_SECONDS + 1
    model.status = 500
    for tries in (1, 2):
        assert {id(old)} == {id(source.look_up(MODEL)) for _ in range(ASKERS)}
        assert wait_for(lambda: not source.is_fetching)
        assert {id(old)} == {id(source.look_up(MODEL)) for _ in range(ASKERS)}
        assert 1 + tries == hub.asked_about(MODEL)
        clock.now += MINUTE


def test_a_commit_does_not_grow_stale(hub: StandIn, model: Repo, client: Hub, clock: Clock) -> None:
    """What a commit holds never changes."""
    source = Remote(client, MemoryCache(clock=clock), clock=clock)
    source.look_up(MODEL, COMMIT)
    clock.now += 5 * FRESH_SECONDS
    source.look_up(MODEL, COMMIT)
    assert 1 == hub.asked_about(MODEL)


def test_many_threads_one_fetch(hub: StandIn, model: Repo, source: Remote) -> None:
    """However many ask at once, one asks the Hub."""
    model.delay = 0.1
    with ThreadPoolExecutor(ASKERS) as pool:
        found = set(map(id, pool.map(source.look_up, [MODEL] * ASKERS)))
    assert (1, 1) == (len(found), hub.asked_about(MODEL))


def test_many_processes_one_fetch(hub: StandIn, model: Repo, redis_url: str, opened: Opener) -> None:
    """Processes that share a Redis share the fetch."""
    model.delay = 0.2
    sources = [opened(redis_url) for _ in range(4)]
    with ThreadPoolExecutor(ASKERS) as pool:
        found = list(pool.map(lambda number: sources[number % 4].look_up(MODEL), range(ASKERS)))
    assert all(isinstance(each, Repository) for each in found)
    assert 1 == hub.asked_about(MODEL)


def test_another_process_does_not_ask(hub: StandIn, model: Repo, redis_url: str, opened: Opener) -> None:
    """What one process fetched, another finds in Redis, field by field."""
    first, second = (opened(redis_url).look_up(MODEL) for _ in range(2))
    assert isinstance(first, Repository)
    assert isinstance(second, Repository)
    assert first.model_dump() == second.model_dump()
    assert 1 == hub.asked_about(MODEL)


def test_an_invalid_entry_is_read_anew(hub: StandIn, model: Repo, redis_url: str, opened: Opener) -> None:
    """An entry that does not validate is dropped and fetched again."""
    opened(redis_url).look_up(MODEL)
    with Redis.from_url(redis_url) as redis:
        (key,) = redis.keys(f"vram:{SCHEMA_VERSION}:hub:*")
        for broken in (b"{", b'{"fetched": 1e999}', b'{"fetched": 1, "repository": {"id": 5}}', b"[" * 10_000):
            redis.set(key, broken)
            assert isinstance(opened(redis_url).look_up(MODEL), Repository)
    assert 5 == hub.asked_about(MODEL)


def test_a_lock_left_behind_opens_by_itself(model: Repo, redis_url: str, opened: Opener) -> None:
    """A process that died while fetching holds the others up only for as long as its lock lives."""
    first = opened(redis_url)
    assert isinstance(first.look_up(MODEL), Repository)
    with Redis.from_url(redis_url) as redis:
        (key,) = redis.keys(f"vram:{SCHEMA_VERSION}:hub:*")
        redis.delete(key)
        lock = key.replace(b":hub:", b":lock:hub:")
        redis.set(lock, "somebody", px=200)
        assert isinstance(opened(redis_url).look_up(MODEL), Repository)


@pytest.mark.parametrize("holder", ["memory", "redis"])
def test_locks(holder: str, redis_url: str) -> None:
    """One holder at a time; only the token that locked unlocks."""
    cache = MemoryCache() if holder == "memory" else RedisCache(redis_url)
    token = cache.lock("k", 10)
    assert token is not None
    assert cache.lock("k", 10) is None
    cache.unlock("k", "another")
    assert cache.lock("k", 10) is None
    cache.unlock("k", token)
    assert cache.lock("k", 10) is not None
    if isinstance(cache, RedisCache):
        cache.close()


def test_an_expired_lock_is_nobodys(clock: Clock) -> None:
    """A lock opens by itself, and its old token opens no later one."""
    cache = MemoryCache(clock=clock)
    old = cache.lock("k", 10)
    clock.now += 10
    assert cache.lock("k", 10) is not None
    cache.unlock("k", str(old))
    assert cache.lock("k", 10) is None


def test_redis_killed_and_back(model: Repo, redis_server: RedisServer, opened: Opener) -> None:
    """Look-ups are answered with Redis there, gone, and there again."""
    answered = []
    for step in (lambda: None, redis_server.stop, redis_server.start):
        step()
        answered.append(isinstance(opened(redis_server.url).look_up(MODEL), Repository))
    assert [True, True, True] == answered


def test_a_hub_that_is_away_is_left_alone(client: Hub, clock: Clock) -> None:
    """After one failure to connect, a thousand other models are refused without another try, until the rest is over."""
    away = Hub(f"http://127.0.0.1:{free_port()}")
    source = Remote(away, MemoryCache(clock=clock), clock=clock, breaker=Breaker(HUB_REST_SECONDS, clock))
    source.look_up(MODEL)
    away.endpoint = client.endpoint
    assert {"unreachable"} == {source.look_up(f"acme/model-{number}") for number in range(1000)}
    clock.now += HUB_REST_SECONDS
    assert "unknown" == source.look_up("acme/other")


def test_a_failing_repository_hurts_no_other(hub: StandIn, model: Repo, source: Remote) -> None:
    """One repository's error is not taken for the Hub's."""
    hub.repos["acme/broken"] = Repo(status=500)
    assert "failing" == source.look_up("acme/broken")
    assert isinstance(source.look_up(MODEL), Repository)


def test_offline_answers_from_memory_alone(hub: StandIn, model: Repo, redis_url: str, opened: Opener) -> None:
    """Offline mode gives what is remembered and asks for nothing; it is never remembered itself."""
    opened(redis_url).look_up(MODEL)
    offline = opened(redis_url)
    offline._hub = Hub(hub.url, offline=True)
    assert isinstance(offline.look_up(MODEL), Repository)
    assert "offline" == offline.look_up("acme/other")
    assert "unknown" == opened(redis_url).look_up("acme/other")


def test_is_cached(model: Repo, source: Remote) -> None:
    """A look-up is known to be quick once it was made, and where it can only be refused."""
    assert [False, True] == [source.is_cached(MODEL), source.is_cached("no identifier")]
    source.look_up(MODEL)
    assert source.is_cached(MODEL)


def test_entries_hold_no_secret(model: Repo, redis_url: str, opened: Opener) -> None:
    """The token is in no entry."""
    opened(redis_url).look_up(MODEL)
    with Redis.from_url(redis_url) as redis:
        (key,) = redis.keys(f"vram:{SCHEMA_VERSION}:hub:*")
        entry = redis.get(key)
    assert b"hf_test" not in entry
    assert Entry.model_validate_json(entry).repository is not None


def test_too_much_at_once_is_refused() -> None:
    """Work beyond the limit is refused, the same work again is joined."""
    done, flights = Event(), SingleFlight[bool](most=1)
    first = flights.start("a", done.wait)
    assert first is flights.start("a", done.wait)
    with pytest.raises(Busy):
        flights.start("b", done.wait)
    done.set()
    assert first.result(WAIT_SECONDS)
    assert wait_for(lambda: not flights.is_busy)


def test_an_error_reaches_everyone() -> None:
    """Whoever waits for work that fails gets its error."""
    flights = SingleFlight[None]()

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        flights.start("a", fail).result(WAIT_SECONDS)
