"""Many workspaces: installed by OAuth, asked, uninstalled; the real server, a stand-in for Slack, SQLite, Redis."""

from __future__ import annotations

import html
import http.client
import logging
import re
import sqlite3
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from sqlalchemy import Table, event

from bot.settings import Secret, Settings
from bot.surfaces.slack.installations import stores
from tests.slack import serving
from tests.slack.payloads import filled, payload, send
from tests.slack.serving import Server
from tests.slack.web_api import WebApi, until

TOKEN = "xoxb-2-installed-{team}"
MANY = {
    "SLACK_BOT_TOKEN": "",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "client-secret",
    "PUBLIC_URL": "https://vram.example.com",
    "TOKEN_ENCRYPTION_KEY": Fernet.generate_key().decode(),
}
"""Settings of an app that workspaces install."""
QUESTION = "<@UVRAM> qwen3-8b on l4 batch 4 seq 4k"


@dataclass
class App:
    """The server that workspaces install, and where it keeps them."""

    server: Server
    database: Path

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.database) as connection:
            return connection.execute(f"SELECT * FROM {table}").fetchall()

    def teams(self) -> set[str]:
        """Whose installations there are."""
        rows = [row for table in ("slack_bots", "slack_installations") for row in self.rows(table)]
        return {str(value) for row in rows for value in row}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, web: WebApi, shared_redis: str) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("oauth")
    here = {"SLACK_API_URL": f"{web.url}/api/", "REDIS_URL": shared_redis}
    database = {"DATABASE_URL": f"sqlite:///{folder}/installations.db"}
    with serving.running(folder, app=serving.PRODUCTION, **MANY, **here, **database) as server:
        yield App(server, folder / "installations.db")


