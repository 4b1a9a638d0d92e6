"""The terminal as a person and a script use it: the installed command, its output and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest

from bot.answer import answer
from bot.surfaces.terminal import show

SAMPLE = "qwen3-32b fp8 batch 20 seq 12k on h100"


def vram(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot.surfaces.cli", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answers(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_person_reads_the_verdict_first() -> None:
    """The first line is the verdict as a sentence; nothing goes to stderr."""
    result = vram(SAMPLE)
    assert result.stdout.startswith("Does not fit: Qwen/Qwen3-32B fp8")
    assert (0, "") == (result.returncode, result.stderr)


def test_json_is_one_object() -> None:
    """--json prints the machine-readable answer and nothing else."""
    (answer,) = answers(vram("--json", SAMPLE))
    assert SAMPLE == answer["question"]
    assert 64_424_509_440 == answer["memory"]["kv_cache"]


def test_json_lines_answer_in_order() -> None:
    """One object per line, also for lines that cannot be answered; then the exit status says so."""
    questions = [SAMPLE, "qwen3-32b batch 0", "", "gpt-oss-20b on l4"]
    result = vram("--json", "-", given="\n".join(questions) + "\n")
    assert questions == [answer["question"] for answer in answers(result)]
    assert [None, "out_of_range", "empty", None] == [
        answer["error"] and answer["error"]["code"] for answer in answers(result)
    ]
    assert 2 == result.returncode


def test_a_line_may_be_a_json_string() -> None:
    """A paste with line breaks fits on one line as a JSON string."""
    paste = "vllm serve Qwen/Qwen3-8B \\\n  --max-model-len 16384\non one l4"
    (answer,) = answers(vram("--json", "-", given=json.dumps(paste) + "\n"))
    assert (paste, 16384) == (answer["question"], answer["understood"]["sequence_tokens"])


@pytest.mark.parametrize("question", ["qwen3-32b fp8 batch 20 batch 30", "qwen3-23b on h100", "", "qwen3-32b seq -5"])
def test_an_unanswered_question_exits_with_2(question: str) -> None:
    """One sentence, no number, no traceback."""
    result = vram(question)
    assert 2 == result.returncode
    assert "Traceback" not in result.stdout + result.stderr
    assert "GiB" not in result.stdout


def test_help_needs_no_answer() -> None:
    """--help shows examples."""
    result = vram("--help")
    assert 0 == result.returncode
    assert "--json" in result.stdout


class Screen(StringIO):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environ", "styled"),
    [
        (Screen(), {"TERM": "xterm"}, True),
        (Screen(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Screen(), {"TERM": "dumb"}, False),
        (StringIO(), {"TERM": "xterm"}, False),
    ],
    ids=["a terminal", "NO_COLOR", "a dumb terminal", "a pipe"],
)
def test_colours(out: StringIO, environ: dict[str, str], styled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict is coloured for a person at a terminal alone; a table's rows are of one width."""
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    show(answer("gpu nào cho qwen3-8b 4 người dùng 8k"), out)
    assert styled == out.getvalue().startswith("\x1b[")
    assert 1 == len({len(line) for line in out.getvalue().splitlines()[2:9] if line[0] in "┏┃┡│└"})
