"""From what was typed to the message that goes out."""

from __future__ import annotations

import pytest

from bot.reply import Reply
from bot.settings import Secret, Settings
from bot.surfaces.slack.app import build_app
from bot.surfaces.slack.message import ask
from tests.slack import replies


@pytest.mark.parametrize(
    ("typed", "asked"), [("", "help"), ("  ", "help"), (" help ", "help"), (" llama 8b\n", "llama 8b")]
)
def test_what_is_asked(typed: str, asked: str) -> None:
    """Nothing typed asks for help; blanks around a question do not count."""
    heard: list[str] = []

    def answer(text: str) -> Reply:
        heard.append(text)
        return replies.sized(text)

    ask(answer, typed)
    assert [asked] == heard


def test_a_reply_that_cannot_be_drawn_is_an_error_of_ours() -> None:
    """Whatever comes back instead of a reply, the person gets a sentence."""
    assert "reference" in ask(lambda text: None, "x").body()["text"]  # type: ignore[arg-type,return-value]


def test_the_answer_goes_out_with_the_acknowledgement() -> None:
    """Our own app runs Bolt so that a listener's work is in the response, not after it."""
    settings = Settings(slack_bot_token=Secret("xoxb-1"), slack_signing_secret=Secret("s"))
    assert build_app(settings, answer=replies.answer).process_before_response
