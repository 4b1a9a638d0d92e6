"""The production server with the real answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.answer import answer
from bot.surfaces.slack.blocks import card, headline, plain_blocks
from tests.slack import serving
from tests.slack.check_blocks import check

SAMPLE = "qwen3-32b fp8 batch 20 seq 12k on h100"


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Server]:
    """The Procfile's line as it is."""
    with serving.running(tmp_path_factory.mktemp("production"), app=serving.PRODUCTION) as running:
        yield running


def test_the_sample_question(production: serving.Server) -> None:
    """The verdict first, native blocks, and the table of components, in the acknowledgement."""
    body = production.command(SAMPLE).json()
    assert headline(answer(SAMPLE)) == body["text"]
    assert ["rich_text", "context", "data_table"] == [block["type"] for block in body["blocks"]][:3]
    check(body["blocks"], body["text"])


@pytest.mark.parametrize(
    "typed", ["help", "batch 0", "<!channel> &amp; x", "zz " * 999, "‮ 80GiB ‬", "llama 3.1 8b", "é" * 99]
)
def test_whatever_is_typed_gets_a_card(production: serving.Server, typed: str) -> None:
    """Help, mistakes and noise: an ephemeral reply that Slack takes."""
    response = production.command(typed)
    body = response.json()
    assert (200, "ephemeral") == (response.status, body["response_type"])
    check(body["blocks"], body["text"])


@pytest.mark.parametrize("asked", ["help", "giúp"])
def test_every_example_of_help_is_drawn(asked: str) -> None:
    """Each question that help teaches has a reply within Slack's limits, as native and as plain blocks."""
    examples = [step.question for step in answer(asked).steps if step.question]
    assert len(examples) > 3
    for reply in map(answer, examples):
        assert reply.verdict != "error"
        check(card(reply), headline(reply))
        check(plain_blocks(reply), headline(reply))


def test_the_server_is_ready(production: serving.Server) -> None:
    """Without Redis."""
    assert {"status": "ready", "redis": "not used"} == production.request("GET", "/readyz").json()
