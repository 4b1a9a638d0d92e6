"""The app's Home: examples, this person's last questions, the settings that questions inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.help import EXAMPLES
from bot.messages import Messages, messages
from bot.surfaces.slack import blocks, controls, forms, history, preferences, settings_form
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.blocks import HEADER_UNITS
from bot.surfaces.slack.desk import Desk, Where, where
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.state import State, pack

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient

    from bot.surfaces.slack.actions import Press

ASK, FORGET = "vram_ask", "vram_forget"
MY_SETTINGS, CHANNEL_SETTINGS = "vram_my_settings", "vram_channel_settings"
SHOWN_EXAMPLES = 4
QUESTION_UNITS = 600


def register(app: App, desk: Desk) -> None:
    """Draw the Home when someone opens it."""

    @safely("home_failed")
    def work(event: dict[str, Any], client: WebClient, context: Any) -> None:
        if event.get("tab", "home") == "home":
            _publish(desk, client, where(context))

    app.event("app_home_opened")(ack=acknowledge, lazy=[work])


def view(desk: Desk, here: Where) -> Block:
    """The Home of one person."""
    mine = preferences.of_person(desk.store, here.tenant, here.user)
    said = messages(mine.language or "en")
    asked = history.last(desk.store, here)
    drawn = [_header(said("slack.home_title")), e.section(said("slack.home_intro"))]
    drawn += [e.actions(e.button(controls.FORM, said("slack.form_open"), style="primary"))]
    drawn += [{"type": "divider"}, _header(said("slack.examples"))]
    drawn += [_asked(question, said) for question in _examples(said.language)]
    drawn += [{"type": "divider"}, _header(said("slack.home_asked"))]
    drawn += [_asked(question, said) for question in asked] or [_note(said("slack.home_nothing"))]
    drawn += [e.actions(e.button(FORGET, said("slack.home_forget"), style="danger"))] if asked else []
    drawn += [{"type": "divider"}, _header(said("slack.home_settings")), _note(settings_form.summary(mine, said))]
    mine_button = e.button(MY_SETTINGS, said("slack.home_mine"))
    drawn += [e.actions(mine_button, e.button(CHANNEL_SETTINGS, said("slack.home_channel")))]
    return {"type": "home", "blocks": [*drawn, _note(said("slack.home_privacy"))]}


def open_settings(desk: Desk, client: WebClient, here: Where, trigger: str, *, channel: str) -> None:
    """The settings form, opened at once and filled in a moment later; channel: one that it may be for."""
    opened = client.views_open(trigger_id=trigger, view=forms.waiting(messages()))
    mine = preferences.of_person(desk.store, here.tenant, here.user)
    filled = settings_form.view(mine, messages(mine.language or "en"), channel=channel)
    client.views_update(view_id=opened["view"]["id"], view=filled)


def ask(press: Press) -> None:
    """An example or an earlier question, answered in a modal."""
    opened = press.client.views_open(trigger_id=press.trigger, view=forms.waiting(messages()))
    state = press.desk.state(press.where, press.state.question)
    message = press.desk.private(state)
    said = messages(message.reply.language)
    shown = {**forms.modal(said("slack.form_title"), said), "blocks": blocks.plain_blocks(message.reply)}
    press.client.views_update(view_id=opened["view"]["id"], view=shown)
    press.desk.remember(press.where, message, state)
    _publish(press.desk, press.client, press.where)


def forget(press: Press) -> None:
    """Delete this person's questions."""
    history.forget(press.desk.store, press.where)
    _publish(press.desk, press.client, press.where)


def my_settings(press: Press) -> None:
    open_settings(press.desk, press.client, press.where, press.trigger, channel="")


def channel_settings(press: Press) -> None:
    """The same form with a picker of the channel that it is for."""
    said = messages(preferences.of_person(press.desk.store, press.where.tenant, press.where.user).language or "en")
    press.client.views_open(trigger_id=press.trigger, view=settings_form.view(None, said, channel=""))


def save(desk: Desk, client: WebClient, here: Where, body: dict[str, Any]) -> None:
    """Keep what the settings form says, and draw the Home again."""
    settings, channel = settings_form.read(body["view"])
    if settings is None:
        return
    if channel:
        preferences.save_channel(desk.store, here.tenant, channel, settings)
    else:
        preferences.save_person(desk.store, here.tenant, here.user, settings)
    _publish(desk, client, here)


def _publish(desk: Desk, client: WebClient, here: Where) -> None:
    try:
        client.views_publish(user_id=here.user, view=view(desk, here))
    except Exception as error:
        log_error("home_not_drawn", error)


def _examples(language: str) -> list[str]:
    return list(EXAMPLES.get(language, EXAMPLES["en"]).values())[:SHOWN_EXAMPLES]


def _asked(question: str, said: Messages) -> Block:
    button = e.button(ASK, said("slack.home_ask"), value=pack(State(question=question)))
    return {**e.section(question, QUESTION_UNITS), "accessory": button}


def _header(text: str) -> Block:
    return {"type": "header", "text": e.plain(text, HEADER_UNITS)}


def _note(text: str) -> Block:
    return e.context(text, limit=e.TEXT_UNITS)
