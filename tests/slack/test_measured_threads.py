"""A server's log in a Slack thread, then questions: over restarts, by anyone in it, and never in another thread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RedisServer
from tests.slack import serving
from tests.slack.payloads import mention, payload, said, send
from tests.slack.pressing import press
from tests.slack.serving import Server
from tests.slack.test_forms import carried, initials, opened, submit
from tests.slack.web_api import WebApi

LOG = (
    "INFO 11-02 10:11:12 [utils.py:233] non-default args: "
    "{'model': 'Qwen/Qwen3-14B', 'max_model_len': 16384, 'gpu_memory_utilization': 0.9}\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:11:40 [gpu_model_runner.py:2653] Model loading took 27.5185 GiB\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:12:40 [gpu_worker.py:298] Available KV cache memory: 6.31 GiB\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:12:40 [kv_cache_utils.py:1087] GPU KV cache size: 41,360 tokens\n"
    "(APIServer pid=1) INFO:     Application startup complete."
)
RUNS = f"vllm 0.11.0\n```{LOG}```\non an A100 40GB"
MEASURED, HALVED = "41,360", "82,720"
OTHER_THREAD = "1800000900.000100"
LATER = "1800000005.000100"


def after_the_log(server: Server, slack: WebApi, change: str, **changes: Any) -> str:
    """The card that a follow-up in the log's thread gets."""
    mention(server, RUNS)
    slack.posted()
    mention(server, change, event__ts=LATER, **changes)
    slack.posted(2)
    return said(slack.of("chat.postMessage", 2)[1])


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("kv fp8", ["measured on your server", HALVED]),
        ("seq 32k", ["measured on your server", MEASURED]),
        ("batch 40 thì sao?", ["đo trên máy chủ của bạn", MEASURED]),
        ("what if tp 4", ["Predicted, not measured: your log is of Qwen/Qwen3-14B bf16 on 1 × NVIDIA A100 40GB"]),
        ("nếu chạy tp 4 thì sao", ["Đây là dự đoán, không phải số đo"]),
        ("--max-num-batched-tokens 16384", ["Predicted again, not measured: activations"]),
    ],
)
def test_a_follow_up_tells_measured_from_predicted(
    bot_server: Server, slack: WebApi, change: str, shown: list[str]
) -> None:
    """Figures that stay valid are exact and named as measured; the others are named as predicted."""
    card = after_the_log(bot_server, slack, change)
    assert [True] * len(shown) == [words in card for words in shown]


def test_anyone_in_the_thread_may_ask_on(bot_server: Server, slack: WebApi) -> None:
    """The measurements are the thread's, not those of whoever pasted them."""
    assert HALVED in after_the_log(bot_server, slack, "kv fp8", event__user="U7")


def test_another_thread_knows_nothing_of_it(bot_server: Server, slack: WebApi) -> None:
    """Two threads with two logs: each goes on with its own."""
    mention(bot_server, RUNS)
    slack.posted()
    mention(bot_server, RUNS.replace("41,360", "40,960"), event__ts=OTHER_THREAD, event__thread_ts=OTHER_THREAD)
    slack.posted(2)
    mention(bot_server, "kv fp8", event__ts=LATER)
    slack.posted(3)
    mention(bot_server, "kv fp8", event__ts="1800000905.000100", event__thread_ts=OTHER_THREAD)
    slack.posted(4)
    first, second = map(said, slack.of("chat.postMessage", 4)[2:])
    assert (True, True) == (HALVED in first, "81,920" in second)


def test_a_new_log_takes_the_place_of_the_old_one(bot_server: Server, slack: WebApi) -> None:
    """It gets a card of its own, and what is asked next is of it."""
    mention(bot_server, RUNS)
    slack.posted()
    mention(bot_server, RUNS.replace("41,360", "40,960"), event__ts=LATER)
    slack.posted(2)
    mention(bot_server, "kv fp8", event__ts="1800000007.000100")
    slack.posted(3)
    second, third = map(said, slack.of("chat.postMessage", 3)[1:])
    assert (True, True) == ("40,960" in second, "81,920" in third)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("vram_length", "4k", "measured on your server"),
        (
            "vram_card",
            "NVIDIA H200 141GB",
            "Predicted, not measured: your log is of Qwen/Qwen3-14B bf16 on 1 × NVIDIA A100",
        ),
    ],
)
def test_an_edited_card_knows_whose_measurements_it_has(
    bot_server: Server, slack: WebApi, field: str, value: str, shown: str
) -> None:
    """Whatever is changed in the form, figures of another server are not called measured."""
    mention(bot_server, RUNS)
    slack.posted()
    (card,) = slack.of("chat.postMessage")
    press(bot_server, "block_actions_thread", *carried(card), response_url=slack.response_url())
    view = opened(slack)
    assert {} == submit(bot_server, view, **{**initials(view), field: value})
    assert shown in json.dumps(slack.of("response")[0], ensure_ascii=False)


