"""Modals that were sent: each is checked within the request, and done after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.messages import messages
from bot.surfaces.slack import form, forms, home, settings_form, sharing
from bot.surfaces.slack.desk import Desk, where
from bot.surfaces.slack.listening import safely

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from slack_sdk import WebClient


def register(app: App, desk: Desk) -> None:
    """Listen to our own modals."""

    def check_form(ack: Ack, body: dict[str, Any], context: Any) -> None:
        forms.check(desk, ack, where(context), body)

    @safely("form_failed")
    def deliver(body: dict[str, Any], client: WebClient, context: Any) -> None:
        forms.deliver(desk, client, where(context), body)

    @safely("form_failed")
    def place(body: dict[str, Any], client: WebClient, context: Any) -> None:
        sharing.place(desk, client, where(context), body)

    @safely("form_failed")
    def save(body: dict[str, Any], client: WebClient, context: Any) -> None:
        home.save(desk, client, where(context), body)

    app.view(form.VIEW)(ack=check_form, lazy=[deliver])
    app.view(sharing.VIEW)(ack=sharing.check, lazy=[place])
    app.view(settings_form.VIEW)(ack=_check_settings, lazy=[save])


def _check_settings(ack: Ack, body: dict[str, Any]) -> None:
    problems = settings_form.errors(body["view"], messages())
    ack(response_action="errors", errors=problems) if problems else ack()
