"""Start-up logs and error messages: what happened, in which phase, and what mends it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.answer import answer
from bot.diagnosis import rules
from bot.fixes import FIXES
from bot.followup import follow_up, short
from bot.logs import COMMON, find_log, readers
from bot.messages import messages
from bot.parse import parse
from tests.bot.said import rows

ROWS = rows("logs")
RUNS = (
    "INFO 11-02 10:11:12 [api_server.py:1896] vLLM API server version 0.11.0\n"
    "INFO 11-02 10:11:12 [utils.py:233] non-default args: "
    "{'model': 'Qwen/Qwen3-14B', 'max_model_len': 16384, 'gpu_memory_utilization': 0.9}\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:11:40 [gpu_model_runner.py:2653] Model loading took 27.5185 GiB\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:12:40 [gpu_worker.py:298] Available KV cache memory: 6.31 GiB\n"
    "(EngineCore_DP0 pid=211) INFO 11-02 10:12:40 [kv_cache_utils.py:1087] GPU KV cache size: 41,360 tokens\n"
    "(APIServer pid=1) INFO:     Application startup complete.\n"
)
ON_CARD = f"{RUNS}on an A100 40GB"
SECRETS = ("hf_QwErTyUiOpAsDfGh", "sk-proj-0123456789abcdef", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln")
NO_MEMORY = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`"


@pytest.mark.parametrize("row", ROWS)
def test_logs(row: dict[str, Any]) -> None:
    """Phase, engine and printed numbers of a log are read, whatever stands around them."""
    diagnosis = answer(row["text"]).answer.diagnosis
    assert diagnosis is not None
    assert (row["phase"], row["engine"]) == (diagnosis["phase"], diagnosis["engine"])
    assert row["facts"] == {fact: diagnosis["facts"].get(fact) for fact in row["facts"]}


@pytest.mark.parametrize("row", [row for row in ROWS if "says" in row.values[0]])
def test_replies(row: dict[str, Any]) -> None:
    """The reply says what happened and what mends it, with its number."""
    reply = answer(row["text"])
    assert row["says"] in " ".join((reply.headline, *(step.text for step in reply.steps)))
    assert reply.answer.error is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OSError: [Errno 98] error while attempting to bind on address: address already in use", (None, "needs")),
        ("Qwen/Qwen3-8B on h100\nOSError: [Errno 98] Address already in use", (True, "fits")),
        ("Qwen/Qwen3-235B-A22B on l4\nOSError: [Errno 98] Address already in use", (False, "does_not_fit")),
        (
            "ValueError: The decoder prompt (length 40000) is longer than the maximum model length of 32768.",
            (True, "fits"),
        ),
        (
            "Qwen/Qwen3-8B on h100\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate",
            (False, "does_not_fit"),
        ),
    ],
)
def test_a_failure_for_another_reason_says_nothing_of_memory(text: str, expected: tuple[bool | None, str]) -> None:
    """A taken port leaves the verdict to the figures, a refused prompt comes from a server that runs."""
    reply = answer(text)
    assert expected == (reply.answer.fits, reply.answer.verdict)
    assert expected[1] == reply.verdict


def test_healthy_log_pins_the_answer_to_the_token() -> None:
    """After a start-up log the KV cache is that of the server, with no band."""
    reply = answer(ON_CARD)
    assert reply.answer.capacity is not None
    assert 41_360 == reply.answer.capacity.kv_cache_tokens
    assert {} == (reply.answer.uncertainty.terms if reply.answer.uncertainty else None)
    assert "measured on your server" in reply.headline
    assert ["Weights", "KV cache", "KV cache, tokens"] == [row[0].text for row in reply.tables[0].rows]


def test_measured_values_travel_in_the_question() -> None:
    """What is kept of a log is a short question that gives the same capacity, and every change of it is exact."""
    question = short(ON_CARD)
    assert parse(question).measured == parse(ON_CARD).measured
    assert (True, True) == (len(question) < 250, "EngineCore" not in question)
    wider = answer(follow_up(question, "util 0.95") or "").answer.capacity
    eight = answer(follow_up(question, "kv fp8") or "").answer.capacity
    assert wider is not None
    assert eight is not None
    assert (True, 2 * 41_360) == (wider.kv_cache_tokens > 41_360, eight.kv_cache_tokens)


@pytest.mark.parametrize("change", ["same on h200", "same fp8", "same tp2", "vllm 0.19"])
def test_another_server_is_not_measured(change: str) -> None:
    """Another GPU, format, layout or release takes the measured terms away, and says so."""
    answered = answer(follow_up(short(ON_CARD), change) or "").answer
    assert answered.measured is not None
    told = [note for note in answered.notes if note.startswith("Predicted, not measured")]
    assert ([], 1) == (answered.measured.measured, len(told))


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_not_echoed(secret: str) -> None:
    """No key that stands in a log appears in the answer, in what is kept or in a step."""
    reply = answer(f"HF_TOKEN={secret}\nOPENAI_API_KEY={secret} {NO_MEMORY} token={secret}")
    assert secret not in json.dumps(reply.answer.model_dump(), ensure_ascii=False)
    assert secret not in f"{reply.headline}{reply.facts}{reply.steps}{reply.notes}"
    assert secret not in short(f"HF_TOKEN={secret}\n{RUNS}")


def test_long_log_keeps_its_one_error() -> None:
    """An error in the middle of a megabyte of the same line is found."""
    line = "INFO 11-02 10:11:40 [loggers.py:123] Engine 000: Running: 8 reqs, GPU KV cache usage: 34.5%\n"
    half = line * (500_000 // len(line))
    found = find_log(half + NO_MEMORY + "\n" + half)
    assert found is not None
    assert "kv_cache" == found[0].phase


def test_a_last_start_counts() -> None:
    """Of several starts in one log the last one that came to an end is told."""
    failed = RUNS.replace("GPU KV cache size: 41,360 tokens", NO_MEMORY).replace("startup complete", "failed")
    first, second = find_log(failed + RUNS), find_log(RUNS + failed)
    assert first is not None
    assert second is not None
    assert ("healthy", "kv_cache") == (first[0].phase, second[0].phase)


LOADED = "INFO 01-20 09:14:00 [gpu_model_runner.py:2602] Model loading took 15.2683 GiB and 21.7 seconds\n"
SERVES = "INFO 01-20 09:15:21 [loggers.py:118] Engine 000: Avg prompt throughput: 10.0 tokens/s, Running: 1 reqs\n"
OUT = "ERROR 01-20 09:14:21 [core.py:708] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB.\n"
REFUSES = f"ERROR 01-20 09:14:21 [core.py:708] {NO_MEMORY}\n"
READY = "INFO 01-20 09:14:30 [gpu_model_runner.py:3480] Graph capturing finished in 9 secs, took 0.52 GiB\n"
WARNS = "Traceback (most recent call last):\nImportError: cannot import name 'x' from 'y'\n"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (LOADED + REFUSES + SERVES, ("kv_cache", "no_cache_memory")),
        (LOADED + REFUSES + READY + SERVES, ("kv_cache", "no_cache_memory")),
        (LOADED + OUT + SERVES, ("profile", "out_of_memory")),
        (LOADED + REFUSES + LOADED + READY + SERVES, ("healthy", None)),
        (LOADED + OUT + READY + SERVES, ("healthy", None)),
        (LOADED + READY + SERVES + OUT + SERVES, ("serving", "out_of_memory")),
        (LOADED + WARNS + READY + SERVES, ("healthy", None)),
        (WARNS + LOADED + READY, ("healthy", None)),
    ],
)
def test_serving_ends_only_what_the_start_got_past(log: str, expected: tuple[str, str | None]) -> None:
    """Lines of a serving engine behind a refusal make no healthy start of it; a new start does."""
    found = find_log(log)
    assert found is not None
    assert expected == (found[0].phase, found[0].failure)


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("(EngineCore_DP0 pid=9) ERROR 01-20 09:14:21 [core.py:708] ", NO_MEMORY),
        ("vllm-1  | [rank0]: ", NO_MEMORY),
        ("2026-01-20T09:14:21.110Z ERROR warmup{max=1}:warmup: a_b::client: src/mod.rs:45: ", NO_MEMORY),
        ("ERROR:    ", "[Errno 98] bind on address ('0.0.0.0', 8000): address already in use"),
    ],
)
def test_the_quoted_line_begins_at_its_message(prefix: str, message: str) -> None:
    """Time, level, process and file before a message are left out."""
    found = find_log(prefix + message)
    assert found is not None
    assert message == found[0].line


@pytest.mark.parametrize("question", ["what does ValueError: mean for qwen3-8b on l4", "qwen3-8b on l4 # KeyError: no"])
def test_words_about_an_error_are_no_log(question: str) -> None:
    """The name of an error inside a question does not make a log of it."""
    assert find_log(question) is None


def test_a_long_line_is_cut_between_words() -> None:
    """Both cuts are marked, and no word is broken."""
    found = find_log(f"ERROR 01-20 09:14:21 [core.py:708] {'before ' * 60}{NO_MEMORY} {'behind ' * 60}")
    assert found is not None
    words = found[0].line.split()
    assert ("…", "…", "before", "behind") == (words[0], words[-1], words[1], words[-2])


def test_vietnamese_words_around() -> None:
    """A question in Vietnamese around a log is answered in Vietnamese."""
    reply = answer(f"Máy chủ của tôi không khởi động được, vì sao?\n{NO_MEMORY}\ntrên A100 40GB")
    assert "vi" == reply.language
    assert reply.headline.startswith("Không khởi động được")


def test_every_failure_is_explained() -> None:
    """Each failure of a log table has a rule, a sentence in each language, and fixes that exist."""
    failures = {row.fails for reader in (COMMON, *readers()) for row in reader.rows if row.fails}
    assert set() == failures - rules().keys()
    names = {fix for rule in rules().values() for fix in (*rule.fixes, *sum(rule.phases.values(), ()))}
    for language in ("en", "vi"):
        text = messages(language)
        assert [] == [key for key in failures if f"diagnosis.cause.{key}.plain" not in text]
        assert set() == {fix for fix in names if fix != "solved" and f"diagnosis.fix.{fix}" not in text}
    assert set() == set(FIXES) - names


ASKED = "does qwen3-8b bf16 fit on a 4090 with vllm?"
ERROR = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.mark.parametrize("between", [". ", ", ", " - ", "\n"])
def test_a_question_behind_an_error_is_read(between: str) -> None:
    """Words of a person behind an error message are the question, on its line as below it."""
    found = find_log(f"{ERROR}{between}{ASKED}")
    assert found is not None
    assert ASKED == found[1].strip(" .,-\n")
    assert 2.0 == found[0].facts["tried_to_allocate_gib"]


@pytest.mark.parametrize("quoted", ["`{}`", '"{}"', "“{}”"])
def test_words_around_a_quoted_error_are_read(quoted: str) -> None:
    """A message in quotation marks ends with them, and what the log says is the message alone."""
    found = find_log(f"I get {quoted.format(ERROR)} on an l4 with qwen3-8b")
    assert found is not None
    assert (ERROR, 2.0) == (found[0].line, found[0].facts["tried_to_allocate_gib"])
    assert found[1].endswith(" on an l4 with qwen3-8b")


def test_ollama_is_told_its_own_settings() -> None:
    """Sentences on layers, experts and context name what Ollama takes, not the flags of llama.cpp."""
    started = 'time=2025-02-21T01:40:58Z level=INFO source=server.go:591 msg="llama runner started in 6.37 seconds"\n'
    full = answer(f"{started}decode: failed to find a memory slot for batch of size 512")
    assert (True, False) == ("OLLAMA_CONTEXT_LENGTH" in full.headline, "`-c`" in full.headline)
    loads = answer("ollama | llama_model_load: error loading model: unable to allocate CUDA0 buffer")
    told = " ".join(step.text for step in loads.steps)
    assert (True, False) == ("num_gpu" in told, "-ngl" in told)
