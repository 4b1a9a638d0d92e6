"""A question in, the message to send out; whatever goes wrong becomes a message too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.contract import Answer, Error, Understood
from bot.messages import messages
from bot.reply import Reply
from bot.surfaces.slack import blocks
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.state import State

HELP = "help"
WORKFLOW = "workflow"
"""Stands for the person where nobody asked but a workflow."""
LONGEST_QUESTION = 1000
"""Most characters of a question that a shared card repeats."""


@dataclass(frozen=True, slots=True)
class Message:
    """A reply with native blocks; `plain` draws it again for whoever refuses those."""

    reply: Reply
    tail: tuple[Block, ...] = ()
    """Who asked, and the controls."""
    charts: tuple[Block, ...] = ()

    @property
    def text(self) -> str:
        """The notification."""
        return blocks.headline(self.reply)

    @property
    def blocks(self) -> list[Block]:
        return blocks.card(self.reply, (*self.charts, *self.tail))

    def native(self) -> dict[str, Any]:
        return {"text": self.text, "blocks": self.blocks}

    def plain(self) -> dict[str, Any]:
        """The same in plain sections."""
        return {"text": self.text, "blocks": blocks.plain_blocks(self.reply, self.tail)}

    def body(self) -> dict[str, Any]:
        """A response that only the person sees."""
        return {"response_type": "ephemeral", **self.native()}


def failure(reference: str) -> Reply:
    """The reply to an error of ours, with the id under which the log holds it."""
    sentence = messages()("slack.failure", reference=reference)
    problem = Error(code="internal", message=sentence)
    return Reply(answer=Answer(question="", understood=Understood(), error=problem), verdict="error", headline=sentence)


def byline(state: State, language: str) -> Block:
    """Who asked what, and who changed it: under every answer that others see."""
    said = messages(language)
    asked = [e.run(f"{said('slack.asked_by')} ", e.TEXT_UNITS), e.person(state.asker)]
    runs = [e.run(said("slack.asked_by_workflow"), e.TEXT_UNITS)] if state.asker == WORKFLOW else asked
    if state.changer and state.changer != state.asker:
        runs += [e.run(f", {said('slack.changed_by')} ", e.TEXT_UNITS), e.person(state.changer)]
    if len(state.question) <= LONGEST_QUESTION:
        runs += [e.run(": ", 2), e.run(state.question, LONGEST_QUESTION, code=True)]
    return e.rich(e.line(*runs))
