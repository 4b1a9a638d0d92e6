"""A server's log, then questions in its thread: what was measured stays exact, and what a change takes away is said."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from bot.answer import answer
from bot.contract import Answer
from bot.followup import follow_up, marked, short
from bot.parse import parse
from bot.query import Said
from bot.spoken import spoken
from tests.bot.said import DATA

STARTS = tomllib.loads((DATA / "starts.toml").read_text("utf-8"))["start"]
BY_ID = {start["id"]: start for start in STARTS}
FOLLOW_UPS = [
    pytest.param(start, then, id=f"{start['id']}: {then['says']}") for start in STARTS for then in start.get("then", ())
]
VLLM = BY_ID["vllm v1"]
AS_PREDICTED = ("Predicted", "Đây là dự đoán", "Dự đoán lại")


def pasted(start: dict[str, Any]) -> str:
    return f"{start['log']}\n{start['said']}"


def asked(start: dict[str, Any], *changes: str) -> Answer:
    """The answer after these follow-ups to a log, as a thread keeps it in between."""
    question = pasted(start)
    for change in changes:
        question = follow_up(short(question), change) or ""
    return answer(short(question)).answer


@pytest.mark.parametrize("start", STARTS, ids=BY_ID)
def test_predicted_stands_beside_measured(start: dict[str, Any]) -> None:
    """Every term that the engine prints is compared, in bytes, tokens, blocks or requests as it printed them."""
    diagnosis = answer(pasted(start)).answer.diagnosis
    assert diagnosis is not None
    shown: dict[str, Any] = {}
    for row in diagnosis["comparison"]:
        shown.setdefault(row["term"], row["measured"])
    assert start["printed"] == shown


@pytest.mark.parametrize("start", STARTS, ids=BY_ID)
def test_the_log_comes_out_of_its_answer(start: dict[str, Any]) -> None:
    """Tokens to the block, requests and buffers are those of the log, at once and from what a thread keeps of it."""
    at_once, kept = answer(pasted(start)).answer, asked(start)
    for found in (at_once, kept):
        assert found.capacity is not None
        assert start.get("tokens", found.capacity.kv_cache_tokens) == found.capacity.kv_cache_tokens
        assert start.get("max_batch", found.capacity.max_batch) == found.capacity.max_batch
    assert at_once.memory is not None
    assert start.get("memory", {}) == {name: getattr(at_once.memory, name) for name in start.get("memory", {})}


@pytest.mark.parametrize(("start", "then"), FOLLOW_UPS)
def test_a_follow_up_says_what_is_measured(start: dict[str, Any], then: dict[str, Any]) -> None:
    """What the change leaves valid is exact; what it does not is predicted, with its reason."""
    found = asked(start, then["says"])
    assert found.capacity is not None
    assert found.memory is not None
    assert found.measured is not None
    assert (then["measured"], then.get("because", [])) == (found.measured.measured, found.measured.because)
    assert then.get("tokens", found.capacity.kv_cache_tokens) == found.capacity.kv_cache_tokens
    assert then.get("max_batch", found.capacity.max_batch) == found.capacity.max_batch
    assert then.get("memory", {}) == {name: getattr(found.memory, name) for name in then.get("memory", {})}
    assert bool(then.get("because")) == any(note.startswith(AS_PREDICTED) for note in found.notes)


def test_back_on_the_logged_server_the_measurements_hold_again() -> None:
    """Another layout and back: the tokens of the log, exactly."""
    found = asked(VLLM, "what if tp 4", "tp 1")
    assert found.capacity is not None
    assert found.measured is not None
    assert (VLLM["tokens"], []) == (found.capacity.kv_cache_tokens, found.measured.because)


@pytest.mark.parametrize("words", ["forget the measurements", "Reset.", "quên số đo", "đặt lại"])
def test_measurements_can_be_forgotten(words: str) -> None:
    """The same question is predicted then."""
    found = asked(VLLM, words)
    assert found.capacity is not None
    assert (None, False) == (found.measured, found.capacity.kv_cache_tokens == VLLM["tokens"])


def test_forgetting_goes_with_a_change() -> None:
    """What else is said with it counts."""
    question = parse(follow_up(short(pasted(VLLM)), "forget the measurements, batch 7") or "")
    assert question.batch is not None
    assert (None, 7) == (question.measured, question.batch.value)


def test_a_new_log_replaces_the_old_one() -> None:
    """The figures of the last log in a thread are those that count; what it does not say stays as it was."""
    second = "(EngineCore_DP0 pid=9) INFO 01-21 [kv_cache_utils.py:1319] GPU KV cache size: 461,008 tokens"
    found = asked(VLLM, second)
    assert found.capacity is not None
    assert (461_008, "meta-llama/Llama-3.1-8B-Instruct") == (found.capacity.kv_cache_tokens, found.understood.model)


def test_a_failure_in_a_thread_is_diagnosed_for_its_model() -> None:
    """A log that names no model is of the server that the thread is about."""
    refused = "ERROR 01-21 10:00:00 [core.py:708] ValueError: No available memory for the cache blocks."
    found = answer(follow_up("qwen3-14b on an l4", refused) or "").answer
    assert found.diagnosis is not None
    assert ("kv_cache", "Qwen/Qwen3-14B") == (found.diagnosis["phase"], found.understood.model)


def test_a_named_format_corrects_what_the_log_was_taken_for() -> None:
    """Weights that fit the format named later, and not the one assumed before, stay measured."""
    log = VLLM["log"].replace("took 15.0 GiB", "took 5.4 GiB").replace("meta-llama/Llama-3.1-8B-Instruct", "/models/l8")
    found = answer(follow_up(short(f"{log}\nllama-3.1-8b on an A100 80GB"), "same awq") or "").answer
    assert found.memory is not None
    assert round(5.4 * 2**30) == found.memory.weights


def test_a_form_knows_whose_measurements_they_are() -> None:
    """A question edited in a form, where anything may change, keeps the server of its log."""
    query = marked(parse(short(pasted(VLLM))))
    elsewhere = answer(spoken(replace(query, gpu=Said("NVIDIA H200 141GB", "")))).answer.measured
    here = answer(spoken(query)).answer.measured
    assert elsewhere is not None
    assert here is not None
    assert ([], ["gpu"], []) == (elsewhere.measured, elsewhere.because, here.because)


def test_settings_of_a_paste_travel() -> None:
    """Flags that have no words of their own are kept for follow-ups; secrets and what does not matter are not."""
    command = "VLLM_API_KEY=hunter2hunter2 vllm serve Qwen/Qwen3-Next-80B-A3B-Instruct --enable-prefix-caching --seed 1"
    question = follow_up(command, "on 4x h100") or ""
    assert {"prefix_caching": True} == parse(question).extra
    assert "hunter2" not in question


def test_settings_that_make_no_sense_are_left_out() -> None:
    """What carries settings is read like any other text: nothing in it can break an answer."""
    broken = 'settings={"max_loras":"many","lora":true,"x":1} settings={"lora": logged_at="nothing at all"'
    assert answer(f"qwen3-14b on l40s {broken}").answer.error is None


def test_a_log_of_weights_alone_leaves_the_rest_open() -> None:
    """Nothing is called measured that was not printed, and the band of the rest stays."""
    lines = [line for line in VLLM["log"].splitlines() if "KV cache" not in line and "concurrency" not in line]
    found = answer("\n".join([*lines, "on an A100 80GB"])).answer
    assert found.measured is not None
    assert found.uncertainty is not None
    assert (["weights"], ["activations_and_overhead"]) == (found.measured.measured, list(found.uncertainty.terms))


def test_an_engine_that_is_not_computed_says_so() -> None:
    """LMDeploy's pool is told from its log, with why nothing beside it is."""
    log = "[TM][INFO] [BlockManager] block_size = 4.000 MB\n[TM][INFO] [BlockManager] max_block_count = 4512\n"
    reply = answer(f"{log}llama-3.1-8b on a100 80gb")
    assert ("It runs: 17.62 GiB is left for the KV cache.", True) == (reply.headline, "LMDeploy" in reply.notes[-1])


