"""Questions answered end to end: the contract, what is assumed, what is refused, and what a person reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answer import answer
from bot.contract import Answer
from bot.help import EXAMPLES
from bot.reply import Reply

SAMPLE = "qwen3-32b fp8 batch 20 seq 12k on h100"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("qwen3-32b fp8 batch 20 seq 12288 on h100", 64_424_509_440),
        ("glm-4-9b fp8 batch 128 seq 12k", 64_424_509_440),
        ("qwen2.5-7b-instruct fp8 batch 120 seq 12k", 84_557_168_640),
        ("llama 3.3 70b fp8 batch 1 seq 12k on h100", 4_026_531_840),
        ("deepseek-r1 fp8 batch 1 seq 8k", 575_668_224),
        ("multilingual-e5-large batch 32 seq 512", 0),
        ("bge-reranker-v2-m3 batch 64 seq 512", 0),
    ],
)
def test_kv_cache_to_the_byte(question: str, expected: int) -> None:
    """The KV cache of well-known questions."""
    memory = answer(question).answer.memory
    assert memory is not None
    assert expected == memory.kv_cache


def test_total_is_the_sum_and_fits_follows() -> None:
    """memory.total is the sum of the four, fits compares it with usable, headroom is the difference."""
    found = answer(SAMPLE).answer
    assert found.memory
    assert found.gpu_memory
    parts = (found.memory.weights, found.memory.kv_cache, found.memory.activations, found.memory.overhead)
    assert sum(parts) == found.memory.total
    assert found.fits is (found.memory.total <= found.gpu_memory.usable)
    assert found.gpu_memory.usable - found.memory.total == found.headroom


def test_both_kv_formats_are_answered() -> None:
    """8-bit weights and no word on the KV cache: the default and the fp8 cache, each with its largest batch."""
    reply = answer("qwen3-32b fp8 seq 12k on h100 max batch")
    cache = next(other for other in reply.answer.alternatives if other.change == "kv_cache=fp8")
    assert reply.answer.capacity
    assert cache.max_batch
    assert cache.max_batch >= 2 * reply.answer.capacity.max_batch
    text = " ".join(reply.facts)
    assert "bf16" in text
    assert "--kv-cache-dtype fp8" in text


def test_a_stated_kv_format_is_not_second_guessed() -> None:
    """kv fp8 in the question: one line."""
    reply = answer("qwen3-32b fp8 kv fp8 batch 20 seq 12k on h100")
    assert "fp8" == reply.answer.understood.kv_cache
    assert not [other for other in reply.answer.alternatives if other.change.startswith("kv_cache")]


def test_nothing_is_assumed_in_silence() -> None:
    """Every field that the text did not state is listed, in the answer and for the reader."""
    reply = answer("qwen3-32b on h100")
    assert {"weights", "kv_cache", "batch", "sequence_tokens", "engine", "engine_version"} <= set(
        reply.answer.understood.assumed
    )
    text = " ".join(reply.assumptions)
    assert "batch 1" in text
    assert "8,192" in text
    assert "bf16" in text


def test_words_not_understood_are_named() -> None:
    """An unread word does not stop the answer and does not disappear."""
    reply = answer(SAMPLE + " flibbertigibbet")
    assert ["flibbertigibbet"] == reply.answer.understood.unread
    assert any("flibbertigibbet" in note for note in reply.notes)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("qwen3-32b fp8 batch 20 batch 30 seq 8k", "conflict"),
        ("qwen3-32b fp8 int4 on h100", "conflict"),
        ("qwen3-32b fp8 batch 0", "out_of_range"),
        ("qwen3-32b fp8 seq -5", "out_of_range"),
        ("qwen3-32b fp8 batch 1e400 seq 8k", "out_of_range"),
        ("qwen3-23b fp8 batch 8", "unknown_model"),
        ("qwen3-32b on an h1000", "unknown_gpu"),
        ("qwen3-8b kv awq on h100", "unsupported"),
        ("llama-server -m Qwen3-8B-Q4_K_M.gguf -c 8192 -ctk q4_k_m on rtx 4090", "unsupported"),
    ],
)
def test_what_cannot_be_answered_gets_a_sentence(question: str, code: str) -> None:
    """An error code, one sentence, and never a number."""
    reply = answer(question)
    assert reply.answer.error
    assert code == reply.answer.error.code
    assert reply.answer.memory is None
    assert "error" == reply.verdict
    assert reply.headline == reply.answer.error.message


@pytest.mark.parametrize(
    "question",
    [
        "qwen3-32b fp8 batch 20 batch 30 seq 8k on h100",
        "qwen3-8b kv awq on 4090",
        "llama-server -m Qwen3-8B-Q4_K_M.gguf -c 8192 -ctk q3_k on rtx 4090",
    ],
)
def test_suggestions_are_questions_or_names_that_work(question: str) -> None:
    """A corrected question is answered."""
    error = answer(question).answer.error
    assert error
    assert error.suggestions
    assert all(answer(suggestion).answer.error is None for suggestion in error.suggestions)


@pytest.mark.parametrize("question", [question for examples in EXAMPLES.values() for question in examples.values()])
def test_every_example_of_the_help_is_answered(question: str) -> None:
    """Help teaches only what works."""
    reply = answer(question)
    assert reply.answer.error is None
    assert reply.answer.memory is not None
    assert not reply.answer.understood.unread


@pytest.mark.parametrize("question", ["?", "help", "how do I use this bot?"])
def test_help_is_not_an_error(question: str) -> None:
    """Asking for help gives examples."""
    reply = answer(question)
    assert "help" == reply.verdict
    assert reply.steps
    assert reply.answer.error is None


def test_vietnamese_is_answered_in_vietnamese() -> None:
    """The same numbers, in the reader's language."""
    english = answer(SAMPLE)
    vietnamese = answer("qwen3-32b fp8 20 người dùng ngữ cảnh 12k trên h100")
    assert english.answer.memory == vietnamese.answer.memory
    assert vietnamese.headline.startswith("Không vừa")


