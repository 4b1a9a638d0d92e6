"""One server for all tests that only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.slack import serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Server]:
    """The production server from the Procfile's line, two processes, stand-in answer."""
    with serving.running(tmp_path_factory.mktemp("server")) as running:
        yield running
