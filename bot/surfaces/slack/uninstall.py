"""When a workspace removes the app or its tokens: everything that is kept of it is deleted, in any order of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.store import Store, Tenant

if TYPE_CHECKING:
    from slack_bolt import App

Forget = Callable[[Tenant], None]


def register(app: App, store: Store, *forgets: Forget) -> None:
    """Listen to both events; forgets: what else deletes a team's data."""

    @safely("not_forgotten")
    def forget(body: dict[str, Any], event: dict[str, Any]) -> None:
        if event.get("type") == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return
        tenant = tenant_of(body)
        for each in (lambda gone: store.forget(gone.prefix()), *forgets):
            try:
                each(tenant)
            except Exception as error:
                log_error("not_forgotten", error)
        log().info("team_forgotten")

    for name in ("app_uninstalled", "tokens_revoked"):
        app.event(name)(ack=acknowledge, lazy=[forget])


def tenant_of(body: dict[str, Any]) -> Tenant:
    """The workspace that an event is about; the organisation where the app was installed for all of it."""
    installed: dict[str, Any] = next(iter(body.get("authorizations") or []), {})
    whole = installed.get("is_enterprise_install", body.get("is_enterprise_install", False))
    return Tenant(body.get("enterprise_id") or None, None if whole else body.get("team_id"))
