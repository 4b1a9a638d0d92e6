"""Socket Mode: the entry without a public URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot.settings import Secret, Settings
from bot.surfaces.slack.socket_mode import handler
from tests.slack import replies, serving


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot.surfaces.slack", *arguments]
    known = serving.environment(folder, **settings)
    return subprocess.run(command, cwd=serving.ROOT, env=known, capture_output=True, text=True, check=False)


def test_missing_settings_are_named(tmp_path: Path) -> None:
    """Without an app-level token: exit status 2 and the name of what to set."""
    ran = run(tmp_path, "--socket")
    assert (2, "") == (ran.returncode, ran.stdout)
    assert "SLACK_APP_TOKEN" in ran.stderr


def test_no_mode_explains_itself(tmp_path: Path) -> None:
    """Without --socket: usage, exit status 2."""
    ran = run(tmp_path)
    assert (2, True) == (ran.returncode, "--socket" in ran.stderr)


def test_an_unreachable_slack_is_said_in_a_sentence(tmp_path: Path) -> None:
    """When Slack cannot be reached: exit status 1, a sentence at the end, neither traceback nor token."""
    ran = run(tmp_path, "--socket", SLACK_APP_TOKEN="xapp-zebra")
    assert (1, True) == (ran.returncode, ran.stderr.splitlines()[-1].startswith("Slack could not be reached"))
    assert not {"xapp-zebra", "Traceback"} & set(ran.stderr.split())


def test_the_connection_is_opened_with_the_app_token() -> None:
    """The handler's own client carries the app-level token and the API's address; the app's carries neither."""
    settings = Settings(
        slack_bot_token=Secret("xoxb-1"), slack_app_token=Secret("xapp-1"), slack_api_url="http://127.0.0.1:9/api/"
    )
    built = handler(settings, answer=replies.answer)
    web = built.client.web_client
    assert ("xapp-1", "http://127.0.0.1:9/api/") == (web.token, web.base_url)
    assert built.app.client.token is None
    built.close()
