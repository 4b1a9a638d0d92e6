"""What every listener needs to answer: the answer itself, what is remembered, threads to work in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from bot.contract import Answer
from bot.defaults import Defaults
from bot.followup import follow_up
from bot.masking import masked
from bot.messages import Messages, messages
from bot.parse import parse
from bot.reply import Reply
from bot.surfaces.slack import history, preferences
from bot.surfaces.slack.charts import charts
from bot.surfaces.slack.controls import ANSWERED, controls
from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.message import HELP, Message, byline, failure
from bot.surfaces.slack.state import State
from bot.surfaces.slack.store import Store, Tenant
from bot.words import fold, languages

if TYPE_CHECKING:
    from bot.surfaces.slack.elements import Block

EVENT_SECONDS = 900
"""How long an event id is remembered; Slack sends an event again for about six minutes."""


class Answering(Protocol):
    """bot.answer.answer, or a host's own."""

    def __call__(self, text: str, *, defaults: Defaults | None = None) -> Reply: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Who asked, and where."""

    tenant: Tenant
    user: str
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Shared by the listeners of one app; holds no state but the store."""

    answer: Answering
    store: Store
    pool: Executor
    late: Executor
    """Where questions are worked out that wait for a network, so that they keep no others waiting."""
    waits: Callable[[str], bool]
    """Whether a question waits for a network."""
    command: str

    def state(self, where: Where, text: str, *, asker: str = "") -> State:
        """The question, without secrets and half characters, with the settings that hold for this person here."""
        whole = text.encode("utf-8", "replace").decode()
        question, chart = without_chart(masked(whole).strip())
        return State(
            question=question or HELP, defaults=preferences.inherited(self.store, where), chart=chart, asker=asker
        )

    def private(self, state: State) -> Message:
        """The answer for the person alone; never raises."""
        return self._message(replace(state, asker="", changer=""), shared=False)

    def shared(self, state: State) -> Message:
        """The answer for everyone there, naming who asked; never raises."""
        return self._message(state, shared=True)

    def reply(self, state: State) -> Reply:
        """The reply alone; never raises."""
        try:
            return self.answer(state.question, defaults=state.defaults)
        except Exception as error:
            return failure(log_error("answer_failed", error))

    def remember(self, where: Where, message: Message, state: State) -> None:
        """Keep a question that was answered among the person's last ones; never raises."""
        log().info("answered", verdict=message.reply.verdict)
        if message.reply.verdict in ANSWERED:
            history.add(self.store, where, state.question)

    def first_time(self, where: Where, body: dict[str, Any]) -> bool:
        """Whether this event was not taken before, by any process: Slack sends again what it believes lost."""
        event_id = str(body.get("event_id") or "")
        first = not event_id or self.store.claim(where.tenant.key("event", event_id), EVENT_SECONDS)
        if not first:
            log().info("event_repeated")
        return first

    def _message(self, state: State, *, shared: bool) -> Message:
        reply = self.reply(state)
        try:
            by = (byline(state, reply.language),) if shared else ()
            drawn = Message(
                reply, (*by, *controls(reply, state, shared=shared)), self._charts(reply, state) if state.chart else ()
            )
            drawn.native()
            return drawn
        except Exception as error:
            return Message(failure(log_error("drawing_failed", error)))

    def _charts(self, reply: Reply, state: State) -> tuple[Block, ...]:
        def sizing(batch: int) -> Answer:
            question = follow_up(state.question, f"batch {batch}") or state.question
            return self.reply(state.asking(question)).answer

        return charts(reply, sizing, state.defaults.units)


def where(context: Any, channel: str = "") -> Where:
    """From what Bolt read out of the request."""
    tenant = Tenant(context.enterprise_id, context.team_id)
    return Where(tenant=tenant, user=context.user_id or "", channel=channel or context.channel_id or "")


def spoken_in(state: State) -> Messages:
    """Sentences in the language of the question, or of whoever asked."""
    return messages(state.defaults.language or parse(state.question).language)


def without_chart(text: str) -> tuple[str, bool]:
    """The question without the word that asks for a chart, and whether it was there."""
    words = text.split(" ")
    for phrase in sorted(_chart_words(), key=len, reverse=True):
        parts = phrase.split()
        for start in range(len(words) - len(parts) + 1):
            if [fold(word.strip(",.?!")) for word in words[start : start + len(parts)]] == parts:
                return " ".join(words[:start] + words[start + len(parts) :]), True
    return text, False


def _chart_words() -> Iterable[str]:
    return {fold(word) for table in languages().values() for word in table["chart"]}
