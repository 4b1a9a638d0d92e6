"""One workspace for local-slack: a person, a channel, our app; the app is reached by HTTP or by Socket Mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EMULATOR_PORT = 3000
BOT_PORT = 4000
EMULATOR = f"http://127.0.0.1:{EMULATOR_PORT}"
CHANNEL, PERSON, BOT = "C0DEPLOYS", "U0ALICE", "U0VRAM"
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-emulated", "xapp-emulated", "emulated-signing-secret"


def environment() -> dict[str, str]:
    """The bot's settings in this workspace."""
    return {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{EMULATOR}/api/",
        "PORT": str(BOT_PORT),
        "WEB_CONCURRENCY": "1",
    }


def write(path: Path, mode: str) -> None:
    """Write the emulator's configuration; mode: http, socket or host. JSON is YAML."""
    path.write_text(json.dumps(_workspace(mode)))


def _workspace(mode: str) -> dict[str, Any]:
    app = {
        "appId": "A0VRAM",
        "botUserId": BOT,
        "botName": "vram",
        "botToken": BOT_TOKEN,
        "appToken": APP_TOKEN,
        "signingSecret": SIGNING_SECRET,
        "mode": "socket" if mode == "socket" else "events",
    }
    if mode != "socket":
        app["requestUrl"] = f"http://127.0.0.1:{BOT_PORT}/slack/events"
    return {
        "workspace": {"name": "Emulated", "domain": "emulated", "teamId": "T0EMULATED"},
        "app": app,
        "users": [{"id": PERSON, "name": "alice", "real_name": "Alice", "email": "alice@example.com"}],
        "channels": [{"id": CHANNEL, "name": "deploys", "members": [PERSON, BOT]}],
    }
