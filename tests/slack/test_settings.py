"""Settings from the environment."""

from __future__ import annotations

import pytest

from bot.settings import Secret, Settings, SettingsError, load


def test_nothing_is_needed_for_a_terminal() -> None:
    """An empty environment gives the defaults."""
    assert Settings() == load({})


def test_values_are_read() -> None:
    """Each variable fills the field of its name; blanks around a value do not count, an empty value is unset."""
    given = {
        "SLACK_BOT_TOKEN": " xoxb-1 ",
        "PORT": "80",
        "REDIS_TLS_VERIFY": "0",
        "LOG_LEVEL": "debug",
        "HF_TOKEN": " ",
    }
    expected = Settings(slack_bot_token=Secret("xoxb-1"), port=80, redis_tls_verify=False, log_level="DEBUG")
    assert expected == load(given)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "65536", "a whole number from 1 to 65535"),
        ("PORT", "9" * 5000, "a whole number from 1 to 65535"),
        ("PORT", "²", "a whole number from 1 to 65535"),
        ("WEB_CONCURRENCY", "many", "a whole number from 1 to 64"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG"),
        ("REDIS_TLS_VERIFY", "maybe", "1 or 0"),
        ("REDIS_URL", "http://secret", "a URL starting with redis://"),
        ("SLACK_API_URL", "slack.com", "a URL starting with https://"),
        ("HF_ENDPOINT", "ftp://x", "a URL starting with https://"),
    ],
)
def test_malformed_values_are_named_not_shown(name: str, value: str, wanted: str) -> None:
    """The error says which variable and what it should be, never what it was."""
    with pytest.raises(SettingsError) as raised:
        load({name: value})
    assert str(raised.value).startswith(f"{name} must be {wanted}")
    assert "secret" not in str(raised.value)


def test_all_problems_at_once() -> None:
    """Every malformed value is reported in one error."""
    with pytest.raises(SettingsError, match=r"PORT .*; LOG_LEVEL|LOG_LEVEL .*; PORT") as raised:
        load({"PORT": "x", "LOG_LEVEL": "x"})
    assert 1 == str(raised.value).count("PORT")


def test_require_names_everything_that_is_missing() -> None:
    """One error for all that a surface needs."""
    with pytest.raises(SettingsError, match=r"SLACK_BOT_TOKEN, SLACK_APP_TOKEN"):
        load({"REDIS_URL": "redis://h"}).require("slack_bot_token", "redis_url", "slack_app_token")


def test_secrets_do_not_print() -> None:
    """Neither in text nor in a container's repr."""
    settings = load({"SLACK_BOT_TOKEN": "xoxb-1-zebra", "REDIS_URL": "redis://:zebra@h/0"})
    assert "zebra" not in f"{settings} {settings!r} {settings.slack_bot_token} {[settings.redis_url]}"
    assert "xoxb-1-zebra" == settings.slack_bot_token.reveal()
