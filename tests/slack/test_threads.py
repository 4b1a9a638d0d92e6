"""Every way into a thread, as signed requests to the real server, with a stand-in for Slack's Web API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.surfaces.slack.state import unpack
from tests.slack.check_blocks import check, objects
from tests.slack.payloads import filled, mention, payload, send
from tests.slack.serving import Server
from tests.slack.web_api import WebApi

QUESTION = "qwen3-32b fp8 batch 20 seq 12k on h200"
THREAD = "1800000000.000100"
LINK = "https://example.slack.com/archives/{channel}/p1800000001000100?thread_ts=1800000000.000100&amp;cid={channel}"


def carried(message: dict[str, Any]) -> str:
    """The state that a card carries."""
    return next(block["block_id"] for block in message["blocks"] if block["type"] == "actions")


def texts(message: dict[str, Any]) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


# --------------------------------------------------------------------------- mentions


def test_a_mention_is_answered_in_its_thread(bot_server: Server, slack: WebApi) -> None:
    """The card goes into the thread with the bot's token, names who asked, and is what Slack takes."""
    mention(bot_server, QUESTION)
    (message,) = slack.of("chat.postMessage")
    assert ("C1", THREAD) == (message["channel"], message["thread_ts"])
    assert message["text"].startswith("Fits: Qwen/Qwen3-32B fp8")
    assert {"type": "user", "user_id": "U1"} in list(objects(message["blocks"]))
    assert "vram_sizing" == message["metadata"]["event_type"]
    check(message["blocks"], message["text"])
    assert {"xoxb-1-test"} == {call.token for call in slack.calls}


def test_a_mention_outside_a_thread_starts_one(bot_server: Server, slack: WebApi) -> None:
    """Never the channel's root: the thread of the mention itself."""
    body = payload("app_mention")
    del body["event"]["thread_ts"]
    send(bot_server, body)
    assert "1800000001.000100" == slack.of("chat.postMessage")[0]["thread_ts"]


@pytest.mark.parametrize("said", ["no-such-model-7b on h100", "", "batch 0 qwen3-8b"])
def test_what_cannot_be_answered_is_said_to_the_author_alone(bot_server: Server, slack: WebApi, said: str) -> None:
    """Errors and help are ephemeral, in the thread."""
    mention(bot_server, said)
    (message,) = slack.of("chat.postEphemeral")
    assert ("C1", "U1", THREAD) == (message["channel"], message["user"], message["thread_ts"])
    assert [] == [call for call in slack.calls if call.method == "chat.postMessage"]


@pytest.mark.parametrize(
    "change", [{"event__bot_id": "B2"}, {"event__edited": {"user": "U1"}}, {"event__subtype": "x"}]
)
def test_bots_and_edits_are_not_answered(bot_server: Server, slack: WebApi, change: dict[str, Any]) -> None:
    """A message of a bot, or an edit of an answered one, starts nothing."""
    mention(bot_server, QUESTION, **change)
    mention(bot_server, "", event__ts="1800000009.000100")
    slack.of("chat.postEphemeral")
    assert ["chat.postEphemeral"] == [call.method for call in slack.calls]


def test_an_event_sent_again_is_answered_once(bot_server: Server, slack: WebApi) -> None:
    """Slack repeats an event that it believes lost: its id is known, by every process."""
    body = payload("app_mention")
    for number in range(4):
        retry = {"X_Slack_Retry_Num": str(number), "X_Slack_Retry_Reason": "http_timeout"} if number else {}
        assert 200 == send(bot_server, {**body, "event_time": number}, **retry).status
    mention(bot_server, "", event__ts="1800000009.000100")
    slack.of("chat.postEphemeral")
    assert 1 == len(slack.of("chat.postMessage"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("same on h100", ("NVIDIA H100 SXM 80GB", 20, "bf16")),
        ("batch 40", ("NVIDIA H200 141GB", 40, "bf16")),
        ("kv fp8", ("NVIDIA H200 141GB", 20, "fp8")),
    ],
)
def test_a_follow_up_changes_one_thing(
    bot_server: Server, slack: WebApi, said: str, expected: tuple[str, int, str]
) -> None:
    """In a thread with an answer, a word about one thing is a question about all of it."""
    from bot.answer import answer

    mention(bot_server, QUESTION)
    slack.posted()
    mention(bot_server, said, event__ts="1800000005.000100")
    state = unpack(carried(slack.of("chat.postMessage", 2)[1]))
    assert state
    understood = answer(state.question).answer.understood
    assert expected == (understood.gpu, understood.batch, understood.kv_cache)
    assert (12288, "fp8") == (understood.sequence_tokens, understood.weights)


