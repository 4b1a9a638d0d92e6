"""Settings of a person and of a channel: saved by forms, inherited by questions, named in replies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.slack.check_blocks import check
from tests.slack.payloads import filled, payload, send
from tests.slack.serving import Server
from tests.slack.web_api import WebApi

QUESTION = "qwen3-8b bf16 batch 4 seq 4k"


def save(server: Server, slack: WebApi, **fields: str) -> dict[str, Any]:
    """Send the settings form; its acknowledgement."""
    slack.clear()
    sent = {"view__callback_id": "vram_settings", "view__state": filled(**fields)}
    response = send(server, payload("view_submission", **sent))
    assert 200 == response.status
    if response.body:
        return response.json()
    slack.of("views.publish")
    return {}


def asked(server: Server, text: str = QUESTION, **where: str) -> str:
    return json.dumps(server.command(text, **where).json(), ensure_ascii=False)


def test_a_persons_defaults(bot_server: Server, slack: WebApi) -> None:
    """Questions inherit them, the reply names them as that person's; others do not have them."""
    assert {} == save(bot_server, slack, vram_card="NVIDIA L40S", vram_engine="sglang", vram_share="0.8")
    said = asked(bot_server)
    assert all(word in said for word in ("NVIDIA L40S", "sglang", "0.8", "your default"))
    assert "L40S" not in asked(bot_server, user_id="U2")
    assert "NVIDIA L40S" not in asked(bot_server, f"{QUESTION} on h100").partition("actions")[0]


def test_a_channels_defaults(bot_server: Server, slack: WebApi) -> None:
    """Hold for everyone there, below a person's own, and are named as the channel's."""
    save(bot_server, slack, vram_for_channel="C1", vram_card="NVIDIA L4")
    assert all(word in asked(bot_server, user_id="U5") for word in ("NVIDIA L4", "this channel's default"))
    assert "this channel's default" not in asked(bot_server, channel_id="C2")
    save(bot_server, slack, vram_card="NVIDIA L40S")
    assert "NVIDIA L40S" in asked(bot_server)


def test_mentions_inherit_too(bot_server: Server, slack: WebApi) -> None:
    """In a thread the settings of that channel and person hold."""
    save(bot_server, slack, vram_for_channel="C1", vram_card="NVIDIA L40S")
    send(bot_server, payload("app_mention", event__text=f"<@UVRAM> {QUESTION}"))
    assert "NVIDIA L40S" in slack.of("chat.postMessage")[0]["text"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("vram_language", "vi", "dùng được trên"),
        ("vram_units", "GB", " GB usable"),
        ("vram_units", "GiB", " GiB usable"),
    ],
)
def test_language_and_units(bot_server: Server, slack: WebApi, field: str, value: str, expected: str) -> None:
    """Replies come in the language and units that a person chose."""
    save(bot_server, slack, **{field: value})
    assert expected in asked(bot_server, f"{QUESTION} on l40s")


def test_defaults_are_cleared_by_an_empty_form(bot_server: Server, slack: WebApi) -> None:
    """What is taken out of the form is no longer inherited."""
    save(bot_server, slack, vram_card="NVIDIA L40S")
    slack.clear()
    save(bot_server, slack)
    assert "L40S" not in asked(bot_server)


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"vram_share": "7"}, "vram_share"),
        ({"vram_share": "nan"}, "vram_share"),
        ({"vram_version": "newest"}, "vram_version"),
    ],
)
def test_mistakes_are_shown_on_their_field(
    bot_server: Server, slack: WebApi, fields: dict[str, str], at_fault: str
) -> None:
    """The form stays open, and nothing is saved."""
    assert [at_fault] == list(save(bot_server, slack, **fields)["errors"])


def test_the_command_opens_the_form(bot_server: Server, slack: WebApi) -> None:
    """`/vram defaults` shows this person's settings, for them or for the channel."""
    save(bot_server, slack, vram_card="NVIDIA L40S", vram_units="GB")
    bot_server.command("defaults")
    view = slack.of("views.update")[0]["view"]
    check(view["blocks"], surface="modal")
    chosen = {
        block["block_id"]: (block["element"].get("initial_option") or {}).get("value") for block in view["blocks"]
    }
    assert {"vram_holds_for": "me", "vram_card": "NVIDIA L40S", "vram_units": "GB"}.items() <= chosen.items()
    options = next(block for block in view["blocks"] if block["block_id"] == "vram_holds_for")["element"]["options"]
    assert ["me", "C1"] == [option["value"] for option in options]


def test_the_home_names_them(bot_server: Server, slack: WebApi) -> None:
    """The Home lists what is set."""
    save(bot_server, slack, vram_card="NVIDIA L40S")
    assert "GPU: NVIDIA L40S" in json.dumps(slack.of("views.publish")[-1])
