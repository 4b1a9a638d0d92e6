"""`Post to channel`, `Post to thread…` and `thread:<link>`: from an answer that one person sees to one that all see.

Nobody may post through the bot where they could not post themselves. A link is followed into the channel that was asked
from, into a public channel, and into a channel for which Slack handed this person a response_url.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.messages import Messages, messages
from bot.surfaces.slack import elements as e
from bot.surfaces.slack import permalink, posting, respond
from bot.surfaces.slack.desk import spoken_in
from bot.surfaces.slack.form import TITLE_UNITS
from bot.surfaces.slack.permalink import Target
from bot.surfaces.slack.state import State, pack, unpack

if TYPE_CHECKING:
    from slack_bolt import Ack
    from slack_sdk import WebClient

    from bot.surfaces.slack.actions import Press
    from bot.surfaces.slack.desk import Desk, Where
    from bot.surfaces.slack.elements import Block

VIEW = "vram_post"
CONVERSATION, LINK = "vram_conversation", "vram_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the modal was opened for, kept in its private_metadata."""

    state: State
    response_url: str
    channel: str


def to_channel(press: Press) -> None:
    """Post where the card is shown; through the response_url where the bot is no member."""
    desk, where = press.desk, press.where
    said = spoken_in(press.state)
    state = replace(press.state, asker=where.user)
    try:
        posted = posting.post(desk, press.client, where, Target(where.channel, press.thread), state)
    except posting.NotPosted as problem:
        sent = problem.key == "slack.not_in_channel" and _in_channel(desk, press.response_url, state)
        if not sent:
            respond.tell(press.response_url, said(problem.key, code=problem.code))
        return
    respond.tell(press.response_url, said("slack.posted"), link=posted.link or "")


def _in_channel(desk: Desk, url: str, state: State) -> bool:
    return respond.send(url, desk.shared(state), response_type="in_channel", replace_original=False)


def ask_where(press: Press) -> None:
    """Open the modal at once: the trigger lives three seconds."""
    order = Order(state=press.state, response_url=press.response_url, channel=press.where.channel)
    said = spoken_in(press.state)
    press.client.views_open(trigger_id=press.trigger, view=view(order, said))


def view(order: Order, said: Messages) -> Block:
    """A picker of conversations, and a link to a message of one."""
    picker = {
        "type": "conversations_select",
        "action_id": CONVERSATION,
        "default_to_current_conversation": True,
        "response_url_enabled": True,
        "filter": {"include": ["public", "private", "im", "mpim"], "exclude_bot_users": True},
    }
    link = {"type": "plain_text_input", "action_id": LINK, "placeholder": e.plain(said("slack.link_placeholder"), 150)}
    return {
        "type": "modal",
        "callback_id": VIEW,
        "private_metadata": _packed(order),
        "title": e.plain(said("slack.post_title"), TITLE_UNITS),
        "submit": e.plain(said("slack.post_submit"), TITLE_UNITS),
        "close": e.plain(said("slack.cancel"), TITLE_UNITS),
        "blocks": [
            e.input_block(CONVERSATION, said("slack.conversation"), picker),
            e.input_block(LINK, said("slack.link"), link, hint=said("slack.link_hint"), optional=True),
        ],
    }


def check(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    """Errors on the field they concern; otherwise the modal closes and the rest follows."""
    order, said = _order(body), messages()
    if order is None:
        ack(response_action="errors", errors={CONVERSATION: said("slack.too_old")})
        return
    said = spoken_in(order.state)
    problem = _problem(client, order, body)
    ack(response_action="errors", errors={LINK: said(problem)}) if problem else ack()


def place(desk: Desk, client: WebClient, where: Where, body: dict[str, Any]) -> None:
    """Post, and tell the person how it went."""
    order = _order(body)
    if order is None or _problem(client, order, body):
        return
    said = spoken_in(order.state)
    typed = _link(body)
    target = permalink.read(typed) if typed else Target(_picked(body))
    if target is None:
        return
    state = replace(order.state, asker=where.user)
    try:
        posted = posting.post(desk, client, where, target, state)
    except posting.NotPosted as problem:
        minted = _minted(body)
        through_url = not typed and problem.key == "slack.not_in_channel" and target.channel in minted
        if not (through_url and _in_channel(desk, minted[target.channel], state)):
            sentence = said(problem.key, code=problem.code)
            respond.tell(order.response_url, sentence)
        return
    respond.tell(order.response_url, said("slack.posted"), link=posted.link or "")


def may_post(client: WebClient, target: Target, *, asked_from: str, attested: frozenset[str] = frozenset()) -> bool:
    """Whether a link into this channel is followed for someone who asked from another."""
    return target.channel == asked_from or target.channel in attested or is_public(client, target.channel)


def is_public(client: WebClient, channel: str) -> bool:
    """Whether Slack says that a channel is public; no, where the app may not ask (scope channels:read)."""
    from slack_sdk.errors import SlackApiError

    try:
        found = client.conversations_info(channel=channel)["channel"]
    except (SlackApiError, OSError, KeyError):
        return False
    return bool(found.get("is_channel")) and not found.get("is_private", True)


def _problem(client: WebClient, order: Order, body: dict[str, Any]) -> str | None:
    """The sentence about a link that is none, or leads where it may not."""
    typed = _link(body)
    if not typed:
        return None
    target = permalink.read(typed)
    if target is None:
        return "slack.no_link"
    allowed = may_post(client, target, asked_from=order.channel, attested=frozenset(_minted(body)))
    return None if allowed else "slack.link_refused"


def _minted(body: dict[str, Any]) -> dict[str, str]:
    """Channels for which Slack gave this person a response_url with the submission."""
    return {
        each["channel_id"]: each["response_url"] for each in body.get("response_urls") or [] if "channel_id" in each
    }


def _link(body: dict[str, Any]) -> str:
    return (_values(body).get(LINK, {}).get(LINK, {}).get("value") or "").strip()


def _picked(body: dict[str, Any]) -> str:
    return str(_values(body).get(CONVERSATION, {}).get(CONVERSATION, {}).get("selected_conversation") or "")


def _values(body: dict[str, Any]) -> dict[str, Any]:
    return body["view"].get("state", {}).get("values", {})


def _packed(order: Order) -> str:
    return json.dumps([pack(order.state) or "", order.response_url, order.channel])


def _order(body: dict[str, Any]) -> Order | None:
    try:
        packed, url, channel = json.loads(body["view"]["private_metadata"])
    except (ValueError, KeyError, TypeError):
        return None
    state = unpack(packed)
    return Order(state=state, response_url=url, channel=channel) if state else None
