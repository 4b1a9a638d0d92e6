"""Many workspaces: install by OAuth, the token of each request from its workspace's installation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.surfaces.slack.client import web_client
from bot.surfaces.slack.logging import NAME
from bot.surfaces.slack.store import Tenant

if TYPE_CHECKING:
    from slack_bolt.authorization.authorize import InstallationStoreAuthorize
    from slack_bolt.oauth.oauth_settings import OAuthSettings

    from bot.settings import Settings
    from bot.surfaces.slack.installations import EncryptedStore

SCOPES = ("commands", "chat:write", "app_mentions:read")
INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"
NEEDED = ("slack_client_id", "slack_client_secret", "slack_signing_secret", "token_encryption_key", "public_url")
AUTHORIZE_PATH = "/oauth/v2/authorize"


class Workspaces:
    """The installations, and what Bolt needs to read them."""

    def __init__(self, settings: Settings) -> None:
        from bot.surfaces.slack.installations import stores

        settings.require(*NEEDED)
        self._settings, self._logger = settings, logging.getLogger(f"{NAME}.oauth")
        self.installations, self._states = stores(settings, self._logger)
        self.authorize = _authorize(settings, self.installations, self._logger)

    def forget(self, tenant: Tenant) -> None:
        """Delete a team's installations, here and from the cache of who is authorized."""
        self.authorize.authorize_result_cache.clear()
        self.installations.delete_team(tenant)

    def bolt_settings(self) -> OAuthSettings:
        """For slack_bolt.App."""
        from slack_bolt.oauth.oauth_settings import OAuthSettings

        settings = self._settings
        secret = settings.slack_client_secret
        oauth = OAuthSettings(
            client_id=settings.slack_client_id,
            client_secret=secret.reveal() if secret else "",
            scopes=list(SCOPES),
            user_scopes=[],
            redirect_uri=f"{(settings.public_url or '').rstrip('/')}{REDIRECT_PATH}",
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            installation_store=self.installations,
            state_store=self._states,
            authorization_url=f"{_origin(settings.slack_api_url)}{AUTHORIZE_PATH}",
            logger=self._logger,
        )
        oauth.authorize = self.authorize
        return oauth


def _authorize(settings: Settings, installations: EncryptedStore, logger: logging.Logger) -> InstallationStoreAuthorize:
    from slack_bolt.authorization.authorize import InstallationStoreAuthorize

    secret = settings.slack_client_secret
    return InstallationStoreAuthorize(
        logger=logger,
        installation_store=installations,
        client_id=settings.slack_client_id,
        client_secret=secret.reveal() if secret else None,
        client=web_client(None, settings.slack_api_url),
        cache_enabled=True,
    )


def _origin(api_url: str) -> str:
    """https://slack.com of https://slack.com/api/."""
    return api_url.rstrip("/").removesuffix("/api")


def is_multi_workspace(settings: Settings) -> bool:
    """Whether the settings are those of an app that several workspaces install."""
    return settings.slack_client_id is not None


def required(settings: Settings) -> tuple[str, ...]:
    """The settings without which the server cannot start."""
    return NEEDED if is_multi_workspace(settings) else ("slack_bot_token", "slack_signing_secret")
