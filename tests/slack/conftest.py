"""One server for all tests that only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.slack import serving, web_api
from tests.slack.web_api import WebApi


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Server]:
    """The production server from the Procfile's line, two processes, stand-in answer."""
    with serving.running(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def web() -> Iterator[WebApi]:
    """A stand-in for Slack's Web API."""
    with web_api.running() as running:
        yield running


@pytest.fixture(scope="session")
def bot_server(tmp_path_factory: pytest.TempPathFactory, web: WebApi, shared_redis: str) -> Iterator[serving.Server]:
    """The production server with the real answer, the stand-in for Slack and a real Redis."""
    settings = {"SLACK_API_URL": f"{web.url}/api/", "REDIS_URL": shared_redis}
    with serving.running(tmp_path_factory.mktemp("bot"), app=serving.PRODUCTION, **settings) as running:
        yield running


@pytest.fixture
def slack(web: WebApi, redis_url: str) -> WebApi:
    """Slack as a test finds it: nothing called yet, nothing remembered."""
    web.clear()
    return web
