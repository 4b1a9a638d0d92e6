"""Models of the Hub, remembered: process memory over Redis over the Hub, one fetch however many ask."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from hashlib import blake2b
from typing import Literal

from catalog.cache import Breaker, Cache
from catalog.hub import Hub, HubError, Trouble, is_identifier, is_revision
from catalog.hub_names import FEWEST_LETTERS, LONGEST_WORDS, MOST_NAMES, NAMES_BYTES, NAMES_SECONDS, Names, read_names
from catalog.reading import Unreadable, read_object
from catalog.repository import INFO_BYTES, Repository, Seconds, read_repository
from catalog.single_flight import Busy, SingleFlight
from catalog.types import Fact

MINUTE = 60.0
DAY = 86_400.0
FRESH_SECONDS = DAY
"""How long a branch is believed to be as it was read."""
KEPT_SECONDS = 30 * DAY
"""How long a repository is answered from memory, while a newer look is taken in the background."""
REFUSED_SECONDS = 5 * MINUTE
"""How long unknown, gated and unreadable repositories are remembered as such."""
FAILED_SECONDS = 10.0
"""How long a repository is left alone after the Hub failed on it."""

WAIT_SECONDS = 12.0
"""Longest wait for the Hub: some small files, each with its own limit."""
LOCK_SECONDS = 15.0
POLL_SECONDS = 0.05
PATIENT_SECONDS = 1.0
"""Wait for Redis of who is about to wait for the Hub anyway."""
HUB_REST_SECONDS = 30.0
"""How long the Hub is left alone after it was away."""

MOST_KEPT = 1024
"""Repositories kept in a process, as far as their bytes allow; most have 5,000."""

_COMMIT = re.compile(r"[0-9a-f]{40}")

Problem = Literal[Trouble, "busy", "damaged"]
"""damaged: files that are no JSON, or JSON beyond all limits."""

AWAY: tuple[Problem, ...] = ("offline", "unreachable", "slow", "limited", "failing", "busy")
"""Problems of the Hub, not of the repository."""
REST: tuple[Trouble, ...] = ("unreachable", "slow", "limited")
"""Troubles after which the Hub is left alone for all repositories."""


class Entry(Fact):
    """What a look-up found, as it is remembered."""

    fetched: Seconds
    """Seconds since 1970."""
    repository: Repository | None = None
    problem: Problem | None = None


def weigh(entry: object) -> int:
    """Bytes that an entry takes, nearly: those of its texts; files and totals are small beside them."""
    repository = entry.repository if isinstance(entry, Entry) else None
    return len(repository.config) + len(repository.adapter) + FILE_BYTES * len(repository.files) if repository else 0


FILE_BYTES = 500
"""Of one file's record in memory."""