def test_vietnamese_says_what_is_measured() -> None:
    """In Vietnamese too, measured and predicted are told apart."""
    reply = answer(follow_up(short(pasted(VLLM)), "nếu tp 4 thì sao") or "")
    kept = answer(follow_up(short(pasted(VLLM)), "batch 40 thì sao") or "")
    assert ("vi", "vi") == (reply.language, kept.language)
    assert any(note.startswith("Đây là dự đoán") for note in reply.notes)
    assert any(words.startswith("đo trên máy chủ của bạn") for words in kept.assumptions)


@pytest.mark.parametrize(
    ("tokens", "cache", "measured"),
    [("460,496", "bf16", True), ("920,992", "fp8", True), ("1,400,000", "bf16", False)],
)
def test_tokens_and_bytes_of_a_log_tell_its_cache(tokens: str, cache: str, measured: bool) -> None:
    """Bytes that hold twice the tokens are an 8-bit cache's; those of another model are not taken for measured."""
    found = answer(pasted({**VLLM, "log": VLLM["log"].replace("460,496", tokens)})).answer
    assert found.capacity is not None
    assert found.measured is not None
    assert (cache, measured) == (found.understood.kv_cache, "kv_cache_tokens" in found.measured.measured)
    assert measured == (f"{found.capacity.kv_cache_tokens:,}" == tokens)
    assert measured != any("other tokens" in note for note in found.notes)


