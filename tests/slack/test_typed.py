"""Messages as Slack spells them, and what their authors typed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import answer
from bot.surfaces.slack.typed import typed

COMMAND = 'vllm serve Qwen/Qwen3-8B --max-model-len 16384 --hf-overrides \'{"a": 1}\' && echo "<ok>"'


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": [{"type": "rich_text", "elements": list(elements)}]}


def section(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(runs)}


def text(said: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": said, **({"style": style} if style else {})}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<@UVRAM> qwen3-8b", "qwen3-8b"),
        ("<@UVRAM|vram> qwen3-8b <#C1|deploys> <!subteam^S1|@ml> on l4", "qwen3-8b     on l4"),
        ("<!channel> on l4", "on l4"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("<https://huggingface.co/Qwen/Qwen3-8B>", "https://huggingface.co/Qwen/Qwen3-8B"),
        ("<http://serve.py|serve.py> x", "serve.py x"),
        ("<https://huggingface.co/Qwen/Qwen3-8B|this one> on l4", "https://huggingface.co/Qwen/Qwen3-8B on l4"),
        ("<https://example.com/x|this one> on l4", "this one on l4"),
        ("--x “a b” ‘c’", "--x \"a b\" 'c'"),
        ("tp\u00a02", "tp 2"),
        ("5 < 6 > 4", "5 < 6 > 4"),
    ],
)
def test_text(written: str, expected: str) -> None:
    """Mentions go, links and entities become what was typed, bent quotes are straight."""
    assert expected == typed({"text": written})


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([section({"type": "user", "user_id": "UVRAM"}, text(" qwen3-8b "), text("fp8", bold=True))], "qwen3-8b fp8"),
        ([section(text("a <b> & “c”"))], 'a <b> & "c"'),
        ([section(text("try "), text("--x", code=True))], "try `--x`"),
        ([section({"type": "emoji", "name": "tada"}, {"type": "broadcast", "range": "here"}, text("x"))], ":tada: x"),
        ([section({"type": "link", "url": "http://serve.py", "text": "serve.py"})], "serve.py"),
        ([section({"type": "link", "url": "https://hf.co/a/b"})], "https://hf.co/a/b"),
        ([{"type": "rich_text_list", "elements": [section(text("one")), section(text("two"))]}], "one\ntwo"),
        ([{"type": "rich_text_quote", "elements": [text("q")]}, section(text("r"))], "q\nr"),
        ([{"type": "rich_text_preformatted", "elements": [text(COMMAND)]}], f"```\n{COMMAND}\n```"),
    ],
)
def test_rich_text(elements: list[dict[str, Any]], expected: str) -> None:
    """What Slack sends as blocks reads as it was typed; code keeps every character."""
    assert expected == typed({**rich(*elements), "text": "&lt;the same, escaped&gt;"})


def test_what_a_bot_posted() -> None:
    """Sections, fields and attachments of an alert are read too."""
    message = {
        "text": "fallback",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "CUDA out of memory &lt;rank 0&gt;"}},
            {"type": "section", "fields": [{"type": "plain_text", "text": "on <l4>"}]},
            {"type": "divider"},
        ],
        "attachments": [
            {"text": "vllm serve x &amp;"},
            {"fallback": "more"},
            {"blocks": rich(section(text("y")))["blocks"]},
        ],
    }
    assert "CUDA out of memory <rank 0>\non <l4>\nvllm serve x &\nmore\ny" == typed(message)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"text": None},
        {"text": 5, "blocks": 5, "attachments": "x"},
        {"blocks": [None, {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [3, {}]}]}]},
        {"blocks": [{"type": "rich_text", "elements": None}, {"type": "section", "text": "x"}, {"type": []}]},
        {"attachments": [{"blocks": [{}], "text": None}]},
        {"text": "<" * 20_000},
        {"text": "<@" * 20_000},
        {"text": "<https://x|" * 5_000},
    ],
)
def test_nonsense_is_read_without_an_error(message: dict[str, Any]) -> None:
    """What no Slack sends gives some text."""
    assert isinstance(typed(message), str)


def test_a_pasted_command_reaches_the_answer_whole() -> None:
    """From a code block, with another's words around it."""
    block = {
        "type": "rich_text_preformatted",
        "elements": [text("vllm serve Qwen/Qwen3-8B \\\n  --max-model-len 16384")],
    }
    understood = answer(typed(rich(section(text("we run")), block, section(text("on one l4"))))).answer.understood
    assert ("Qwen/Qwen3-8B", 16384, "NVIDIA L4") == (
        understood.model,
        understood.sequence_tokens,
        understood.gpu,
    )
