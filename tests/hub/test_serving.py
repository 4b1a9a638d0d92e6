"""Models of the Hub asked for in Slack: gunicorn with two processes, a real Redis, a stand-in Hub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hub.configs import QWEN3_8B, QWEN3_8B_PARAMETERS
from tests.hub.stand_in import Repo, StandIn
from tests.slack import serving, web_api
from tests.slack.serving import Server
from tests.slack.web_api import WebApi

if TYPE_CHECKING:
    from tests.conftest import RedisServer

MODEL = "acme/fine-8b"
QUESTION = f"{MODEL} fp8 on h100"
LATER = "Still working on it: the answer follows here."
MANY, AT_ONCE, ASKERS = 200, 50, 4


@pytest.fixture
def web() -> Iterator[WebApi]:
    with web_api.running() as running:
        yield running


@pytest.fixture
def gate(hub: StandIn) -> threading.Event:
    """The Hub has the model, and tells of it when this is set."""
    gate = threading.Event()
    hub.repos[MODEL] = Repo(config=QWEN3_8B, parameters={"BF16": QWEN3_8B_PARAMETERS}, gate=gate)
    return gate


@pytest.fixture
def server(hub: StandIn, web: WebApi, redis_server: RedisServer, tmp_path: Path) -> Iterator[Server]:
    """The production server, its Hub the stand-in, its Redis one that a test may stop."""
    folder = tmp_path / "server"
    folder.mkdir()
    settings = {"HF_ENDPOINT": hub.url, "REDIS_URL": redis_server.url, "SLACK_API_URL": f"{web.url}/api/"}
    with serving.running(folder, app=serving.PRODUCTION, **settings) as running:
        yield running


def headlines(web: WebApi, count: int) -> list[str]:
    """What came to the response URLs, when at least so many have come."""
    return [body["text"] for body in web.of("response", count)]


def test_an_uncached_model_follows_its_ack(server: Server, web: WebApi, gate: threading.Event) -> None:
    """The ack does not wait for the Hub; the answer follows, and from then on comes with the ack itself."""
    first = server.command(QUESTION, response_url=web.response_url())
    assert (200, LATER) == (first.status, first.json()["text"])
    gate.set()
    (followed,) = headlines(web, 1)
    assert followed.startswith(f"Fits: {MODEL} fp8")
    assert followed == server.command(QUESTION, response_url=web.response_url()).json()["text"]


def test_others_do_not_wait_for_the_hub(server: Server, web: WebApi, gate: threading.Event) -> None:
    """While many questions wait for the Hub, one about the catalog is answered in its ack."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        held = list(pool.map(lambda _: server.command(QUESTION, response_url=web.response_url()), range(AT_ONCE)))
    assert {200} == {response.status for response in held}
    assert server.command("qwen3-32b fp8 on h100").json()["text"].startswith("Fits: Qwen/Qwen3-32B fp8")
    gate.set()
    assert AT_ONCE == len(headlines(web, AT_ONCE))


def test_many_first_questions_one_fetch(server: Server, web: WebApi, hub: StandIn, gate: threading.Event) -> None:
    """Two hundred first questions for one model, at two processes, make one fetch; all are answered."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        acks = list(pool.map(lambda _: server.command(QUESTION, response_url=web.response_url()), range(MANY)))
    gate.set()
    assert {200} == {ack.status for ack in acks}
    assert {f"Fits: {MODEL} fp8"} == {text.partition(",")[0] for text in headlines(web, MANY)}
    assert 1 == hub.asked_about(MODEL)


def test_redis_dies_and_returns_under_load(
    server: Server, web: WebApi, redis_server: RedisServer, gate: threading.Event
) -> None:
    """No question is lost while Redis is killed and started again between and under them."""
    gate.set()
    done, said = threading.Event(), list[str]()

    def ask() -> None:
        while not done.is_set():
            said.append(server.command(QUESTION, response_url=web.response_url()).json()["text"])

    with ThreadPoolExecutor(ASKERS) as pool:
        asking = [pool.submit(ask) for _ in range(ASKERS)]
        for step in (redis_server.stop, redis_server.start, redis_server.stop, redis_server.start):
            before = len(said)
            step()
            while len(said) < before + AT_ONCE and not any(each.done() for each in asking):
                done.wait(0.01)
        done.set()
    direct = [text for text in said if text != LATER]
    followed = headlines(web, len(said) - len(direct))
    assert {f"Fits: {MODEL} fp8"} == {text.partition(",")[0] for text in (*direct, *followed)}
    assert len(said) == len(direct) + len(followed)
