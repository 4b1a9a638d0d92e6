"""The form: from `/vram` alone, a shortcut, a message, a card and the Home, through the real server."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.surfaces.slack.state import unpack
from tests.hub.stand_in import Repo, standing_in
from tests.slack import serving
from tests.slack.check_blocks import check, objects
from tests.slack.payloads import filled, payload, send
from tests.slack.pressing import elements, press
from tests.slack.serving import Server
from tests.slack.web_api import WebApi

THREAD = "1800000000.000100"
QUESTION = "qwen3-32b fp8 batch 20 seq 12k on h200"
FIELDS = {"vram_model": "Qwen/Qwen3-32B", "vram_format": "fp8", "vram_card": "NVIDIA H200 141GB"}
NUMBERS = {"vram_count": "1", "vram_batch": "20", "vram_length": "12k"}


def opened(slack: WebApi) -> dict[str, Any]:
    """The form as it stands once it is filled in: opened first, before anything is looked up."""
    view = slack.of("views.update")[-1]["view"]
    order = [call.method for call in slack.calls if call.method.startswith("views.")]
    assert ["views.open", "views.update"] == order[-2:]
    check(view["blocks"], surface="modal")
    return view


def submit(server: Server, view: dict[str, Any], response_urls: Any = (), **fields: str) -> dict[str, Any]:
    """Send the form; its acknowledgement."""
    sent = {"view__private_metadata": view["private_metadata"], "view__callback_id": view["callback_id"]}
    body = payload("view_submission", **sent, view__state=filled(**fields), response_urls=list(response_urls))
    response = send(server, body)
    assert 200 == response.status
    return response.json() if response.body else {}


def initials(view: dict[str, Any]) -> dict[str, str]:
    """Field -> what it is filled in with."""
    found = {block["block_id"]: block["element"] for block in view["blocks"]}
    values = {
        field: element.get("initial_value") or (element.get("initial_option") or {}).get("value")
        for field, element in found.items()
    }
    return {field: value for field, value in values.items() if value}


# --------------------------------------------------------------------------- where it comes from, where it goes


def test_the_command_alone(bot_server: Server, slack: WebApi) -> None:
    """Opens an empty form; its answer comes to the person, where they asked."""
    assert b"" == bot_server.command("", response_url=slack.response_url()).body
    view = opened(slack)
    assert {} == initials(view)
    assert {} == submit(bot_server, view, **FIELDS, **NUMBERS)
    (message,) = slack.of("response")
    assert ("ephemeral", False) == (message["response_type"], message["replace_original"])
    assert message["text"].startswith("Fits: Qwen/Qwen3-32B fp8, 20 × 12,288 tokens: ")
    assert "on 1 × NVIDIA H200" in message["text"]


def test_a_trigger_that_is_gone(bot_server: Server, slack: WebApi) -> None:
    """Where Slack opens no form, help comes instead."""
    slack.errors["views.open"] = ["expired_trigger_id"]
    bot_server.command("", response_url=slack.response_url())
    assert "/vram" in json.dumps(slack.of("response")[0]["blocks"])


def test_the_global_shortcut(bot_server: Server, slack: WebApi) -> None:
    """Has no channel: the answer takes the form's place."""
    send(bot_server, payload("shortcut"))
    answered = submit(bot_server, opened(slack), **FIELDS, **NUMBERS)
    assert "update" == answered["response_action"]
    check(answered["view"]["blocks"], surface="modal")
    assert answered["view"]["blocks"][0]["text"]["text"].startswith("Fits: Qwen/Qwen3-32B")


def test_the_global_shortcut_posts_where_it_is_told(bot_server: Server, slack: WebApi) -> None:
    """A picked conversation gets the answer, which names who asked."""
    send(bot_server, payload("shortcut"))
    assert {} == submit(bot_server, opened(slack), **FIELDS, vram_post_to="C7")
    (message,) = slack.of("chat.postMessage")
    assert "C7" == message["channel"]
    assert {"type": "user", "user_id": "U1"} in list(objects(message["blocks"]))


