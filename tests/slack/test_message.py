"""From what was typed to the message that goes out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.defaults import Defaults
from bot.reply import Reply
from bot.settings import Secret, Settings
from bot.surfaces.slack import never
from bot.surfaces.slack.app import build_app
from bot.surfaces.slack.desk import Answering, Desk, Where, without_chart
from bot.surfaces.slack.state import State
from bot.surfaces.slack.store import MemoryStore, Tenant
from tests.slack import replies

HERE = Where(tenant=Tenant(None, "T1"), user="U1", channel="C1")


def desk(answer: Answering) -> Desk:
    pool = ThreadPoolExecutor(2)
    return Desk(answer=answer, store=MemoryStore(), pool=pool, late=pool, waits=never, command="/vram")


@pytest.mark.parametrize(
    ("typed", "asked"), [("", "help"), ("  ", "help"), (" help ", "help"), (" llama 8b\n", "llama 8b")]
)
def test_what_is_asked(typed: str, asked: str) -> None:
    """Nothing typed asks for help; blanks around a question do not count."""
    heard: list[str] = []

    def answer(text: str, *, defaults: Defaults | None = None) -> Reply:
        heard.append(text)
        return replies.sized(text)

    one = desk(answer)
    one.private(one.state(HERE, typed))
    assert [asked] == heard


@pytest.mark.parametrize(
    ("typed", "question", "chart"),
    [
        ("qwen3-8b on h100 chart", "qwen3-8b on h100", True),
        ("chart qwen3-8b", "qwen3-8b", True),
        ("qwen3-8b biểu đồ", "qwen3-8b", True),
        ("qwen3-8b Charts, please", "qwen3-8b please", True),
        ("chartreuse/qwen3-8b", "chartreuse/qwen3-8b", False),
    ],
)
def test_a_chart_is_asked_for_by_its_word(typed: str, question: str, chart: bool) -> None:
    """In any language, anywhere in the question, as a whole word."""
    assert (question, chart) == without_chart(typed)


def test_a_reply_that_cannot_be_drawn_is_an_error_of_ours() -> None:
    """Whatever comes back instead of a reply, the person gets a sentence."""
    broken: Any = lambda text, defaults=None: None  # noqa: E731
    assert "reference" in desk(broken).private(State(question="x")).body()["text"]


def test_the_answer_goes_out_with_the_acknowledgement() -> None:
    """Our own app runs Bolt so that a listener's work is in the response, not after it."""
    settings = Settings(slack_bot_token=Secret("xoxb-1"), slack_signing_secret=Secret("s"))
    assert build_app(settings, answer=replies.answer).process_before_response