@pytest.mark.parametrize("words", ["forget the measurements", "reset", "quên số đo"])
def test_the_measurements_are_forgotten(bot_server: Server, slack: WebApi, words: str) -> None:
    """A word drops them: a new card, predicted again."""
    card = after_the_log(bot_server, slack, words)
    assert (False, False) == ("measured on your server" in card, f"{MEASURED} tokens" in card)


@pytest.fixture
def settings(web: WebApi, redis_server: RedisServer) -> dict[str, str]:
    return {"SLACK_API_URL": f"{web.url}/api/", "REDIS_URL": redis_server.url}


def test_a_restart_forgets_nothing(slack: WebApi, settings: dict[str, str], tmp_path: Path) -> None:
    """Another process goes on where the first one stopped: the thread is kept in Redis."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with serving.running(tmp_path / "first", app=serving.PRODUCTION, **settings) as first:
        mention(first, RUNS)
        slack.posted()
    with serving.running(tmp_path / "second", app=serving.PRODUCTION, **settings) as second:
        mention(second, "kv fp8", event__ts=LATER)
        assert HALVED in said(slack.of("chat.postMessage", 2)[1])


def test_without_redis_the_thread_is_not_known(
    slack: WebApi, settings: dict[str, str], redis_server: RedisServer, tmp_path: Path
) -> None:
    """Whoever asks on learns that the model has to be named again; nothing is guessed."""
    with serving.running(tmp_path, app=serving.PRODUCTION, **settings) as server:
        mention(server, RUNS)
        slack.posted()
        redis_server.stop()
        mention(server, "kv fp8", event__ts=LATER)
        asks, knows = (call["text"] for call in slack.of("chat.postEphemeral", 2))
    assert (True, True) == (asks.startswith("Which model?"), knows.startswith("Nothing that was asked before"))


# --------------------------------------------------------------------------- messages as Slack writes them

PASTED = f"vllm 0.11.0\n{LOG}\nserving on http://0.0.0.0:8000 <ready> on an A100 40GB"
RICH = [
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "vllm 0.11.0, “what does it hold”?"}]},
            {
                "type": "rich_text_preformatted",
                "elements": [
                    {"type": "text", "text": f"{LOG}\nserving on "},
                    {"type": "link", "url": "http://0.0.0.0:8000"},
                    {"type": "text", "text": " <ready>"},
                ],
            },
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "on an A100 40GB"}]},
        ],
    }
]
BENT = PASTED.replace("'", "’").replace("<ready>", "&lt;ready&gt;").replace("http:", "<http:").replace("8000", "8000>")
SPELLINGS = {
    "fenced": {"text": f"```{PASTED}```"},
    "inline": {"text": f"`{PASTED}`"},
    "bare, quotes bent, escaped, linked": {"text": BENT},
    "rich text": {"text": "", "blocks": RICH},
    "forwarded": {"text": "", "attachments": [{"text": BENT, "fallback": "[no preview]"}]},
}


@pytest.mark.parametrize("message", SPELLINGS.values(), ids=SPELLINGS)
def test_the_shortcut_reads_a_log_however_slack_spells_it(
    bot_server: Server, slack: WebApi, message: dict[str, Any]
) -> None:
    """Fences, rich text, bent quotes, escapes, links of Slack's own making and forwarded messages."""
    body = payload("message_action", response_url=slack.response_url())
    body["message"] |= message
    send(bot_server, body)
    slack.posted()
    card = said(slack.of("chat.postMessage")[0])
    assert ("measured on your server" in card, MEASURED in card) == (True, True)


def test_a_log_in_a_file_cannot_be_read(bot_server: Server, slack: WebApi) -> None:
    """A snippet's text does not come with the message: in a mention as by the shortcut its author is told."""
    files = [{"id": "F1", "name": "vllm.log", "mode": "snippet", "preview": LOG[:80]}]
    body = payload("app_mention", event__text="<@UVRAM> why?")
    body["event"]["files"] = files
    send(bot_server, body)
    whispered = [call["text"] for call in slack.of("chat.postEphemeral", 3)]
    action = payload("message_action", response_url=slack.response_url(), message__text="why?")
    action["message"]["files"] = files
    send(bot_server, action)
    told = json.dumps(slack.of("response")[0])
    assert ["Files on a message cannot be read here" in words for words in (whispered[-1], told)] == [True, True]
