"""Presses on a card's controls, each answered from what the card carries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.followup import follow_up
from bot.messages import messages
from bot.surfaces.slack import controls, forms, home, posting, respond, sharing
from bot.surfaces.slack.desk import Desk, Where, where
from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.permalink import Target
from bot.surfaces.slack.state import State, unpack

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient


@dataclass(frozen=True)
class Press:
    """One press: who, where, on which card."""

    desk: Desk
    client: WebClient
    body: dict[str, Any]
    where: Where
    state: State

    @property
    def action(self) -> dict[str, Any]:
        return self.body["actions"][0]

    @property
    def response_url(self) -> str:
        return str(self.body.get("response_url") or "")

    @property
    def trigger(self) -> str:
        return str(self.body.get("trigger_id") or "")

    @property
    def shared(self) -> bool:
        """Whether others see the card."""
        return bool(self.state.asker) and not self.container.get("is_ephemeral", False)

    @cached_property
    def container(self) -> dict[str, Any]:
        return self.body.get("container") or {}

    @property
    def thread(self) -> str | None:
        """The thread that the card stands in."""
        return self.container.get("thread_ts") or (self.body.get("message") or {}).get("thread_ts")


def register(app: App, desk: Desk) -> None:
    """Listen to our own action ids, all of them in one listener."""
    ours = re.compile(f"^(?:{'|'.join(map(re.escape, HANDLERS))})$")

    @safely("press_failed")
    def work(body: dict[str, Any], client: WebClient, context: Any) -> None:
        state = unpack(_carried(body))
        here = where(context, (body.get("container") or {}).get("channel_id") or "")
        handler = HANDLERS[body["actions"][0]["action_id"]]
        try:
            if state is None and handler in NEED_A_CARD:
                respond.tell(str(body.get("response_url") or ""), messages()("slack.too_old"))
                return
            handler(Press(desk, client, body, here, state or State(question="")))
        except Exception as error:
            reference = log_error("press_failed", error)
            respond.tell(str(body.get("response_url") or ""), messages()("slack.failure", reference=reference))

    app.action(ours)(ack=acknowledge, lazy=[work])


def _carried(body: dict[str, Any]) -> str:
    """The state of the pressed element's card: its own value, else its block's id."""
    action = body["actions"][0]
    return action.get("value") or action.get("block_id") or ""


def change_gpu(press: Press) -> None:
    """The same question on another card, in place."""
    chosen = (press.action.get("selected_option") or {}).get("value")
    question = follow_up(press.state.question, f"on {chosen}") if chosen else None
    if question:
        redraw(press, replace(press.state, question=question))


def toggle_chart(press: Press) -> None:
    """The same card with its charts, or without."""
    redraw(press, replace(press.state, chart=not press.state.chart))


def redraw(press: Press, state: State) -> None:
    """Replace the card by the answer to `state`; a shared one says who changed it."""
    desk, container = press.desk, press.container
    if not press.shared:
        respond.send(press.response_url, desk.private(state), replace_original=True)
        return
    changed = replace(state, changer=press.where.user)
    message = desk.shared(changed)
    if respond.send(press.response_url, message, replace_original=True, response_type="in_channel"):
        ts = str(container.get("message_ts") or "")
        target = Target(press.where.channel, press.thread or ts)
        posting.remember(desk, press.where, target, ts, posting.fingerprint(message.reply.answer), changed)


def explain(press: Press) -> None:
    """The formulas with this question's numbers, for whoever pressed."""
    state = replace(press.state, question=f"explain {press.state.question}", chart=False)
    options = {"thread_ts": press.thread} if press.thread else {}
    respond.send(press.response_url, press.desk.private(state), replace_original=False, **options)


HANDLERS: dict[str, Callable[[Press], None]] = {
    controls.GPU: change_gpu,
    controls.CHART: toggle_chart,
    controls.EXPLAIN: explain,
    controls.EDIT: forms.edit,
    controls.FORM: forms.open_empty,
    home.ASK: home.ask,
    home.FORGET: home.forget,
    home.MY_SETTINGS: home.my_settings,
    home.CHANNEL_SETTINGS: home.channel_settings,
    controls.POST_CHANNEL: sharing.to_channel,
    controls.POST_THREAD: sharing.ask_where,
}
CARDS = (controls.GPU, controls.CHART, controls.EXPLAIN, controls.EDIT, controls.POST_CHANNEL, controls.POST_THREAD)
NEED_A_CARD = frozenset(HANDLERS[action] for action in CARDS)