def test_the_global_shortcut_posts_where_the_bot_is_not(bot_server: Server, slack: WebApi) -> None:
    """Slack's own response URL for the picked conversation is used; without one the person is told how to invite."""
    send(bot_server, payload("shortcut"))
    view, url = opened(slack), slack.response_url()
    slack.errors["chat.postMessage"] = ["not_in_channel", "not_in_channel"]
    submit(bot_server, view, [{"channel_id": "C7", "response_url": url}], **FIELDS, vram_post_to="C7")
    assert "in_channel" == slack.of("response")[0]["response_type"]
    submit(bot_server, view, **FIELDS, vram_post_to="C8")
    told = slack.of("chat.postMessage", 3)[2]
    assert ("U1", True) == (told["channel"], "/invite @vram" in told["text"])


def test_the_home_form_answers_in_its_place(bot_server: Server, slack: WebApi) -> None:
    """The Home belongs to no conversation."""
    send(bot_server, payload("app_home_opened"))
    home = slack.of("views.publish")[0]["view"]
    block_id, button = next(found for found in elements(home["blocks"]) if found[1]["action_id"] == "vram_form")
    press(bot_server, "block_actions_home", block_id, button)
    assert "update" == submit(bot_server, opened(slack), **FIELDS)["response_action"]


def test_size_this_deployment(bot_server: Server, slack: WebApi) -> None:
    """The shortcut on a message reads its pasted command, and the answer goes into its thread."""
    send(bot_server, payload("message_action", response_url=slack.response_url()))
    view = opened(slack)
    expected = {"vram_model": "Qwen/Qwen3-32B-FP8", "vram_length": "12288", "vram_card": "NVIDIA H100 SXM 80GB"}
    assert expected.items() <= initials(view).items()
    assert "kv fp8" in initials(view)["vram_more"]
    assert {} == submit(bot_server, view, **initials(view))
    (message,) = slack.of("chat.postMessage")
    assert ("C1", THREAD) == (message["channel"], message["thread_ts"])


def test_size_a_deployment_where_the_bot_is_not(bot_server: Server, slack: WebApi) -> None:
    """The person alone is told how to invite it."""
    send(bot_server, payload("message_action", response_url=slack.response_url()))
    slack.errors["chat.postMessage"] = ["channel_not_found"]
    submit(bot_server, opened(slack), **FIELDS)
    told = slack.of("response")[0]
    assert ("ephemeral", True) == (told["response_type"], "/invite @vram" in told["text"])


# --------------------------------------------------------------------------- errors on their fields


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"vram_length": "long"}, "vram_length"),
        ({"vram_length": "0"}, "vram_length"),
        ({"vram_model": "no-such-model-7b"}, "vram_model"),
        ({"vram_card": "zork-9000"}, "vram_card"),
        ({"vram_more": "frobnicate"}, "vram_more"),
        ({"vram_more": "batch 30"}, "vram_batch"),
    ],
)
def test_mistakes_are_shown_on_their_field(
    bot_server: Server, slack: WebApi, fields: dict[str, str], at_fault: str
) -> None:
    """The form stays open with a sentence under the field; nothing is sent anywhere."""
    bot_server.command("", response_url=slack.response_url())
    answered = submit(bot_server, opened(slack), **{**FIELDS, **NUMBERS, **fields})
    assert ("errors", [at_fault]) == (answered["response_action"], list(answered["errors"]))
    assert all(sentence for sentence in answered["errors"].values())
    assert {"views.open", "views.update"} == {call.method for call in slack.calls}


# --------------------------------------------------------------------------- editing a card


