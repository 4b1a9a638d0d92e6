"""Settings from the environment; nothing else in the project reads environment variables.

Every setting is optional here: a terminal needs none, and each surface asks for what it needs with `require`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LARGEST_PORT = 65_535
MOST_PROCESSES = 64
TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")


class SettingsError(Exception):
    """Settings that are missing or malformed; the message names them and never shows a value."""


class Secret:
    """A value that prints as asterisks; `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One field per environment variable, named as the variable in lower case."""

    slack_bot_token: Secret | None = None
    slack_signing_secret: Secret | None = None
    slack_app_token: Secret | None = None
    """Socket Mode only."""
    slack_api_url: str = "https://slack.com/api/"
    slack_client_id: str | None = None
    """Set: many workspaces install the app by OAuth. Unset: one workspace, by its bot token."""
    slack_client_secret: Secret | None = None
    public_url: str | None = None
    """Where browsers reach this server, for OAuth."""
    database_url: Secret = Secret("sqlite:///vram-installations.db")  # noqa: RUF009
    """Where installations are kept; a secret because it may carry a password."""
    token_encryption_key: Secret | None = None
    """Fernet keys, newest first, separated by commas."""
    redis_url: Secret | None = None
    """redis://, rediss:// or unix://; a secret because it may carry a password."""
    redis_tls_verify: bool = True
    hf_endpoint: str = "https://huggingface.co"
    hf_token: Secret | None = None
    hf_hub_offline: bool = False
    """Never ask the Hub."""
    port: int = 3000
    log_level: str = "INFO"
    web_concurrency: int = 2
    """Server processes."""

    def require(self, *names: str) -> None:
        """Raise SettingsError naming every one of these fields that is not set."""
        missing = [name.upper() for name in names if getattr(self, name) is None]
        if missing:
            raise SettingsError(f"Set these environment variables: {', '.join(missing)} (see .env.example).")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ`, by default the process environment; an empty value counts as unset."""
    given = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for name in (field.name for field in fields(Settings)):
        if not (text := given.get(name.upper(), "").strip()):
            continue
        try:
            found[name] = _READERS.get(name, Secret)(text)
        except ValueError as error:
            wrong.append(f"{name.upper()} must be {error}")
    if wrong:
        raise SettingsError("; ".join(wrong) + ".")
    return Settings(**found)


def wants_colour(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a terminal takes colours: not with NO_COLOR set (no-color.org), not where TERM is dumb."""
    given = os.environ if environ is None else environ
    return not given.get("NO_COLOR") and given.get("TERM") != "dumb"


def _whole_number(largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest):
            raise ValueError(f"a whole number from 1 to {largest}")
        return int(text)

    return read


def _boolean(text: str) -> bool:
    word = text.lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise ValueError("1 or 0")
    return word in TRUE_WORDS


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        scheme, _, rest = text.partition("://")
        if scheme not in schemes or not rest:
            raise ValueError("a URL starting with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return text

    return read


def _database_url(text: str) -> Secret:
    return Secret(_url("sqlite", "postgres", "postgresql", "postgresql+psycopg")(text))


def _fernet_keys(text: str) -> Secret:
    if not all(FERNET_KEY.fullmatch(key.strip()) for key in text.split(",")):
        raise ValueError("a Fernet key of 44 characters, or several separated by commas")
    return Secret(text)


def _redis_url(text: str) -> Secret:
    return Secret(_url("redis", "rediss", "unix")(text))


_READERS: dict[str, Callable[[str], Any]] = {
    "slack_api_url": _url("https", "http"),
    "slack_client_id": str,
    "public_url": _url("https", "http"),
    "database_url": _database_url,
    "token_encryption_key": _fernet_keys,
    "redis_url": _redis_url,
    "redis_tls_verify": _boolean,
    "hf_endpoint": _url("https", "http"),
    "hf_hub_offline": _boolean,
    "port": _whole_number(LARGEST_PORT),
    "log_level": _log_level,
    "web_concurrency": _whole_number(MOST_PROCESSES),
}
