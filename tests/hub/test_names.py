"""Searching the Hub for a name that someone types."""

from __future__ import annotations

import pytest

from catalog.hub import Hub
from catalog.hub_names import MOST_NAMES, read_names
from catalog.remote import Remote
from tests.hub.stand_in import Repo, StandIn


def test_finds_names_and_remembers_them(hub: StandIn, source: Remote) -> None:
    """Typed twice, in whatever case and spacing, the Hub is asked once."""
    hub.repos = {"org/Some-Model-7B": Repo(), "org/other": Repo()}
    assert [("org/Some-Model-7B",)] * 2 == [source.names("some 7b"), source.names(" Some  7B ")]
    assert 1 == hub.asked["/api/models"]


@pytest.mark.parametrize("typed", ["", "ab", "  a ", "x" * 101])
def test_too_little_or_too_much_is_not_asked(hub: StandIn, source: Remote, typed: str) -> None:
    """A letter or two name nothing."""
    assert () == source.names(typed)
    assert 0 == hub.asked["/api/models"]


def test_a_hub_that_is_gone(hub: StandIn, source: Remote) -> None:
    """Finds nothing, and is left alone for a while."""
    hub.stop()
    assert [(), ()] == [source.names("some model"), source.names("another model")]


def test_offline(hub: StandIn) -> None:
    """Is never asked."""
    from catalog.cache import MemoryCache

    assert () == Remote(Hub(hub.url, offline=True), MemoryCache()).names("some model")


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b'[{"id":"a/b"},{"id":"../etc"},{"id":5},{},7,{"id":"<!channel>/x"}]', ("a/b",)),
        (b'{"id":"a/b"}', ()),
        (b"[", ()),
        (b"[" * 90_000, ()),
        (b'[{"id":"a/b"},' * 20_000, ()),
    ],
)
def test_only_ids_are_taken(body: bytes, ids: tuple[str, ...]) -> None:
    """Whatever the answer is made of."""
    assert ids == read_names(body).ids


def test_not_more_than_a_menu_shows() -> None:
    """A longer list is cut."""
    listed = ",".join(f'{{"id":"org/model-{number}"}}' for number in range(200))
    assert MOST_NAMES == len(read_names(f"[{listed}]".encode()).ids)
