"""The form opened and sent: from `/vram` alone, a shortcut, a message, a card.

The modal is opened at once, empty, because its trigger lives three seconds; what needs looking up
fills it a moment later.
"""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bot.messages import Messages, messages
from bot.parse import parse
from bot.query import Query
from bot.reply import Reply
from bot.surfaces.slack import blocks, form, posting, preferences, respond
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.desk import Desk, Where
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.permalink import Target
from bot.surfaces.slack.state import State

if TYPE_CHECKING:
    from slack_bolt import Ack
    from slack_sdk import WebClient

    from bot.surfaces.slack.actions import Press

ACK_SECONDS = 2.0
LANGUAGE = "en"
SENTENCE_UNITS = 2000
Goal = Literal["person", "thread", "card", "modal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the answer to a form goes; kept in the modal's private_metadata."""

    goal: Goal
    response_url: str = ""
    channel: str = ""
    thread: str = ""
    ts: str = ""
    """The card to replace."""
    asker: str = ""
    chart: bool = False
    language: str = LANGUAGE


# --------------------------------------------------------------------------- opening


def open_form(desk: Desk, client: WebClient, here: Where, trigger: str, to: Destination, text: str = "") -> None:
    """Open the modal, then fill it in with what `text` says, in the person's language."""
    opened = client.views_open(trigger_id=trigger, view=waiting(messages()))
    language = preferences.inherited(desk.store, here).language
    query = parse(text) if text.strip() else None
    to = replace(to, language=language or (query.language if query else LANGUAGE))
    client.views_update(view_id=opened["view"]["id"], view=view(to, query))


def open_empty(press: Press) -> None:
    """From help, to answer where it stands; from the Home, where nothing can be answered but the modal itself."""
    goal: Goal = "person" if press.response_url else "modal"
    to = Destination(goal=goal, response_url=press.response_url, channel=press.where.channel)
    open_form(press.desk, press.client, press.where, press.trigger, to)


def edit(press: Press) -> None:
    """From a card: its own question, answered in its place."""
    to = Destination(
        goal="card",
        response_url=press.response_url,
        channel=press.where.channel,
        thread=press.thread or "",
        ts=str(press.container.get("message_ts") or ""),
        asker=press.state.asker if press.shared else "",
        chart=press.state.chart,
    )
    open_form(press.desk, press.client, press.where, press.trigger, to, press.state.question)


def view(to: Destination, query: Query | None) -> Block:
    """The form itself."""
    said = messages(to.language)
    return {
        **modal(said("slack.form_title"), said),
        "callback_id": form.VIEW,
        "private_metadata": json.dumps(asdict(to)),
        "submit": e.plain(said("slack.form_submit"), form.TITLE_UNITS),
        "blocks": form.fields(query, said, post_to=to.goal == "modal"),
    }


def waiting(said: Messages) -> Block:
    """A modal that something follows in."""
    return {**modal(said("slack.form_title"), said), "blocks": [e.section(said("slack.form_waiting"))]}


def modal(title: str, said: Messages) -> Block:
    """An empty modal that can be closed."""
    return {
        "type": "modal",
        "title": e.plain(title, form.TITLE_UNITS),
        "close": e.plain(said("slack.cancel"), form.TITLE_UNITS),
    }


# --------------------------------------------------------------------------- sending


def check(desk: Desk, ack: Ack, here: Where, body: dict[str, Any]) -> None:
    """Errors on the field that they concern; the answer in the modal where nowhere else was named; else close."""
    to, view = _destination(body), body["view"]
    said = messages(to.language)
    if problems := form.errors(view, said):
        ack(response_action="errors", errors=problems)
        return
    future: Future[Reply] = desk.pool.submit(lambda: desk.reply(_state(desk, here, to, view)))
    try:
        reply = future.result(timeout=ACK_SECONDS)
    except TimeoutError:
        log().info("answering_late")
        ack(response_action="update", view=waiting(said)) if _in_modal(to, view) else ack()
        return
    if fault := _fault(reply, view):
        ack(response_action="errors", errors=fault)
    elif _in_modal(to, view):
        ack(response_action="update", view=result(reply, said))
    else:
        ack()


def deliver(desk: Desk, client: WebClient, here: Where, body: dict[str, Any]) -> None:
    """Bring the answer where it belongs; never raises."""
    to, view = _destination(body), body["view"]
    if form.errors(view, messages(to.language)):
        return
    try:
        _deliver(desk, client, here, body, to, _state(desk, here, to, view))
    except posting.NotPosted as problem:
        tell(client, here, to, messages(to.language)(problem.key, code=problem.code))
    except Exception as error:
        tell(client, here, to, messages(to.language)("slack.failure", reference=log_error("form_failed", error)))


def result(reply: Reply, said: Messages) -> Block:
    """The answer as a modal, in the blocks that modals take."""
    return {**modal(said("slack.form_title"), said), "blocks": blocks.plain_blocks(reply)}


def _deliver(desk: Desk, client: WebClient, here: Where, body: dict[str, Any], to: Destination, state: State) -> None:
    if _fault(desk.reply(state), body["view"]):
        return
    message = desk.private(state)
    desk.remember(here, message, state)
    if to.goal == "thread":
        posting.post(desk, client, here, Target(to.channel, to.thread or None), state)
    elif to.goal == "card":
        _replace_card(desk, here, to, state)
    elif to.goal == "person":
        respond.send(to.response_url, message, replace_original=False)
    elif picked := form.values(body["view"]).get(form.POST_TO):
        _post_to(desk, client, here, body, picked, state)


def _replace_card(desk: Desk, here: Where, to: Destination, state: State) -> None:
    if not to.asker:
        respond.send(to.response_url, desk.private(state), replace_original=True)
        return
    changed = replace(state, asker=to.asker, changer=here.user)
    message = desk.shared(changed)
    if respond.send(to.response_url, message, replace_original=True, response_type="in_channel"):
        target = Target(to.channel, to.thread or to.ts)
        posting.remember(desk, here, target, to.ts, posting.fingerprint(message.reply.answer), changed)


def _post_to(desk: Desk, client: WebClient, here: Where, body: dict[str, Any], channel: str, state: State) -> None:
    """Into the conversation that was picked: as a member, else by the response_url that Slack gave for it."""
    try:
        posting.post(desk, client, here, Target(channel), state)
    except posting.NotPosted as problem:
        urls = {each.get("channel_id"): each.get("response_url") for each in body.get("response_urls") or []}
        shared = desk.shared(replace(state, asker=here.user))
        if not (urls.get(channel) and respond.send(urls[channel], shared, response_type="in_channel")):
            raise problem from None


def tell(client: WebClient, here: Where, to: Destination, sentence: str) -> None:
    """To the person alone: by the response_url, else in their own conversation with the app; never raises."""
    from slack_sdk.errors import SlackApiError

    if to.response_url and respond.tell(to.response_url, sentence):
        return
    try:
        client.chat_postMessage(channel=here.user, text=sentence)
    except (SlackApiError, OSError) as error:
        log_error("not_told", error)


def _fault(reply: Reply, view: Block) -> dict[str, str]:
    """The error of a reply, by the field to correct."""
    if reply.answer.error:
        return {form.field_at_fault(reply.answer, view): reply.headline[:SENTENCE_UNITS]}
    said = messages(reply.language)
    return {
        field: said("warning.unread", words=", ".join(f"“{word}”" for word in words))[:SENTENCE_UNITS]
        for field, words in form.unread(reply.answer, view).items()
    }


def _state(desk: Desk, here: Where, to: Destination, view: Block) -> State:
    state = desk.state(replace(here, channel=to.channel or here.channel), form.question(view))
    return replace(state, chart=state.chart or to.chart)


def _in_modal(to: Destination, view: Block) -> bool:
    return to.goal == "modal" and form.POST_TO not in form.values(view)


def _destination(body: dict[str, Any]) -> Destination:
    """What the modal carries; the modal itself where it carries nothing that can be read."""
    try:
        return Destination(**json.loads(body["view"]["private_metadata"]))
    except (ValueError, KeyError, TypeError):
        return Destination(goal="modal")