def get(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """A browser's GET."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode()
    connection.close()
    return found


def started(app: App) -> tuple[str, str]:
    """Open the install page: the state of its link, and the cookie."""
    status, headers, page = get(app.server, "/slack/install")
    assert 200 == status
    link = html.unescape(re.search(r'<a href="([^"]+)"', page)[1])  # type: ignore[index]
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["state"][0], headers["set-cookie"].partition(";")[0]


def returned(app: App, state: str, cookie: str) -> int:
    """Come back from Slack with a code."""
    query = urllib.parse.urlencode({"code": "a-code", "state": state})
    return get(app.server, f"/slack/oauth_redirect?{query}", Cookie=cookie)[0]


def install(app: App, slack: WebApi, team: str) -> None:
    slack.answers["oauth.v2.access"] = {
        "access_token": TOKEN.format(team=team),
        "token_type": "bot",
        "scope": "commands,chat:write,app_mentions:read",
        "bot_user_id": "UVRAM",
        "app_id": "A1",
        "team": {"id": team, "name": "A team"},
        "enterprise": None,
        "authed_user": {"id": "U1"},
        "is_enterprise_install": False,
    }
    assert 200 == returned(app, *started(app))


def of_team(name: str, team: str, **changes: Any) -> dict[str, Any]:
    """A golden payload as this workspace sends it."""
    body = payload(name, **changes)
    for place in (body, *body.get("authorizations", [])):
        place["team_id"] = team
    return {**body, **({"team": {"id": team}} if "team" in body else {})}


def kept(redis_url: str, team: str) -> list[bytes]:
    with Redis.from_url(redis_url) as client:
        return sorted(key for key in client.scan_iter(f"vram:slack:*:{team}:*") if b":event:" not in key)


def test_the_install_page(app: App, slack: WebApi) -> None:
    """Asks for three scopes, comes back to our address, and ties the browser to the install by a cookie."""
    status, headers, page = get(app.server, "/slack/install")
    link = urllib.parse.urlsplit(html.unescape(re.search(r'<a href="([^"]+)"', page)[1]))  # type: ignore[index]
    asked = {name: values[0] for name, values in urllib.parse.parse_qs(link.query).items()}
    assert (200, "commands,chat:write,app_mentions:read") == (status, asked["scope"])
    assert "https://vram.example.com/slack/oauth_redirect" == asked["redirect_uri"]
    assert {"secure", "httponly"} <= {part.strip().lower() for part in headers["set-cookie"].split(";")}
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_each_workspace_is_answered_with_its_own_token(app: App, slack: WebApi, redis_url: str) -> None:
    """Two teams, two tokens; neither stands in the database as it is."""
    for team in ("T1", "T2"):
        install(app, slack, team)
        assert 200 == send(app.server, of_team("app_mention", team, event__text=QUESTION)).status
        slack.of("chat.getPermalink")
        assert {TOKEN.format(team=team)} == {call.token for call in slack.calls if call.method.startswith("chat.")}
        slack.clear()
    stored = app.database.read_bytes()
    assert 2 <= len(app.rows("slack_bots"))
    assert b"xoxb-" not in stored


def test_authorization_is_remembered(app: App, slack: WebApi, redis_url: str) -> None:
    """Slack is asked who a token is once a process, not with every request."""
    install(app, slack, "T1")
    for _ in range(12):
        app.server.command("help")
    assert len([call for call in slack.calls if call.method == "auth.test"]) <= 1 + 2


@pytest.mark.parametrize("tampered", ["state", "cookie", "used"])
def test_an_install_that_nobody_began(app: App, slack: WebApi, tampered: str) -> None:
    """A changed state, a browser without the cookie, and a state used before are refused; no code is exchanged."""
    state, cookie = started(app)
    if tampered == "used":
        slack.errors["oauth.v2.access"] = ["invalid_code"]
        returned(app, state, cookie)
        slack.clear()
    answers = {"state": ("x" + state, cookie), "cookie": (state, ""), "used": (state, cookie)}
    assert {"state": 400, "cookie": 400, "used": 401}[tampered] == returned(app, *answers[tampered])
    assert [] == [call for call in slack.calls if call.method == "oauth.v2.access"]


def test_a_workspace_that_is_not_installed(app: App, slack: WebApi) -> None:
    """Gets no answer but the advice to install the app."""
    response = app.server.command("qwen3-8b on l4", team_id="T404", response_url=slack.response_url())
    assert (200, b"") == (response.status, response.body)
    assert "install this app" in slack.of("response")[0]["text"]


@pytest.mark.parametrize("events", [("app_uninstalled", "tokens_revoked"), ("tokens_revoked", "app_uninstalled")])
def test_uninstalling_deletes_everything_of_that_team(
    app: App, slack: WebApi, redis_url: str, events: tuple[str, str]
) -> None:
    """Installations, questions, threads and settings go, in either order of events; other teams keep theirs."""
    for team in ("T1", "T2"):
        install(app, slack, team)
        assert 200 == send(app.server, of_team("app_mention", team, event__text=QUESTION)).status
        settings = {"view__callback_id": "vram_settings", "view__state": filled(vram_units="GB")}
        assert 200 == send(app.server, of_team("view_submission", team, **settings)).status
        until(lambda team=team: len(kept(redis_url, team)) >= 5)
    other = kept(redis_url, "T2")
    slack.errors["auth.test"] = ["account_inactive"] * 9
    for name in events:
        assert 200 == send(app.server, of_team(name, "T1")).status
    until(lambda: not kept(redis_url, "T1") and "T1" not in app.teams())
    assert "T2" in app.teams()
    assert other == kept(redis_url, "T2")


def test_a_user_token_revoked_deletes_nothing(app: App, slack: WebApi, redis_url: str) -> None:
    """Only a bot's token is the app's."""
    install(app, slack, "T1")
    send(app.server, of_team("tokens_revoked", "T1", event__tokens={"oauth": ["U1"], "bot": []}))
    send(app.server, of_team("app_mention", "T1", event__text=QUESTION))
    assert slack.of("chat.postMessage")
    assert [row for row in app.rows("slack_bots") if "T1" in row]


def test_the_log_keeps_what_an_install_shows(app: App, slack: WebApi) -> None:
    """No token, secret, code or state."""
    install(app, slack, "T1")
    state, cookie = started(app)
    returned(app, state, cookie)
    log = app.server.log.read_text()
    for secret in ("xoxb-", "client-secret", "a-code", state):
        assert secret not in log


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/x.db", "postgresql://127.0.0.1:9/none"])
def test_a_database_that_cannot_be_had(tmp_path: Path, url: str) -> None:
    """The server says so in a sentence without the address, and ends."""
    port = {"PORT": str(serving.free_port()), "WEB_CONCURRENCY": "1"}
    settings = serving.environment(tmp_path, **port, **MANY, DATABASE_URL=url)
    assert 0 != serving.spawn(serving.PRODUCTION, tmp_path, settings).wait(timeout=30)
    log = (tmp_path / "log").read_text()
    assert ("DATABASE_URL" in log, url in log, "Traceback" in log) == (True, False, False)


def test_a_process_that_starts_beside_ours(tmp_path: Path) -> None:
    """Whoever else makes a table between our look and our making does not keep us from starting."""
    elsewhere: set[str] = set()
    url, key = Secret(f"sqlite:///{tmp_path}/x.db"), Secret(MANY["TOKEN_ENCRYPTION_KEY"])
    settings = Settings(slack_client_id="1.2", database_url=url, token_encryption_key=key)

    def make_it_first(table: Table, *_: Any, **__: Any) -> None:
        if table.name not in elsewhere:
            elsewhere.add(table.name)
            with sqlite3.connect(tmp_path / "x.db") as other:
                other.execute(f"CREATE TABLE {table.name} (id INTEGER)")

    event.listen(Table, "before_create", make_it_first)
    try:
        stores(settings, logging.getLogger(__name__))
    finally:
        event.remove(Table, "before_create", make_it_first)
    assert {"slack_bots", "slack_installations", "slack_oauth_states"} == elsewhere
