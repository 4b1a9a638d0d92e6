"""A stand-in Hub, and programs connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.settings import Settings
from bot.startup import connect
from catalog import local
from catalog.cache import MemoryCache
from catalog.hub import Hub
from catalog.remote import Remote, use
from tests.hub.stand_in import StandIn, standing_in


@pytest.fixture
def hub() -> Iterator[StandIn]:
    """A running stand-in without repositories."""
    with standing_in() as running:
        yield running


@pytest.fixture
def client(hub: StandIn) -> Hub:
    """The client of the stand-in."""
    return Hub(hub.url, token="hf_test")


@pytest.fixture
def source(client: Hub) -> Remote:
    """Look-ups in the stand-in, remembered in memory."""
    return Remote(client, MemoryCache())


@pytest.fixture
def connected(hub: StandIn) -> Iterator[StandIn]:
    """The stand-in, with this process connected to it as the terminal is."""
    connect(Settings(hf_endpoint=hub.url), reads_files=True)
    yield hub
    use(None)
    local.allow(False)
