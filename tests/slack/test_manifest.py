"""The app's settings at Slack against what the code does."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.surfaces.slack.oauth import SCOPES as SCOPES_OF_AN_INSTALL
from tests.slack.serving import ROOT

SCOPES = {
    "command": "commands",
    "shortcut": "commands",
    "global_shortcut": "commands",
    "message_shortcut": "commands",
    "app_mention": "app_mentions:read",
    "chat_postMessage": "chat:write",
    "chat_update": "chat:write",
    "chat_postEphemeral": "chat:write",
    "say": "chat:write",
    "users_info": "users:read",
    "conversations_info": "channels:read",
    "files_upload_v2": "files:write",
}
"""What a call needs, from the method and event pages of docs.slack.dev/reference."""


@pytest.fixture
def manifest() -> dict[str, Any]:
    return json.loads((ROOT / "manifest.json").read_text())


@pytest.mark.parametrize("version", [1, 2])
def test_slack_takes_the_manifest(manifest: dict[str, Any], version: int) -> None:
    """Every section is known and within its limits, in both versions of Slack's schema."""
    schema = json.loads((Path(__file__).parent / f"data/manifest.schema.{version}.json").read_text())
    assert [] == [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(manifest)]


def test_scopes_are_those_the_code_uses(manifest: dict[str, Any]) -> None:
    """No scope more, none less; what only a permalink needs is optional."""
    used = {SCOPES[name] for path in _sources() for name in _names(path) if name in SCOPES}
    scopes = manifest["oauth_config"]["scopes"]
    assert {"channels:read"} == set(scopes["bot_optional"])
    assert used == {*scopes["bot"], *scopes["bot_optional"]}


@pytest.mark.parametrize("document", ["README.md", "docs/slack.md"])
def test_every_scope_has_its_reason(manifest: dict[str, Any], document: str) -> None:
    """The table of scopes is the manifest's, with why each is asked for."""
    scopes = manifest["oauth_config"]["scopes"]
    rows = re.findall(r"^\| `([a-z_:]+)`(, optional)? \| \S.*\|$", (ROOT / document).read_text(), re.M)
    assert [(name, "") for name in scopes["bot"]] + [(name, ", optional") for name in scopes["bot_optional"]] == rows


def test_an_install_asks_for_the_manifests_scopes(manifest: dict[str, Any]) -> None:
    """OAuth and the manifest say the same."""
    assert list(SCOPES_OF_AN_INSTALL) == manifest["oauth_config"]["scopes"]["bot"]


def test_the_command(manifest: dict[str, Any]) -> None:
    """One slash command, at the path the guard serves, with a question to copy as its hint."""
    (command,) = manifest["features"]["slash_commands"]
    assert ("/vram", "https://example.com/slack/events") == (command["command"], command["url"])
    assert "qwen3-32b" in command["usage_hint"]
    assert manifest["settings"]["socket_mode_enabled"] is False


def test_the_environment_file_names_every_setting() -> None:
    """.env.example has each setting once and nothing else."""
    from dataclasses import fields

    from bot.settings import Settings

    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(field.name.upper() for field in fields(Settings)) == sorted(named)


def _sources() -> Iterator[Path]:
    return (ROOT / "bot/surfaces/slack").rglob("*.py")


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
