"""Two values for one thing that a question asks to compare: both are answered, the machine-readable answer refuses."""

from __future__ import annotations

import pytest

from bot.answer import answer


@pytest.mark.parametrize(
    ("question", "changes", "fits"),
    [
        (
            "qwen3-32b fp8 batch 20 seq 12k h100 vs h200",
            ["gpu=NVIDIA H100 SXM 80GB", "gpu=NVIDIA H200 141GB"],
            [False, True],
        ),
        ("qwen3-32b bf16 vs fp8 on l40s", ["weights=bf16", "weights=fp8"], [False, True]),
        ("qwen3-32b fp8 on h100 vllm vs sglang", ["engine=vllm", "engine=sglang"], [True, True]),
        ("llama-3.3-70b fp8 2xh100 tp2 vs pp2 8k", ["tensor_parallel=2", "pipeline_parallel=2"], [True, True]),
        ("llama-3.3-70b fp8 8xh100 dp 8 or tp 8 8k", ["data_parallel=8", "tensor_parallel=8"], [False, True]),
        ("qwen3-32b fp8 h100 kv fp8 vs bf16", ["kv_cache=fp8", "kv_cache=bf16"], [True, True]),
        ("qwen3-32b fp8 8k vs 16k on h100", ["sequence_tokens=8192", "sequence_tokens=16384"], [True, True]),
        ("qwen3-32b fp8 h100 vllm 0.8.5 vs 0.11.0", ["engine_version=0.8.5", "engine_version=0.11.0"], [True, True]),
        (
            "llama-3.3-70b bf16 2x l40s vs p4d.24xlarge",
            ["gpu=NVIDIA L40S", "gpu=NVIDIA A100 40GB"],
            [False, True],
        ),
        ("qwen3-32b bf16 trên h100 hay l40s", ["gpu=NVIDIA H100 SXM 80GB", "gpu=NVIDIA L40S"], [True, False]),
    ],
)
def test_both_sides_are_answered(question: str, changes: list[str], fits: list[bool]) -> None:
    """Each side is an alternative with its own verdict and question, in the order of the text."""
    reply = answer(question)
    assert reply.answer.error
    assert ("conflict", None) == (reply.answer.error.code, reply.answer.memory)
    assert changes == [side.change for side in reply.answer.alternatives]
    assert fits == [side.fits for side in reply.answer.alternatives]
    assert len(changes) == len(reply.tables[0].rows)


@pytest.mark.parametrize(
    "question",
    [
        "qwen3-32b fp8 batch 20 vs 40 on h100",
        "qwen3-32b fp8 20 vs 40 users on h100",
        "qwen3-14b and qwen3-32b fp8 on l40s",
    ],
)
def test_each_side_is_what_its_own_question_answers(question: str) -> None:
    """Asked by itself, a side says the same."""
    sides = answer(question).answer.alternatives
    assert 2 == len(sides)
    for side in sides:
        assert side.question
        alone = answer(side.question).answer
        assert alone.capacity
        assert (alone.verdict, alone.capacity.max_batch) == (side.verdict, side.max_batch)


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        (
            "gemma-3-12b fp8 on l4 or gemma-3-27b awq on l40s, 8 users 4k",
            ["gemma-3-12b fp8 on l4, 8 users 4k", "gemma-3-27b awq on l40s, 8 users 4k"],
        ),
        (
            "compare qwen3-14b fp8 l40s batch 8 with qwen3-14b bf16 h100 batch 12",
            ["qwen3-14b fp8 l40s batch 8", "qwen3-14b bf16 h100 batch 12"],
        ),
        (
            "qwen3-8b trên a10 so với qwen3-14b trên l40s, batch 6",
            ["qwen3-8b trên a10, batch 6", "qwen3-14b trên l40s, batch 6"],
        ),
        ("sglang bf16 h200 vs vllm fp8 h100 qwen3-14b", ["sglang bf16 h200 qwen3-14b", "vllm fp8 h100 qwen3-14b"]),
        ("qwen3-8b awq or qwen3-14b on l40s", ["qwen3-8b awq on l40s", "qwen3-14b on l40s"]),
        ("qwen3-8b or qwen3-14b fp8 on l40s", ["qwen3-8b fp8 on l40s", "qwen3-14b fp8 on l40s"]),
        ("h100 fp8 hay 2 l40s awq cho qwen3-32b, 6 người", ["h100 fp8 cho qwen3-32b, 6 người"]),
        ("a10 4k vs l40s 8k vs h100 16k, qwen3-8b batch 2", ["a10 4k, qwen3-8b batch 2", "l40s 8k, qwen3-8b batch 2"]),
        ("qwen3-8b fp8 batch 6 vs 12 vs 24 on l4", ["qwen3-8b fp8 batch 6 on l4", "qwen3-8b fp8 batch 12 on l4"]),
        ("qwen3-8b fp8 4 vs 6 vs 12 users on l4", ["qwen3-8b fp8 4 users on l4", "qwen3-8b fp8 6 users on l4"]),
        (
            "qwen3-8b fp8 l4 vs l40s vs a100 vs h100 vs h200",
            [f"qwen3-8b fp8 {card}" for card in ("l4", "l40s", "a100", "h100", "h200")],
        ),
        ("qwen3-8b fp8 6 vs 12 users on l4", ["qwen3-8b fp8 6 users on l4", "qwen3-8b fp8 12 users on l4"]),
        ("qwen3-8b fp8 on l4\nqwen3-14b awq on l40s", ["qwen3-8b fp8 on l4", "qwen3-14b awq on l40s"]),
        ("is qwen3-8b 4k on l4 better than 8k on l40s?", ["is qwen3-8b 4k on l4 better?", "is qwen3-8b 8k on l40s?"]),
        ("qwen3-14b l40s: 6 users with 16k vs 12 users with 8k", ["qwen3-14b l40s: 6 users with 16k"]),
        ("moving from an l4 to an l40s with qwen3-8b 6k", ["moving from an l4 with qwen3-8b 6k"]),
        ("raise the context of qwen3-8b fp8 from 6k to 12k on l4", ["raise the context of qwen3-8b fp8 6k on l4"]),
        ("qwen3-8b fp8 l4, tăng từ 4 lên 12 người dùng 6k", ["qwen3-8b fp8 l4, tăng 4 người dùng 6k"]),
        (
            "tăng --max-model-len từ 6144 lên 12288 cho qwen3-8b trên l4",
            ["tăng --max-model-len 6144 cho qwen3-8b trên l4"],
        ),
        (
            "qwen3-8b fp8 l40s, 6 devs with 24k each or 12 devs with 12k each",
            ["qwen3-8b fp8 l40s, 6 devs with 24k each"],
        ),
        (
            "qwen3-8b fp8 on l4 with 6 to 12 users",
            ["qwen3-8b fp8 on l4 with 6 users", "qwen3-8b fp8 on l4 with 12 users"],
        ),
        ("qwen3-14b fp8 on a 4090 vs a 5090", ["qwen3-14b fp8 on a 4090", "qwen3-14b fp8 on a 5090"]),
        ("chạy gemma-3-12b fp8 trên l4 thay vì gemma-3-27b fp8 trên l40s", ["chạy gemma-3-12b fp8 trên l4"]),
    ],
)
def test_sides_that_differ_in_several_things_are_parted(question: str, sides: list[str]) -> None:
    """Each side has what it states and what is shared, goes by all that differs, and is answered."""
    reply = answer(question)
    assert reply.answer.error
    assert sides == reply.answer.error.suggestions[: len(sides)]
    assert len(reply.answer.error.suggestions) == len(reply.answer.alternatives)
    names = [row[0].text for row in reply.tables[0].rows]
    assert len(set(names)) == len(names)
    found = [side.max_batch for side in reply.answer.alternatives]
    alone = [answer(side).answer.capacity for side in sides]
    assert [each and each.max_batch for each in alone] == found[: len(sides)]


