"""Texts that nobody means well by: each gets a sentence, a valid JSON object, and gives nothing away."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from benchmarks.pastes import HOSTILE
from bot.answer import answer
from bot.contract import Answer

SECRET = "xoxb-not-a-real-token"


@pytest.mark.parametrize(
    "text",
    [
        "\ud800 qwen3-8b on h100",
        "qwen3-8b\x1b[31m fp8\x1b[0m on h100",
        "\u202eqwen3-8b fp8\u202c on h100",
        "{model} {weights} {0} %s %n qwen3-8b on h100",
        "qwen3-8b on h100 " + "\u00e9" * 9_000,
        "qwen3-8b batch 1000000 seq 100000000 on h100",
        "explain qwen3-8b batch 1000000 seq 100000000 on h100",
        "longest context qwen3-8b on h100 batch 1000000",
        "how many h100 for llama 3.1 405b fp32 batch 100000 seq 1m",
        "a1 b2 c3 d4 e5 " * 1_000,
        "30b-a3b qwen3 " * 1_000,
    ],
)
def test_an_answer_that_is_valid_json(text: str) -> None:
    """No text breaks the pipeline or the JSON object."""
    reply = answer(text)
    document = reply.answer.model_dump_json()
    assert Answer.model_validate_json(document) == reply.answer
    assert reply.headline
    assert reply.answer.error is None or reply.answer.error.code != "internal"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("qwen3-8b fp8 batch " + "9" * 400 + " on h100", "out_of_range"),
        ("qwen3-8b fp8 on 1e-9GB", "out_of_range"),
        ("qwen3-8b fp8 on 99999999999999GB", "out_of_range"),
        ("qwen3-8b on 99999999999x h100", "out_of_range"),
        ("qwen3-8b on a b500", "unknown_gpu"),
        ("llama 3.3 75b on 2 h100", "unknown_model"),
        ("qwen3-8b " * 100_000, "out_of_range"),
        ("$(cat /etc/passwd)", "unknown_model"),
        ("https://huggingface.co/datasets/openai/gsm8k on h100", "empty"),
    ],
)
def test_refused_with_a_code(text: str, code: str) -> None:
    """What no deployment can have is never answered by a number."""
    found = answer(text).answer
    assert (code, None) == (found.error and found.error.code, found.memory)


def test_terminal_codes_are_no_numbers() -> None:
    """The 31 of a colour is not thirty-one million tokens."""
    plain, coloured = (answer(text).answer for text in ("qwen3-8b fp8 on h100", "qwen3-8b\x1b[31m fp8\x1b[0m on h100"))
    assert plain.memory == coloured.memory


def test_a_batch_of_lines_outlives_bad_ones() -> None:
    """Blank lines, broken JSON, bytes that are no text, a dead Redis: one object per line, and no secret in any."""
    lines = [
        b"qwen3-8b on h100",
        b"",
        b'"unterminated',
        b'"\\ud800 qwen3-8b"',
        b"\xff\xfe qwen3-8b on l4",
        b"{}",
        b"null",
    ]
    environment = {**os.environ, "REDIS_URL": "redis://:hunter2@127.0.0.1:9", "SLACK_BOT_TOKEN": SECRET}
    result = subprocess.run(
        [sys.executable, "-m", "bot.surfaces.cli", "--json", "-"],
        input=b"\n".join(lines) + b"\n",
        capture_output=True,
        timeout=60,
        check=False,
        env=environment,
    )
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    told = result.stdout.decode() + result.stderr.decode()
    assert len(lines) == len(answers)
    assert 2 == result.returncode
    assert [] == [word for word in (SECRET, "hunter2", "Traceback") if word in told]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_hostile_pastes_get_a_sentence(text: str) -> None:
    """Whatever is pasted, an answer or one sentence comes back, and nothing in it is run or filled in."""
    reply = answer(text)
    assert reply.headline
    assert reply.answer.error is None or reply.answer.error.code != "internal"
    assert "root:" not in reply.answer.model_dump_json()