def test_a_command_leaves_the_batch_open() -> None:
    """A pasted command: its length is the sequence, its sequences a ceiling, capacity says how many requests."""
    found = answer("vllm serve Qwen/Qwen3-8B --max-model-len 16384 --max-num-seqs 64 on one l4").answer
    assert (None, 16384, 64) == (
        found.understood.batch,
        found.understood.sequence_tokens,
        found.understood.max_sequences,
    )
    assert found.capacity
    assert found.capacity.max_batch >= 1


def test_explain_shows_formula_numbers_and_source() -> None:
    """Every section has the law with symbols, then numbers, then its source."""
    reply = answer("explain " + SAMPLE)
    laws = [section for section in reply.sections if "source:" in section.text]
    assert len(laws) > 10
    assert any("768" in section.text for section in laws)
    assert any(section.text.startswith("batch =") for section in reply.sections)


@pytest.mark.parametrize(
    ("question", "solve_for"),
    [
        ("max batch for qwen3-32b fp8 on h100 seq 4k", "batch"),
        ("longest context for qwen3-32b fp8 on h100 batch 4", "sequence"),
        ("how many h100s for qwen3-32b bf16 50 users 8k", "gpu_count"),
        ("what gpu for qwen3-14b bf16 4 users 8k", "gpu"),
    ],
)
def test_solutions(question: str, solve_for: str) -> None:
    """What is asked for is solved and is the solution's own deployment."""
    found = answer(question).answer
    assert solve_for == found.understood.solve_for
    if solve_for == "gpu":
        assert found.gpus
        assert found.fits is None
        assert [choice.headroom >= 0 for choice in found.gpus] == [True] * len(found.gpus)
    else:
        assert found.fits
        assert found.capacity


def test_solved_batch_is_the_edge() -> None:
    """max_batch fits, one more does not."""
    capacity = answer("max batch for qwen3-32b fp8 on h100 seq 4k").answer.capacity
    assert capacity
    assert answer(f"qwen3-32b fp8 on h100 seq 4k batch {capacity.max_batch}").answer.fits
    assert answer(f"qwen3-32b fp8 on h100 seq 4k batch {capacity.max_batch + 1}").answer.fits is False


def test_alternatives_are_questions_that_give_what_they_promise() -> None:
    """The question of an alternative answers as the alternative says."""
    for other in answer(SAMPLE).answer.alternatives:
        assert other.question
        again = answer(other.question).answer
        assert (other.fits, other.max_batch) == (again.fits, again.capacity and again.capacity.max_batch)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gets_a_reply(text: str) -> None:
    """Never an exception, always a valid answer with a headline."""
    reply = answer(text)
    assert isinstance(reply, Reply)
    assert reply.headline
    assert Answer.model_validate_json(reply.answer.model_dump_json()) == reply.answer
    assert reply.answer.error is None or reply.answer.error.code != "internal"


@pytest.mark.parametrize(
    ("question", "weights", "told"),
    [
        ("bge-m3 on t4", "fp16", "computed in fp16, as NVIDIA T4 has no bfloat16"),
        ("qwen3-8b bf16 on t4", "bf16", "NVIDIA T4 has no bfloat16"),
        ("qwen3-8b fp8 on a100 80gb", "fp8", "has no FP8 arithmetic"),
        ("qwen3-8b nvfp4 on h100", "nvfp4", "has no FP4 arithmetic"),
    ],
)
def test_a_card_without_the_arithmetic(question: str, weights: str, told: str) -> None:
    """A format that the card does not compute in is said; one that nobody stated is replaced by fp16."""
    reply = answer(question)
    assert weights == reply.answer.understood.weights
    assert 1 == sum(told in sentence for sentence in (*reply.assumptions, *reply.notes))


@pytest.mark.parametrize(
    ("asked", "gib"),
    [
        ("a40", 44.4),
        ("a40 ecc off", 47.36),
        ("a40 with ecc", 44.4),
        ("rtx a6000 ecc on", 44.44),
        ("4090", 23.53),
        ("4090 wsl2", 23.99),
        ("h100 no ecc", 79.18),
    ],
)
def test_how_a_card_is_set_up(asked: str, gib: float) -> None:
    """ECC takes a sixteenth of GDDR memory and none of HBM, Windows shows more; a follow-up keeps it."""
    reply = answer(f"qwen3-8b fp8 batch 4 seq 4k on {asked}")
    assert reply.answer.gpu_memory
    assert gib == pytest.approx(reply.answer.gpu_memory.visible / 2**30, abs=0.06)
    for step in reply.steps:
        if step.question and "on 1x" in step.question:
            again = answer(step.question).answer.gpu_memory
            assert again
            assert reply.answer.gpu_memory.visible == again.visible
