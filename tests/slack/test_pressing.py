"""Every control of every card, and every button of the Home, pressed through the real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.slack.check_blocks import check
from tests.slack.payloads import payload, send
from tests.slack.pressing import elements, press
from tests.slack.serving import Server
from tests.slack.web_api import Call, WebApi, until

CARDS = {
    "fits": "qwen3-32b fp8 batch 20 seq 12k on h200",
    "does not fit": "qwen3-32b fp8 batch 20 seq 12k on h100",
    "no card": "qwen3-32b fp8 batch 4 seq 4k",
    "solved": "max batch for qwen3-8b on l4 seq 4k",
    "chart": "qwen3-8b on l4 batch 4 seq 4k chart",
    "explained": "explain qwen3-8b on l4 batch 4 seq 4k",
    "Vietnamese": "qwen3-8b 4 người dùng ngữ cảnh 4k trên l4",
    "mistaken": "qwen3-8b batch 0 on l4",
    "command": "vllm serve Qwen/Qwen3-8B --max-model-len 16384 on one l4",
    "guide": "guide: llama-2-7b fp16 batch 1 seq 2048",
    "help": "help",
    "measured": "qwen3-14b seq 16k measured[pool=6.31GiB tokens=41360 length=16384 util=0.9] on a100 40gb vllm 0.11.0",
}
IN_PASSING = {"views.update", "chat.getPermalink", "conversations.info"}


def effects(slack: WebApi, before: int) -> list[Call]:
    """What Slack was sent since, once there is something that the person sees."""

    def seen() -> list[Call]:
        return [call for call in slack.calls[before:] if call.method not in IN_PASSING]

    return slack.wait(seen, 1)


def check_call(call: Call) -> None:
    """Whether Slack takes what it was sent."""
    view = call.body.get("view")
    if view:
        check(view["blocks"], surface=view["type"])
    if "blocks" in call.body:
        check(call.body["blocks"], call.body["text"])


def failures(server: Server) -> list[str]:
    return [line for line in server.log.read_text().splitlines() if '"level": "error"' in line]


@pytest.mark.parametrize("question", CARDS.values(), ids=CARDS.keys())
def test_every_control_of_a_card(bot_server: Server, slack: WebApi, question: str) -> None:
    """Each does something that the person sees, that Slack takes, and that is no apology."""
    card = bot_server.command(question).json()
    check(card["blocks"], card["text"])
    broken = failures(bot_server)
    for block_id, element in elements(card["blocks"]):
        before = len(slack.calls)
        url = slack.response_url()
        assert 200 == press(bot_server, "block_actions_ephemeral", block_id, element, response_url=url).status
        for call in effects(slack, before):
            check_call(call)
    assert broken == failures(bot_server)


def home(server: Server, slack: WebApi) -> dict[str, Any]:
    """The Home as it is drawn for someone who opens it."""
    slack.clear()
    assert 200 == send(server, payload("app_home_opened")).status
    return slack.of("views.publish")[0]["view"]


def test_every_button_of_the_home(bot_server: Server, slack: WebApi) -> None:
    """Each opens a modal or draws the Home again, within what Slack takes."""
    bot_server.command("qwen3-8b on l4 batch 4 seq 4k")
    until(lambda: "batch 4" in json.dumps(home(bot_server, slack)))
    view = slack.of("views.publish")[0]["view"]
    check(view["blocks"], surface="home")
    buttons = list(elements(view["blocks"]))
    assert {"vram_ask", "vram_forget", "vram_form", "vram_my_settings", "vram_channel_settings"} == {
        element["action_id"] for _, element in buttons
    }
    broken = failures(bot_server)
    for block_id, element in buttons:
        before = len(slack.calls)
        assert 200 == press(bot_server, "block_actions_home", block_id, element).status
        for call in effects(slack, before):
            check_call(call)
    assert broken == failures(bot_server)


def test_the_home_remembers_and_forgets(bot_server: Server, slack: WebApi) -> None:
    """A question that was answered stands on the Home until its author deletes it."""
    bot_server.command("qwen3-8b on l4 batch 7 seq 4k")
    until(lambda: "batch 7" in json.dumps(home(bot_server, slack)))
    view = slack.of("views.publish")[0]["view"]
    block_id, element = next(found for found in elements(view["blocks"]) if found[1]["action_id"] == "vram_forget")
    press(bot_server, "block_actions_home", block_id, element)
    until(lambda: any("batch 7" not in json.dumps(body["view"]) for body in slack.of("views.publish")))
