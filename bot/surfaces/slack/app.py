"""Our own Bolt app, for one workspace or for many: built from settings, ready to be served."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bot.messages import messages
from bot.surfaces.slack import oauth, register, uninstall
from bot.surfaces.slack.client import web_client
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.store import build_store

if TYPE_CHECKING:
    from slack_bolt import App, BoltResponse
    from slack_bolt.authorization import AuthorizeResult

    from bot.settings import Secret, Settings
    from bot.surfaces.slack.desk import Answering

LISTENER_THREADS = 24


def build_app(settings: Settings, *, answer: Answering | None = None) -> App:
    """A Bolt app that answers within the request, verifies signatures, and needs no call to Slack to do so."""
    from slack_bolt import App

    secret, store = settings.slack_signing_secret, build_store(settings)
    workspaces = oauth.Workspaces(settings) if oauth.is_multi_workspace(settings) else None
    whose = (
        {"oauth_settings": workspaces.bolt_settings()}
        if workspaces
        else {"authorize": _one_workspace(settings.slack_bot_token)}
    )
    app = App(
        name="vram",
        client=web_client(None, settings.slack_api_url),
        **whose,
        signing_secret=secret.reveal() if secret else "",
        process_before_response=True,
        listener_executor=ThreadPoolExecutor(LISTENER_THREADS, thread_name_prefix="bolt"),
    )
    app.error(_on_error)
    register(app, answer=answer, store=store)
    uninstall.register(app, store, *([workspaces.forget] if workspaces else []))
    return app


def _one_workspace(token: Secret | None) -> Callable[..., AuthorizeResult]:
    """The app's own token for every request: they are all signed, and auth.test would cost a call on each start."""

    def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        from slack_bolt.authorization import AuthorizeResult

        revealed = token.reveal() if token else None
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, bot_token=revealed)

    return authorize


def _on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
    """Only payloads that Bolt cannot read get here: our listeners turn their own errors into replies."""
    from slack_bolt import BoltResponse

    log_error("unreadable_payload", error)
    return BoltResponse(status=400, body=messages()("slack.unreadable"))
