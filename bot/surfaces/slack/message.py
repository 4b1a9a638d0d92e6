"""A question in, the message to send out; whatever goes wrong becomes a message too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.contract import Answer, Error, Understood
from bot.messages import messages
from bot.reply import Reply
from bot.surfaces.slack import blocks
from bot.surfaces.slack.logging import log_error

HELP = "help"


@dataclass(frozen=True, slots=True)
class Message:
    """A reply with its native blocks; `plain` draws it again for whoever refuses those."""

    reply: Reply
    blocks: list[dict[str, Any]]

    def body(self) -> dict[str, Any]:
        """An ephemeral response with native blocks."""
        return self._body(self.blocks)

    def plain(self) -> dict[str, Any]:
        """The same response in plain sections."""
        return self._body(blocks.plain_blocks(self.reply))

    def _body(self, drawn: list[dict[str, Any]]) -> dict[str, Any]:
        return {"response_type": "ephemeral", "text": blocks.headline(self.reply), "blocks": drawn}


def ask(answer: Callable[[str], Reply], text: str) -> Message:
    """The message that answers `text`; nothing said asks for help; never raises."""
    try:
        return _draw(answer(text.strip() or HELP))
    except Exception as error:
        return _draw(failure(log_error("answer_failed", error)))


def failure(reference: str) -> Reply:
    """The reply to an error of ours, with the id under which the log holds it."""
    sentence = messages()("slack.failure", reference=reference)
    problem = Error(code="internal", message=sentence)
    return Reply(answer=Answer(question="", understood=Understood(), error=problem), verdict="error", headline=sentence)


def _draw(reply: Reply) -> Message:
    return Message(reply, blocks.card(reply))
