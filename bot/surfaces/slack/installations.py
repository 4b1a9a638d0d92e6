"""Installations of many workspaces in a database, their tokens encrypted. SQLAlchemy and cryptography load here
only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from logging import Logger
from typing import TYPE_CHECKING, Any, TypeVar

from slack_sdk.oauth.installation_store import Bot, Installation, InstallationStore

from bot.settings import SettingsError
from bot.surfaces.slack.store import Tenant

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet
    from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
    from sqlalchemy import Engine, MetaData

    from bot.settings import Settings

Row = TypeVar("Row", Bot, Installation)

SECRET_FIELDS = ("bot_token", "bot_refresh_token", "user_token", "user_refresh_token", "incoming_webhook_url")
DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
"""Schemes that platforms hand out -> the dialect and driver that SQLAlchemy needs."""
STATE_SECONDS = 600
POOL_SECONDS = 300
CONNECT_SECONDS = 2


class EncryptedStore(InstallationStore):
    """Any installation store, with tokens that are ciphertext at rest."""

    def __init__(self, inner: Any, keys: MultiFernet) -> None:
        self._inner, self._keys = inner, keys

    @property
    def logger(self) -> Logger:
        return self._inner.logger

    def save(self, installation: Installation) -> None:
        self._inner.save(self._each(installation, self._lock))

    def save_bot(self, bot: Bot) -> None:
        self._inner.save_bot(self._each(bot, self._lock))

    def find_bot(self, **whose: Any) -> Bot | None:
        found = self._inner.find_bot(**whose)
        return self._each(found, self._unlock) if found else None

    def find_installation(self, **whose: Any) -> Installation | None:
        found = self._inner.find_installation(**whose)
        return self._each(found, self._unlock) if found else None

    def delete_bot(self, **whose: Any) -> None:
        self._inner.delete_bot(**whose)

    def delete_installation(self, **whose: Any) -> None:
        self._inner.delete_installation(**whose)

    def delete_team(self, tenant: Tenant) -> None:
        """Every installation of a workspace, or of an organisation."""
        whose = {"enterprise_id": tenant.enterprise, "team_id": tenant.team}
        self._inner.delete_installation(**whose)
        self._inner.delete_bot(**whose)

    def _each(self, row: Row, change: Callable[[str], str]) -> Row:
        changed = copy(row)
        for name in SECRET_FIELDS:
            if value := getattr(changed, name, None):
                setattr(changed, name, change(value))
        return changed

    def _lock(self, token: str) -> str:
        return self._keys.encrypt(token.encode()).decode()

    def _unlock(self, text: str) -> str:
        return self._keys.decrypt(text.encode()).decode()


def keys(settings: Settings) -> MultiFernet:
    """The Fernet keys, newest first; older ones still open what they closed. Raises ValueError for anything else."""
    from cryptography.fernet import Fernet, MultiFernet

    text = settings.token_encryption_key.reveal() if settings.token_encryption_key else ""
    return MultiFernet([Fernet(key.strip()) for key in text.split(",")])


def database(settings: Settings) -> Engine:
    """The engine of DATABASE_URL. Does not connect yet. Raises SettingsError without its driver."""
    from sqlalchemy import create_engine

    scheme, _, rest = settings.database_url.reveal().partition("://")
    try:
        return create_engine(f"{DRIVERS.get(scheme, scheme)}://{rest}", pool_pre_ping=True, pool_recycle=POOL_SECONDS)
    except ImportError:
        raise SettingsError('DATABASE_URL needs a driver that is not installed: pip install ".[postgresql]".') from None


def stores(settings: Settings, logger: Logger) -> tuple[EncryptedStore, SQLAlchemyOAuthStateStore]:
    """Installations and the states of installs under way, in one database; tables are made where they are missing.

    Raises SettingsError where the database cannot be reached or written to.
    """
    from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
    from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore

    engine = database(settings)
    inner = SQLAlchemyInstallationStore(client_id=settings.slack_client_id or "", engine=engine, logger=logger)
    states = SQLAlchemyOAuthStateStore(expiration_seconds=STATE_SECONDS, engine=engine, logger=logger)
    _make_tables(engine, inner.metadata, states.metadata)
    return EncryptedStore(inner, keys(settings)), states


def _make_tables(engine: Engine, *groups: MetaData) -> None:
    """One by one, each twice: another process that starts may make it between our look and our making."""
    from sqlalchemy.exc import SQLAlchemyError

    for table in (table for group in groups for table in group.sorted_tables):
        with suppress(SQLAlchemyError):
            table.create(engine, checkfirst=True)
        try:
            table.create(engine, checkfirst=True)
        except SQLAlchemyError:
            raise SettingsError("DATABASE_URL names a database that cannot be reached or written to.") from None