@pytest.mark.parametrize(
    "question",
    [
        "qwen3-32b fp8 batch 20 batch 30 seq 8k",
        "qwen3-32b fp8 int4 on h100",
        "qwen3-32b fp8 on h100 or l40s int4 8k 16k",
        "l4 vs l40s with qwen3-8b fp8 or awq",
        "qwen3-23b on h100 vs h200",
        "qwen3-8b fp8 l4 vs l40s vs a100 vs h100 vs h200 vs b200 vs a10 vs t4 vs 4090",
    ],
)
def test_slips_are_not_compared(question: str) -> None:
    """Two values that nothing sets against each other, mixtures of two pairs, unknown names and many are refused."""
    reply = answer(question)
    assert reply.answer.error
    assert [] == reply.answer.alternatives
    assert reply.answer.error.message == reply.headline


@pytest.mark.parametrize(
    ("question", "weights", "engine"),
    [
        ("which quantization fits qwen3-32b on a 4090?", "q4_k_m", "llama.cpp"),
        ("what precision for llama-3.3-70b on h200 with 20 users at 4k", "fp8", "vllm"),
        ("which gguf quant of qwen3-14b fits a 3060 12gb", "q4_k_m", "llama.cpp"),
        ("qwen3-32b trên 24GB nên dùng lượng tử nào", "q4_k_m", "llama.cpp"),
        ("which quant for qwen3-32b", "bf16", "vllm"),
    ],
)
def test_the_widest_format_that_fits_is_found(question: str, weights: str, engine: str) -> None:
    """A question for the format is answered with the first of the engine's that fits, and a table of all."""
    reply = answer(question)
    assert (weights, engine) == (reply.answer.understood.weights, reply.answer.understood.engine)
    assert "weights" in reply.answer.understood.assumed
    assert reply.answer.fits in (True, None)
    assert 2 < len(reply.tables[0].rows)


@pytest.mark.parametrize(
    "question", ["what fits on 24 GB?", "which model can I run on 2x 4090 in fp8", "20 users 8k, h100"]
)
def test_without_a_model_ones_that_fit_are_offered(question: str) -> None:
    """The question stays unanswered, and each offer is a question that is answered with yes."""
    error = answer(question).answer.error
    assert error
    assert ("empty", "model") == (error.code, error.slot)
    assert 3 < len(error.suggestions)
    assert all(answer(offer).answer.fits for offer in error.suggestions)


@pytest.mark.parametrize("question", ["how many h100 for 20 users at 8k", "20 users at 8k", "write a poem on an h100"])
def test_nothing_is_offered_where_no_card_was_set(question: str) -> None:
    """Without cards to fit on, and with words that may be a name, there is nothing to offer."""
    error = answer(question).answer.error
    assert error
    assert [] == error.suggestions


def test_what_all_sides_assume_is_said() -> None:
    """A batch is that of a length: where the question has none, the sides take the same, and the reply names it."""
    reply = answer("h100 vs h200 for qwen3-32b fp8")
    assert "8,192 tokens per sequence" in reply.assumptions
    assert list(reply.assumptions) == reply.answer.assumptions