def test_the_same_question_updates_its_card(bot_server: Server, slack: WebApi) -> None:
    """Asked again in other words, the thread's card is updated, and its author told where it stands."""
    mention(bot_server, QUESTION)
    slack.posted()
    mention(bot_server, "qwen3-32b in fp8 on one h200, 20 users, 12k context", event__ts="1800000005.000100")
    (updated,) = slack.of("chat.update")
    assert "1800000000" != updated["ts"]
    assert slack.of("chat.postEphemeral")
    assert 1 == len(slack.of("chat.postMessage"))


def test_a_card_that_is_gone_is_posted_anew(bot_server: Server, slack: WebApi) -> None:
    """A deleted card cannot be updated: the answer comes as a new one."""
    mention(bot_server, QUESTION)
    slack.posted()
    slack.errors["chat.update"] = ["message_not_found"]
    mention(bot_server, QUESTION, event__ts="1800000005.000100")
    assert 2 == len(slack.of("chat.postMessage", 2))


def test_blocks_that_slack_refuses_go_out_once_as_sections(bot_server: Server, slack: WebApi) -> None:
    """On invalid_blocks the same answer follows in plain sections."""
    slack.errors["chat.postMessage"] = ["invalid_blocks"]
    mention(bot_server, QUESTION)
    first, second = slack.of("chat.postMessage", 2)
    assert first["text"] == second["text"]
    assert {"section", "context", "rich_text", "actions"} >= {block["type"] for block in second["blocks"]}


def test_a_mention_where_the_bot_may_not_post(bot_server: Server, slack: WebApi) -> None:
    """The author learns how to invite the bot."""
    slack.errors["chat.postMessage"] = ["not_in_channel"]
    mention(bot_server, QUESTION)
    assert "/invite @vram" in slack.of("chat.postEphemeral")[0]["text"]


# --------------------------------------------------------------------------- the ephemeral answer


def pressed(server: Server, slack: WebApi, action: str, question: str = QUESTION, **changes: Any) -> None:
    """Press a button under an ephemeral answer."""
    block_id = carried(server.command(question).json())
    known = {"actions__0__action_id": action, "actions__0__block_id": block_id, "response_url": slack.response_url()}
    assert 200 == send(server, payload("block_actions_ephemeral", **{**known, **changes})).status


def test_post_to_channel(bot_server: Server, slack: WebApi) -> None:
    """The answer is posted where it was asked for, naming who asked, and its author gets the link."""
    pressed(bot_server, slack, "vram_post_channel")
    (message,) = slack.of("chat.postMessage")
    assert ("C1", None) == (message["channel"], message.get("thread_ts"))
    assert {"type": "user", "user_id": "U1"} in list(objects(message["blocks"]))
    assert "https://t.slack.com/archives/C1/p1" in json.dumps(slack.of("response")[0])


def test_post_to_a_channel_without_the_bot(bot_server: Server, slack: WebApi) -> None:
    """Where the bot is no member, the response URL posts for the person, still naming them."""
    slack.errors["chat.postMessage"] = ["not_in_channel"]
    pressed(bot_server, slack, "vram_post_channel")
    message = slack.of("response")[0]
    assert ("in_channel", False) == (message["response_type"], message["replace_original"])
    assert {"type": "user", "user_id": "U1"} in list(objects(message["blocks"]))


def test_post_to_thread_opens_a_modal(bot_server: Server, slack: WebApi) -> None:
    """A picker of conversations and a field for a link, with the question inside."""
    pressed(bot_server, slack, "vram_post_thread")
    view = slack.of("views.open")[0]["view"]
    assert ["vram_conversation", "vram_link"] == [block["block_id"] for block in view["blocks"]]
    check(view["blocks"], surface="modal")
    assert QUESTION in view["private_metadata"]


def submitted(server: Server, slack: WebApi, **fields: str) -> dict[str, Any]:
    """Send the modal of `Post to thread…`; its acknowledgement."""
    pressed(server, slack, "vram_post_thread")
    metadata = slack.of("views.open")[-1]["view"]["private_metadata"]
    view = {"view__callback_id": "vram_post", "view__private_metadata": metadata, "view__state": filled(**fields)}
    response = send(server, payload("view_submission", **view))
    assert 200 == response.status
    return response.json() if response.body else {}


def test_a_link_to_the_channel_asked_from(bot_server: Server, slack: WebApi) -> None:
    """The answer goes into the linked thread."""
    assert {} == submitted(bot_server, slack, vram_conversation="C1", vram_link=LINK.format(channel="C1"))
    (message,) = slack.of("chat.postMessage")
    assert ("C1", THREAD) == (message["channel"], message["thread_ts"])