class Remote:
    """Looks repositories up. Hits never touch the network; answers are given whatever becomes of Redis or the Hub."""

    def __init__(
        self,
        hub: Hub,
        cache: Cache,
        *,
        shared: Cache | None = None,
        clock: Callable[[], float] = time.time,
        breaker: Breaker | None = None,
    ) -> None:
        """shared: the same cache with more patience, for who fetches anyway and would rather not fetch twice."""
        self._hub, self._cache, self._clock = hub, cache, clock
        self._shared = cache if shared is None else shared
        self._breaker = breaker or Breaker(HUB_REST_SECONDS)
        self._flights: SingleFlight[Entry] = SingleFlight()

    def look_up(self, identifier: str, revision: str = "") -> Repository | Problem:
        """The repository of an owner/name, at a branch, tag or commit; or why there is none."""
        if not is_identifier(identifier) or (revision and not is_revision(revision)):
            return "unknown"
        key = _key(self._hub.endpoint, identifier, revision)
        entry = self._cache.get(key, Entry)
        if entry is None and self._hub.offline:
            return "offline"
        if entry is None:
            entry = self._fetched(key, identifier, revision)
        elif self._is_stale(entry, revision):
            self._refresh(key, identifier, revision)
        return entry.repository or entry.problem or "damaged"

    def is_cached(self, identifier: str, revision: str = "") -> bool:
        """Whether a look-up would be answered without waiting for the Hub."""
        if self._hub.offline or not is_identifier(identifier) or (revision and not is_revision(revision)):
            return True
        return self._cache.get(_key(self._hub.endpoint, identifier, revision), Entry) is not None

    @property
    def is_fetching(self) -> bool:
        """Whether the Hub is being asked, for somebody or in the background."""
        return self._flights.is_busy

    def names(self, words: str) -> tuple[str, ...]:
        """Ids on the Hub with these words, the most downloaded first; none while it cannot be asked."""
        wanted = " ".join(words.split()).lower()
        if self._hub.offline or not FEWEST_LETTERS <= len(wanted) <= LONGEST_WORDS:
            return ()
        key = _key(self._hub.endpoint, "names", wanted)
        found = self._cache.get(key, Names)
        if found is None and self._breaker.allows():
            found = self._searched(wanted)
            self._shared.set(key, found, NAMES_SECONDS if found.ids else FAILED_SECONDS)
        return found.ids if found else ()

    def _searched(self, words: str) -> Names:
        try:
            body = self._hub.search(words, most=MOST_NAMES, most_bytes=NAMES_BYTES)
        except HubError as error:
            self._troubled(error.trouble)
            return Names()
        self._breaker.succeeded()
        return read_names(body)

    # ------------------------------------------------------------------ fetching

    def _fetched(self, key: str, identifier: str, revision: str) -> Entry:
        try:
            return self._start(key, identifier, revision).result(WAIT_SECONDS)
        except Busy:
            return self._entry("busy")
        except TimeoutError:
            return self._entry("slow")

    def _start(self, key: str, identifier: str, revision: str, *, waits: bool = True) -> Future[Entry]:
        return self._flights.start(key, lambda: self._alone(key, identifier, revision, waits=waits))

    def _refresh(self, key: str, identifier: str, revision: str) -> None:
        """Take a newer look without letting anyone wait; one try a minute."""
        if self._hub.offline or self._cache.get(f"tried:{key}", Entry):  # type: ignore[arg-type]
            return
        self._cache.set(f"tried:{key}", self._entry("busy"), MINUTE)
        try:
            self._start(key, identifier, revision, waits=False)
        except Busy:
            return

    def _alone(self, key: str, identifier: str, revision: str, *, waits: bool) -> Entry:
        """The entry, fetched by whichever process gets the lock; the others wait for what it finds."""
        until = self._clock() + LOCK_SECONDS
        while (token := self._shared.lock(key, LOCK_SECONDS)) is None:
            if not waits or self._clock() > until:
                return self._entry("busy")
            time.sleep(POLL_SECONDS)
            if entry := self._shared.get(key, Entry):
                return entry
        try:
            entry = self._shared.get(key, Entry) if waits else None
            return entry or self._read(key, identifier, revision, keep=not waits)
        finally:
            self._shared.unlock(key, token)

    def _read(self, key: str, identifier: str, revision: str, *, keep: bool) -> Entry:
        """Ask the Hub, and remember what came of it; `keep`: an older answer outlives the Hub's troubles."""
        if not self._breaker.allows():
            return self._entry("unreachable")
        try:
            entry = Entry(fetched=self._clock(), repository=self._repository(identifier, revision))
            self._breaker.succeeded()
        except HubError as error:
            entry = self._troubled(error.trouble)
        except Unreadable:
            entry = self._entry("damaged")
        if not (keep and entry.problem in AWAY):
            self._shared.set(key, entry, _seconds(entry))
        return entry

    def _repository(self, identifier: str, revision: str) -> Repository:
        info = read_object(self._hub.model_info(identifier, revision, most_bytes=INFO_BYTES), most_bytes=INFO_BYTES)
        commit = str(info.get("sha") or "")
        at = commit if _COMMIT.fullmatch(commit) else revision or "main"
        host = self._hub.endpoint.partition("://")[2]
        source = f"{host}/{identifier} @ {at[:12]}"
        return read_repository(info, _HubFiles(self._hub, identifier, at), identifier=identifier, source=source)

    def _troubled(self, trouble: Trouble) -> Entry:
        if trouble in REST:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return self._entry("damaged" if trouble == "oversize" else "unknown" if trouble == "missing" else trouble)

    # ------------------------------------------------------------------ entries

    def _entry(self, problem: Problem) -> Entry:
        return Entry(fetched=self._clock(), problem=problem)

    def _is_stale(self, entry: Entry, revision: str) -> bool:
        age = self._clock() - entry.fetched
        return entry.repository is not None and age > FRESH_SECONDS and not _COMMIT.fullmatch(revision)


class _HubFiles:
    """Files of one repository at one commit."""

    def __init__(self, hub: Hub, identifier: str, commit: str) -> None:
        self._hub, self._identifier, self._commit = hub, identifier, commit

    def whole(self, name: str, *, most_bytes: int) -> bytes:
        return self._hub.file(self._identifier, name, self._commit, most_bytes=most_bytes)

    def part(self, name: str, *, first: int, count: int) -> bytes:
        return self._hub.part(self._identifier, name, self._commit, first=first, count=count)


def _seconds(entry: Entry) -> float:
    if entry.repository and not entry.repository.gated:
        return KEPT_SECONDS
    return FAILED_SECONDS if entry.problem in AWAY else REFUSED_SECONDS


def _key(endpoint: str, identifier: str, revision: str) -> str:
    text = f"{endpoint} {identifier} {revision or 'main'}"
    return f"hub:{blake2b(text.encode(), digest_size=16).hexdigest()}"


_remotes: list[Remote] = []


def remote() -> Remote | None:
    """Where unknown models are looked up; None until a program has said so with use()."""
    return _remotes[0] if _remotes else None


def use(found: Remote | None) -> None:
    """Look unknown models up here; for the start of a program."""
    _remotes[:] = [found] if found else []
