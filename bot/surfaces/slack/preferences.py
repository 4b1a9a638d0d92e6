"""Settings of a person and of a channel, which questions inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot.defaults import Defaults
from bot.surfaces.slack.store import Store, Tenant

if TYPE_CHECKING:
    from bot.surfaces.slack.desk import Where

KEPT_SECONDS = 400 * 86_400
"""Settings that nobody saved for more than a year are forgotten."""


def inherited(store: Store, where: Where) -> Defaults:
    """What holds for this person in this channel: their own, else the channel's."""
    mine = of_person(store, where.tenant, where.user)
    return mine.over(of_channel(store, where.tenant, where.channel)) if where.channel else mine


def of_person(store: Store, tenant: Tenant, user: str) -> Defaults:
    return _read(store, tenant.key("person", user))


def of_channel(store: Store, tenant: Tenant, channel: str) -> Defaults:
    return _read(store, tenant.key("channel", channel))


def save_person(store: Store, tenant: Tenant, user: str, settings: Defaults) -> None:
    _write(store, tenant.key("person", user), settings)


def save_channel(store: Store, tenant: Tenant, channel: str, settings: Defaults) -> None:
    _write(store, tenant.key("channel", channel), settings)


def _read(store: Store, key: str) -> Defaults:
    text = store.get(key)
    try:
        return Defaults.model_validate_json(text) if text else Defaults()
    except ValidationError:
        return Defaults()


def _write(store: Store, key: str, settings: Defaults) -> None:
    if settings.stated():
        store.set(key, settings.model_dump_json(exclude_none=True), KEPT_SECONDS)
    else:
        store.delete(key)