def test_a_link_to_a_public_channel(bot_server: Server, slack: WebApi) -> None:
    """Another channel is all right where Slack says that it is public."""
    slack.answers["conversations.info"] = {"channel": {"id": "C9", "is_channel": True, "is_private": False}}
    assert {} == submitted(bot_server, slack, vram_conversation="C1", vram_link=LINK.format(channel="C9"))
    assert "C9" == slack.of("chat.postMessage")[0]["channel"]


@pytest.mark.parametrize("known", [{"channel": {"id": "C9", "is_channel": True, "is_private": True}}, {}])
def test_a_link_to_a_channel_that_is_not_public(bot_server: Server, slack: WebApi, known: dict[str, Any]) -> None:
    """A private channel, or one that the app may not ask about: refused on the field, and nothing is posted."""
    slack.answers["conversations.info"] = known
    slack.errors["conversations.info"] = [] if known else ["missing_scope"] * 9
    answered = submitted(bot_server, slack, vram_conversation="C1", vram_link=LINK.format(channel="C9"))
    assert (["vram_link"], "errors") == (list(answered["errors"]), answered["response_action"])
    assert [] == [call for call in slack.calls if call.method == "chat.postMessage"]


def test_a_link_that_is_none(bot_server: Server, slack: WebApi) -> None:
    """What is not a link to a message is said on its field."""
    answered = submitted(bot_server, slack, vram_conversation="C1", vram_link="https://example.com/x")
    assert ["vram_link"] == list(answered["errors"])


def test_no_link_posts_in_the_conversation(bot_server: Server, slack: WebApi) -> None:
    """The picked conversation alone: its root."""
    assert {} == submitted(bot_server, slack, vram_conversation="C7")
    (message,) = slack.of("chat.postMessage")
    assert ("C7", None) == (message["channel"], message.get("thread_ts"))


# --------------------------------------------------------------------------- thread:<link>


def test_a_command_with_a_link_to_its_own_channel(bot_server: Server, slack: WebApi) -> None:
    """`/vram … thread:<link>` is acknowledged empty, posted to the thread, and reported to its author."""
    response = bot_server.command(f"{QUESTION} thread:{LINK.format(channel='C1')}", response_url=slack.response_url())
    assert (200, b"") == (response.status, response.body)
    assert THREAD == slack.of("chat.postMessage")[0]["thread_ts"]
    assert "Posted." in json.dumps(slack.of("response")[0])


def test_a_command_with_a_link_to_another_channel(bot_server: Server, slack: WebApi) -> None:
    """A channel not known to be public is refused to the person alone."""
    slack.errors["conversations.info"] = ["missing_scope"]
    bot_server.command(f"{QUESTION} thread:{LINK.format(channel='C9')}", response_url=slack.response_url())
    assert "ephemeral" == slack.of("response")[0]["response_type"]
    assert [] == [call for call in slack.calls if call.method == "chat.postMessage"]


# --------------------------------------------------------------------------- the workflow step


def test_the_workflow_step(bot_server: Server, slack: WebApi) -> None:
    """Posts to the message's thread and hands on four figures."""
    send(bot_server, payload("function_executed"))
    done = slack.of("functions.completeSuccess")[0]
    assert "Fx1" == done["function_execution_id"]
    assert {"fits": True, "permalink": "https://t.slack.com/archives/C1/p1"} == {
        key: done["outputs"][key] for key in ("fits", "permalink")
    }
    assert done["outputs"]["max_batch"] > 20
    assert 90 < done["outputs"]["used_gib"] < 130
    assert THREAD == slack.of("chat.postMessage")[0]["thread_ts"]


def test_a_step_that_cannot_be_answered(bot_server: Server, slack: WebApi) -> None:
    """Fails with the sentence that a person would read."""
    send(bot_server, payload("function_executed", event__inputs={"model": "zork-9b"}))
    assert "zork-9b" in slack.of("functions.completeError")[0]["error"]


# --------------------------------------------------------------------------- nothing of it in the log


def test_the_log_has_neither_words_nor_tokens(bot_server: Server, slack: WebApi) -> None:
    """Mentions, presses and links leave no text, token or response URL behind."""
    url = slack.response_url()
    mention(bot_server, "zebra-model on zebra-gpu")
    bot_server.command("zebra-question thread:https://zebra.slack.com/archives/C9/p1800000001000100", response_url=url)
    slack.of("response")
    log = bot_server.log.read_text()
    for secret in ("zebra", "xoxb-", url, "xwfp-"):
        assert secret not in log
