"""How the bot behaves when Slack is busy, broken or repeats itself."""

from __future__ import annotations

import json

import pytest

from tests.slack.payloads import payload, send
from tests.slack.serving import Server
from tests.slack.web_api import WebApi

LATER = {"event__ts": "1800000009.000100"}


@pytest.mark.parametrize("trouble", [[(429, 0)], [(429, 1)], [500], [503], [500, (429, 0)]])
def test_a_passing_trouble_is_waited_out(bot_server: Server, slack: WebApi, trouble: list) -> None:
    """Short rate limits and errors of Slack's servers: tried again, the answer comes once."""
    slack.errors["chat.postMessage"] = list(trouble)
    send(bot_server, payload("app_mention"))
    slack.posted()
    assert len(trouble) + 1 == len(slack.of("chat.postMessage"))
    assert [] == [call for call in slack.calls if call.method == "chat.postEphemeral"]


@pytest.mark.parametrize(
    ("trouble", "sentence", "tries"),
    [([(429, 30)], "slow down", 1), ([(429, 0)] * 9, "slow down", 3), ([503] * 9, "did not take the message", 3)],
)
def test_a_lasting_trouble_is_told(bot_server: Server, slack: WebApi, trouble: list, sentence: str, tries: int) -> None:
    """A rate limit of half a minute is not waited for, and nothing is tried more than three times."""
    slack.errors["chat.postMessage"] = list(trouble)
    send(bot_server, payload("app_mention"))
    assert sentence in slack.of("chat.postEphemeral")[0]["text"]
    assert tries == len(slack.of("chat.postMessage"))


def test_a_response_url_that_is_busy(bot_server: Server, slack: WebApi) -> None:
    """What is sent to a response URL is tried again too."""
    slack.errors["response"] = [(429, 0), 503]
    link = "https://example.slack.com/archives/C1/p1800000001000100"
    bot_server.command(f"qwen3-8b on l4 thread:{link}", response_url=slack.response_url())
    assert "Posted." in json.dumps(slack.of("response", 3)[2])


def test_a_step_sent_again_runs_once(bot_server: Server, slack: WebApi) -> None:
    """A workflow's event that Slack repeats is completed once."""
    body = payload("function_executed")
    for number in range(3):
        send(bot_server, {**body, "event_time": number})
    send(bot_server, payload("app_mention", event__text="<@UVRAM> help", **LATER))
    slack.of("chat.postEphemeral")
    assert 1 == len(slack.of("functions.completeSuccess"))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("not_in_channel", "/invite @vram"),
        ("is_archived", "archived"),
        ("thread_not_found", "takes no replies"),
        ("restricted_action", "restricted"),
        ("fatal_error", "fatal_error"),
    ],
)
def test_what_slack_does_not_allow_is_explained(bot_server: Server, slack: WebApi, code: str, sentence: str) -> None:
    """To the author alone, with what to do."""
    slack.errors["chat.postMessage"] = [code]
    send(bot_server, payload("app_mention"))
    assert sentence in slack.of("chat.postEphemeral")[0]["text"]


def test_apologies_are_in_the_language_of_the_question(bot_server: Server, slack: WebApi) -> None:
    """Asked in Vietnamese, refused by Slack, told in Vietnamese."""
    slack.errors["chat.postMessage"] = ["not_in_channel"]
    send(bot_server, payload("app_mention", event__text="<@UVRAM> qwen3-8b 4 người dùng ngữ cảnh 4k trên l4"))
    assert "Hãy mời" in slack.of("chat.postEphemeral")[0]["text"]


def test_a_secret_in_a_paste_goes_no_further(bot_server: Server, slack: WebApi, redis_url: str) -> None:
    """Neither the card, nor the thread's memory, nor the log repeats a token that someone pasted."""
    from redis import Redis

    secret = "hf_" + "Zq9" * 8
    paste = f"<@UVRAM> docker run -e HF_TOKEN={secret} vllm/vllm-openai --model Qwen/Qwen3-8B on one l4"
    send(bot_server, payload("app_mention", event__text=paste))
    slack.posted()
    with Redis.from_url(redis_url) as client:
        kept = [client.get(key) for key in client.scan_iter("vram:slack:*")]
    assert any(kept)
    assert secret not in f"{slack.calls} {kept} {bot_server.log.read_text()}"
