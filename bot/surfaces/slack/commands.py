"""`/vram …`: the answer goes out in the acknowledgement itself, ephemeral. `/vram` alone opens the form."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.messages import messages
from bot.surfaces.slack import forms, home, permalink, posting, respond, sharing
from bot.surfaces.slack.controls import ANSWERED
from bot.surfaces.slack.desk import Desk, Where, spoken_in, where
from bot.surfaces.slack.listening import safely
from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.message import HELP, Message
from bot.surfaces.slack.state import State

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from slack_sdk import WebClient

ACK_SECONDS = 2.0
"""Slack shows an error to the person after 3 seconds; the rest is for the way there and back."""
SETTINGS = "defaults"


def register(app: App, desk: Desk) -> None:
    """Listen to the slash command."""

    def acknowledge(ack: Ack, body: dict[str, Any], context: Any) -> None:
        text = (body.get("text") or "").strip()
        if not text or text.lower() == SETTINGS or permalink.split(text)[1]:
            ack()
        else:
            _answer(desk, ack, where(context), text, body.get("response_url") or "")

    @safely("command_failed")
    def work(body: dict[str, Any], client: WebClient, context: Any) -> None:
        text, here, url = (body.get("text") or "").strip(), where(context), body.get("response_url") or ""
        question, link = permalink.split(text)
        try:
            if not text:
                _open(desk, client, here, body, url)
            elif text.lower() == SETTINGS:
                home.open_settings(desk, client, here, body.get("trigger_id") or "", channel=here.channel)
            elif link:
                _post(desk, client, here, question, link, url)
        except Exception as error:
            respond.tell(url, messages()("slack.failure", reference=log_error("command_failed", error)))

    app.command(desk.command)(ack=acknowledge, lazy=[work])


def _answer(desk: Desk, ack: Ack, here: Where, text: str, url: str) -> None:
    waits = desk.waits(text)
    future = (desk.late if waits else desk.pool).submit(_worked_out, desk, here, text)
    try:
        message, state = future.result(timeout=0 if waits else ACK_SECONDS)
        ack(message.body())
        desk.pool.submit(desk.remember, here, message, state)
    except TimeoutError:
        ack({"response_type": "ephemeral", "text": messages()("slack.waiting")})
        log().info("answering_late")
        future.add_done_callback(partial(_send_late, desk, here, url))


def _worked_out(desk: Desk, here: Where, text: str) -> tuple[Message, State]:
    state = desk.state(here, text)
    return desk.private(state), state


def _send_late(desk: Desk, here: Where, url: str, future: Future[tuple[Message, State]]) -> None:
    message, state = future.result()
    if url:
        respond.send(url, message)
    desk.remember(here, message, state)


def _open(desk: Desk, client: WebClient, here: Where, body: dict[str, Any], url: str) -> None:
    """The form; help where Slack opens none."""
    to = forms.Destination(goal="person", response_url=url, channel=here.channel)
    try:
        forms.open_form(desk, client, here, body.get("trigger_id") or "", to)
    except Exception as error:
        log_error("form_not_opened", error)
        respond.send(url, desk.private(desk.state(here, HELP)))


def _post(desk: Desk, client: WebClient, here: Where, question: str, link: str, url: str) -> None:
    """`/vram … thread:<link>`: the answer to the thread; what went wrong to the person."""
    target, state = permalink.read(link), desk.state(here, question, asker=here.user)
    said = spoken_in(state)
    message = desk.private(state)
    if message.reply.verdict not in ANSWERED:
        respond.send(url, message)
    elif target is None:
        respond.tell(url, said("slack.no_link"))
    elif not sharing.may_post(client, target, asked_from=here.channel):
        respond.tell(url, said("slack.link_refused"))
    else:
        _posted(desk, client, here, replace(state, asker=here.user), target, url)


def _posted(desk: Desk, client: WebClient, here: Where, state: State, target: permalink.Target, url: str) -> None:
    said = spoken_in(state)
    try:
        posted = posting.post(desk, client, here, target, state)
    except posting.NotPosted as problem:
        respond.tell(url, said(problem.key, code=problem.code))
        return
    respond.tell(url, said("slack.updated" if posted.updated else "slack.posted"), link=posted.link or "")
    desk.remember(here, posted.message, state)