def carried(message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The edit button of a card, with its block's id."""
    return next(found for found in elements(message["blocks"]) if found[1]["action_id"] == "vram_edit")


def test_edit_replaces_the_card(bot_server: Server, slack: WebApi) -> None:
    """The form holds the card's question; the new answer stands in the card's place."""
    card = bot_server.command(QUESTION).json()
    press(bot_server, "block_actions_ephemeral", *carried(card), response_url=slack.response_url())
    view = opened(slack)
    assert {**FIELDS, "vram_batch": "20", "vram_length": "12288"} == initials(view)
    submit(bot_server, view, **{**initials(view), "vram_batch": "4"})
    (message,) = slack.of("response")
    assert message["replace_original"] is True
    assert "4 × 12,288 tokens" in message["text"]


def test_edit_of_a_shared_card_names_both(bot_server: Server, slack: WebApi) -> None:
    """Everyone sees who asked and who changed it, and a follow-up leans on what the card now says."""
    send(bot_server, payload("app_mention"))
    (card,) = slack.of("chat.postMessage")
    press(bot_server, "block_actions_thread", *carried(card), response_url=slack.response_url())
    view = opened(slack)
    fields = {**initials(view), "vram_batch": "4"}
    body = payload("view_submission", view__private_metadata=view["private_metadata"], view__state=filled(**fields))
    send(bot_server, {**body, "user": {"id": "U2", "team_id": "T1"}})
    (message,) = slack.of("response")
    assert ("in_channel", True) == (message["response_type"], message["replace_original"])
    named = [run["user_id"] for run in objects(message["blocks"]) if run.get("type") == "user"]
    assert ["U1", "U2"] == named
    send(bot_server, payload("app_mention", event__text="<@UVRAM> on l40s", event__ts="1800000007.000100"))
    state = unpack(carried(slack.of("chat.postMessage", 2)[1])[0])
    assert state is not None
    assert ("batch 4" in state.question, "L40S" in state.question) == (True, True)


# --------------------------------------------------------------------------- menus


@pytest.mark.parametrize(
    ("menu", "typed", "first"),
    [
        ("vram_model", "qwen3 32", "Qwen/Qwen3-32B"),
        ("vram_model", "someone/some-model", "someone/some-model"),
        ("vram_card", "h200", "NVIDIA H200 141GB"),
        ("vram_gpu", "l40", "NVIDIA L40"),
    ],
)
def test_menus_answer_as_one_types(bot_server: Server, menu: str, typed: str, first: str) -> None:
    """Rows of the catalog, the shortest name first; an id of the Hub that it does not know as it is."""
    options = send(bot_server, payload("block_suggestion", action_id=menu, value=typed)).json()["options"]
    assert first == options[0]["value"]
    assert all(option["text"]["type"] == "plain_text" for option in options)


def test_models_of_the_hub(tmp_path: Path) -> None:
    """Behind the catalog's own come those that the Hub finds; a slow Hub holds nobody up."""
    with standing_in() as hub, serving.running(tmp_path, app=serving.PRODUCTION, HF_ENDPOINT=hub.url) as server:
        hub.repos = {"someone/Qwen3-32B-abliterated": Repo()}
        assert "someone/Qwen3-32B-abliterated" in suggested(server, "qwen3-32b abl")
        assert "Qwen/Qwen3-32B" == suggested(server, "qwen3-32b")[0]
        hub.gate = threading.Event()
        assert "Qwen/Qwen3-8B" in suggested(server, "qwen3-8b")
        hub.gate.set()


def suggested(server: Server, typed: str) -> list[str]:
    answered = send(server, payload("block_suggestion", value=typed)).json()
    return [option["value"] for option in answered["options"]]


@pytest.mark.parametrize("typed", ["", "<!channel>", "‮", "x" * 3000, "/", "\x00", "é" * 80])
def test_menus_take_whatever_is_typed(bot_server: Server, typed: str) -> None:
    """Some rows or none, within Slack's limits."""
    for menu in ("vram_model", "vram_card"):
        options = send(bot_server, payload("block_suggestion", action_id=menu, value=typed)).json()["options"]
        assert all(0 < len(option["value"]) <= 150 for option in options)
        assert len(options) <= 100
