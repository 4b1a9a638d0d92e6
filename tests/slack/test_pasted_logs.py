"""A server's log pasted into Slack: diagnosed in its thread, and from then on its measured terms answer there."""

from __future__ import annotations

import pytest

from tests.slack.check_blocks import check
from tests.slack.payloads import mention, payload, said, send
from tests.slack.serving import Server
from tests.slack.web_api import WebApi

STARTS = (
    "INFO 11-02 10:11:12 [api_server.py:1896] vLLM API server version 0.11.0\n"
    "INFO 11-02 10:11:12 [utils.py:233] non-default args: "
    "{‘model’: ‘Qwen/Qwen3-14B’, ‘max_model_len’: 16384, ‘gpu_memory_utilization’: 0.9}\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:11:40 [gpu_model_runner.py:2653] Model loading took 27.5185 GiB\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:12:40 [gpu_worker.py:298] Available KV cache memory: 6.31 GiB\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:12:40 [kv_cache_utils.py:1087] GPU KV cache size: 41,360 tokens\n"
    "(APIServer pid=1) INFO:     Application startup complete. &lt;ready&gt;"
)
RUNS = f"what does it hold?\n```{STARTS}```\non an A100 40GB"
REFUSED = (
    "why?\n```(EngineCore_DP0 pid=9) ERROR 12-01 10:00:00 [core.py:708] ValueError: To serve at least one request with "
    "the model’s max seq len (65536), 8.00 GiB KV cache is needed, which is larger than the available KV cache memory "
    "(2.75 GiB). Based on the available memory, the estimated maximum model length is 22528.```\n"
    "“Qwen/Qwen3-14B” on l40s"
)
TOKENS = "41,360"


def test_a_pasted_start_is_measured_in_its_thread(bot_server: Server, slack: WebApi) -> None:
    """The card of a log in a mention says what the server holds."""
    mention(bot_server, RUNS)
    (message,) = slack.of("chat.postMessage")
    check(message["blocks"], message["text"])
    assert message["text"].startswith("It runs")
    assert ("measured on your server" in message["text"], TOKENS in said(message)) == (True, True)


@pytest.mark.parametrize(("change", "tokens"), [("batch 40", TOKENS), ("kv fp8", "82,720")])
def test_a_follow_up_keeps_to_the_measured_server(bot_server: Server, slack: WebApi, change: str, tokens: str) -> None:
    """One changed thing after a log is answered with the measured terms in place."""
    mention(bot_server, RUNS)
    slack.posted()
    mention(bot_server, change, event__ts="1800000005.000100")
    message = slack.of("chat.postMessage", 2)[1]
    check(message["blocks"], message["text"])
    assert ("measured on your server" in said(message), tokens in said(message)) == (True, True)


def test_a_pasted_refusal_is_explained_in_its_thread(bot_server: Server, slack: WebApi) -> None:
    """The cause and the smallest change come first, for everyone in the thread."""
    mention(bot_server, REFUSED)
    (message,) = slack.of("chat.postMessage")
    check(message["blocks"], message["text"])
    assert message["text"].startswith("It did not start: one request of 65,536 tokens needs 8.00 GiB")
    assert "--max-model-len 22528" in message["text"]


@pytest.mark.parametrize(("pasted", "opening"), [(RUNS, "It runs"), (REFUSED, "It did not start")])
def test_the_shortcut_on_a_pasted_log(bot_server: Server, slack: WebApi, pasted: str, opening: str) -> None:
    """The shortcut on a message that holds a log posts the diagnosis into its thread, and a follow-up leans on it."""
    send(bot_server, payload("message_action", response_url=slack.response_url(), message__text=pasted))
    (message,) = slack.of("chat.postMessage")
    assert ("C1", "1800000000.000100") == (message["channel"], message["thread_ts"])
    assert message["text"].startswith(opening)
    slack.posted()
    mention(bot_server, "batch 2", event__ts="1800000005.000100")
    assert "Qwen/Qwen3-14B" in slack.of("chat.postMessage", 2)[1]["text"]


def test_the_shortcut_on_a_log_where_the_bot_is_not(bot_server: Server, slack: WebApi) -> None:
    """The person alone is told how to invite it."""
    slack.errors["chat.postMessage"] = ["channel_not_found"]
    send(bot_server, payload("message_action", response_url=slack.response_url(), message__text=REFUSED))
    assert "/invite @vram" in slack.of("response")[0]["text"]
