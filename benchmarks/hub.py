"""Models of the Hub: remembered in the process, remembered in Redis, fetched from a stand-in; names among 10,000."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Measurement
from catalog.cache import MemoryCache, RedisCache
from catalog.compiled import compiled
from catalog.find import Finder
from catalog.hub import Hub
from catalog.load import FOLDER, Catalog
from catalog.names import compact
from catalog.remote import PATIENT_SECONDS, Remote
from tests.conftest import RedisServer, redis_binary
from tests.hub.configs import QWEN3_8B, QWEN3_8B_PARAMETERS
from tests.hub.stand_in import Repo, StandIn, standing_in

MODEL = "acme/fine-8b"
ROUNDS, FETCHES, NAMES, FOUND = 2_000, 200, 10_000, 500
MAKERS = ("acme", "bolt", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris", "juno")
KINDS = ("chat", "coder", "math", "vision", "base", "instruct", "long", "tiny", "omni", "guard")


def measure() -> Iterator[Measurement]:
    with standing_in() as hub:
        client = Hub(hub.url)
        yield _remembered(hub, client)
        yield _fetched(hub, client)
        with _redis() as url:
            if url:
                yield _from_redis(hub, client, url)
    yield from _names()


def _remembered(hub: StandIn, client: Hub) -> Measurement:
    hub.repos[MODEL] = Repo(config=QWEN3_8B, parameters={"BF16": QWEN3_8B_PARAMETERS})
    source = Remote(client, MemoryCache())
    source.look_up(MODEL)
    return Measurement("Hub model, remembered in the process", _times(lambda _: source.look_up(MODEL), ROUNDS))


def _fetched(hub: StandIn, client: Hub) -> Measurement:
    source = Remote(client, MemoryCache())
    for number in range(FETCHES):
        hub.repos[f"acme/m{number}"] = hub.repos[MODEL]
    return Measurement(
        "Hub model, fetched from the stand-in", _times(lambda number: source.look_up(f"acme/m{number}"), FETCHES)
    )


def _from_redis(hub: StandIn, client: Hub, url: str) -> Measurement:
    """A process that has nothing in memory, its connection to Redis open."""
    near = MemoryCache(entries=0)
    cache = RedisCache(url, near=near)
    source = Remote(client, cache, shared=RedisCache(url, near=near, timeout=PATIENT_SECONDS))
    source.look_up(MODEL)
    return Measurement("Hub model, remembered in Redis", _times(lambda _: source.look_up(MODEL), ROUNDS))


@contextmanager
def _redis() -> Iterator[str | None]:
    """URL of a Redis of our own; None without the program."""
    binary = redis_binary()
    if binary is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(binary, Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def _names() -> Iterator[Measurement]:
    """Nothing is remembered: every name is looked for."""
    header, lines = compiled(FOLDER)
    row = next(iter(header["keys"]["model"]))
    names = [f"{maker}-{size}b-{kind}" for size in range(1, 101) for maker in MAKERS for kind in KINDS]
    many = {**header, "names": {compact(name): ("model", row, False) for name in names[:NAMES]}, "shared": {}}
    finder = Finder(Catalog(many, lines), MemoryCache(entries=0))
    known, strange = cycle(names), cycle(name.replace("b-", "c-") for name in names)
    yield Measurement(f"a name among {NAMES:,}", _times(lambda _: finder.find_model(next(known)), FOUND))
    yield Measurement(f"a name near {NAMES:,} others", _times(lambda _: finder.find_model(next(strange)), FOUND))


def _times(work: Callable[[int], object], rounds: int) -> tuple[float, ...]:
    times = []
    for number in range(rounds):
        start = perf_counter()
        work(number)
        times.append(perf_counter() - start)
    return tuple(times)