@pytest.mark.parametrize(
    ("question", "tokens", "because"),
    [
        ("llama-3.1-8b on a100 80gb batch 4 seq 8k", 460_496, []),
        ("llama-3.1-8b kv fp8", 920_992, []),
        ("how many users of llama 3.1 8b with 4k each", 460_496, []),
        ("llama-3.1-8b on h200", None, ["gpu"]),
        ("llama-3.1-8b with sglang", None, ["engine", "engine_version"]),
    ],
)
def test_a_whole_question_about_the_same_server_is_exact_too(
    question: str, tokens: int | None, because: list[str]
) -> None:
    """In the log's thread nobody has to lean: what is not said of the server is as it was logged."""
    found = asked(VLLM, question)
    assert found.capacity is not None
    assert found.measured is not None
    assert (tokens or found.capacity.kv_cache_tokens, because) == (
        found.capacity.kv_cache_tokens,
        found.measured.because,
    )


def test_another_model_in_the_thread_stands_by_itself() -> None:
    """The measurements go with the model that they are of."""
    assert follow_up(short(pasted(VLLM)), "qwen3-8b on l4") is None


@pytest.mark.parametrize(
    "path", ["", "'model': '/srv/models/prod', "], ids=["a log without its model", "a path that says nothing"]
)
def test_a_model_that_is_named_later_completes_the_log(path: str) -> None:
    """Asked which model it is, a person answers with a whole question: the measurements are of that."""
    log = VLLM["log"].replace("'model': 'meta-llama/Llama-3.1-8B-Instruct', ", path)
    found = answer(follow_up(short(log), "it's llama-3.1-8b-instruct on an a100 80gb") or "").answer
    assert found.capacity is not None
    assert found.measured is not None
    assert (VLLM["tokens"], []) == (found.capacity.kv_cache_tokens, found.measured.because)


def test_the_guide_measures_nothing() -> None:
    """By the guide's formulas no log counts, and nothing of it is claimed."""
    question = parse(f"{short(pasted(VLLM))} method guide")
    found = answer(spoken(question)).answer
    assert found.error is None
    assert found.measured is not None
    assert ([], ["method"]) == (found.measured.measured, found.measured.because)


@pytest.mark.parametrize(
    ("question", "weights", "code"),
    [
        ("deepseek-v3 on 8x h200 method guide", "fp8", None),
        ("gpt-oss-20b on l40s method guide", "int4", None),
        ("llama-3.1-8b q4_k_m on l40s method guide", None, "unsupported"),
    ],
)
def test_the_guide_has_a_few_formats(question: str, weights: str | None, code: str | None) -> None:
    """A format that its table lacks is taken as the one of as many bits, or refused."""
    found = answer(question).answer
    assert code == (found.error.code if found.error else None)
    assert weights in (None, found.understood.weights)


@pytest.mark.parametrize(
    "readings",
    ["weights=0GiB pool=0MiB tokens=0", "pool=123456789GiB tokens=999999999999", "card=0.001GiB weights=99999GiB"],
)
@pytest.mark.parametrize("engine", ["vllm 0.6.3", "vllm", "sglang", "tgi", "tensorrt-llm", "llama.cpp", "transformers"])
def test_absurd_readings_break_nothing(engine: str, readings: str) -> None:
    """Whatever a question carries as measured, there is an answer."""
    for rest in ("how many users", "minimum utilization"):
        found = answer(f"gemma-3-27b measured[{readings} length=0 seqs=7] on l40s {engine} {rest}").answer
        assert found.error is None or found.error.code == "unsupported"


def test_a_cache_that_the_card_cannot_hold_is_not_taken_for_measured() -> None:
    """Weights and cache beyond the share of the card that is named are those of another card: said, and predicted."""
    smaller = pasted(VLLM).replace(VLLM["said"], "vllm 0.11.0 on an L4")
    found = answer(smaller).answer
    assert any("come to more than vLLM takes of NVIDIA L4" in note for note in found.notes)
    assert found.memory is not None
    assert min(found.memory.activations, found.memory.overhead) >= 0
