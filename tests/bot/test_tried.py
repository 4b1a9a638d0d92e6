"""Words that change something in a pasted command: it is answered as it stands, and with the change."""

from __future__ import annotations

import pytest

from bot.answer import answer
from bot.parse import parse

VLLM = "vllm serve Qwen/Qwen3-14B --max-model-len 24576"


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        (f"{VLLM} on an l40s OOMs. When I change it to --max-model-len=6144 it starts", [{"sequence_tokens": 6144}]),
        (f"{VLLM} fails on an l40s, if I lower --max-model-len to 6144 it is fine", [{"sequence_tokens": 6144}]),
        (f"{VLLM}\nfails on an l40s. With `--max-model-len 12288` it works", [{"sequence_tokens": 12288}]),
        (f"{VLLM} on an l40s. Reducing the context to 6k helps", [{"sequence_tokens": 6144}]),
        (f"{VLLM} on an l40s, I also tried --enforce-eager, same error", [{"enforce_eager": True}]),
        (
            f"{VLLM} on an l40s fails; with --max-model-len 12288 --kv-cache-dtype fp8 it starts",
            [{"sequence_tokens": 12288, "kv_cache": "fp8"}],
        ),
        (
            f"{VLLM} on an l40s, tried --max-model-len 12288 and --max-model-len 6144",
            [{"sequence_tokens": 12288}, {"sequence_tokens": 6144}],
        ),
        (f"{VLLM} trên l40s bị OOM, sau khi đổi sang --max-model-len 6144 thì chạy", [{"sequence_tokens": 6144}]),
        (f"{VLLM} trên l40s bị lỗi, giảm max-model-len từ 24576 xuống 6144 thì chạy", [{"sequence_tokens": 6144}]),
        (f"{VLLM} trên l40s bị lỗi, mình giảm context xuống 6144 thì chạy", [{"sequence_tokens": 6144}]),
        (f"{VLLM} on an l40s --max-model-len 24576", []),
        (f"{VLLM}  # --max-model-len 6144 works\non an l40s", []),
        (f"{VLLM} on an l40s with --kv-cache-dtype fp8", []),
    ],
)
def test_changes_are_kept_beside_the_command(text: str, tried: list[dict[str, object]]) -> None:
    """The question is of the command as it stands; what else was tried, with its values, forbids no answer."""
    query = parse(text)
    assert query.sequence_tokens
    assert ((), 24576) == (query.problems, query.sequence_tokens.value)
    assert tried == [{slot: said.value for slot, said in attempt.said.items()} for attempt in query.tried]


def test_flags_that_only_add_are_read_as_stated() -> None:
    """A flag in words that the command does not state, and that nobody tried, is a part of it."""
    cache = parse(f"{VLLM} on an l40s with --kv-cache-dtype fp8").kv_cache
    assert cache
    assert "fp8" == cache.value


@pytest.mark.parametrize(
    "text",
    [
        f"{VLLM} on an l4. When I set --max-model-len 16384 it starts",
        f"{VLLM} -tp 2 on 2 l4, tried -tp 1 and it fails",
        "vllm serve Qwen/Qwen3-14B-AWQ --max-model-len 40960 on a 3090, giảm --max-model-len xuống 4096 thì sao",
    ],
)
def test_a_change_is_worked_out_as_if_it_were_asked(text: str) -> None:
    """The first alternative is the change, with the verdict and batch of its own command, and a sentence says so."""
    reply = answer(text)
    change = reply.answer.alternatives[0]
    assert change.command
    card = "l4" if " l4" in text else "3090"
    alone = answer(f"{change.command} on {card}").answer
    assert alone.capacity
    assert (alone.verdict, alone.capacity.max_batch) == (change.verdict, change.max_batch)
    flag = next(iter(parse(text).tried)).words
    assert f"`{flag}`" in reply.facts[0]


@pytest.mark.parametrize(
    ("words", "tokens", "requests"),
    [
        ("on an l40s, 14 users at 6k each", 6144, 14),
        ("trên l40s, mỗi người 3k token", 3072, None),
        ("on an l40s, 2k input 512 output, 9 users", 2560, 9),
        ("on an l40s with 4k requests", 4096, None),
    ],
)
def test_the_length_of_requests_is_no_limit(words: str, tokens: int, requests: int | None) -> None:
    """Beside a command, shorter requests are counted as what they are; its own limit stays."""
    text = f"{VLLM} {words}"
    query = parse(text)
    assert query.sequence_tokens
    assert ((), 24576) == (query.problems, query.sequence_tokens.value)
    assert (tokens, requests) == (query.extra["request_tokens"], query.extra.get("requests"))
    said = [fact for fact in answer(text).facts if f"{tokens:,}" in fact]
    assert 1 == len(said)
    assert requests is None or str(requests) in said[0]


@pytest.mark.parametrize("words", ["on an l40s ctx 6k", "on an l40s, 14 users at 30k each"])
def test_another_limit_is_refused(words: str) -> None:
    """A second limit, and requests beyond the limit, are two values for one thing."""
    problems = parse(f"{VLLM} {words}").problems
    assert [("conflict", "sequence_tokens")] == [(problem.code, problem.slot) for problem in problems]


def test_a_load_that_is_too_much_is_no_failed_start() -> None:
    """Requests that do not fit at once keep no server from starting, and the headline says no such thing."""
    reply = answer(f"{VLLM} --quantization fp8 on an l40s with 90 users")
    alone = answer(f"{VLLM} --quantization fp8 on an l40s")
    assert (False, True) == (reply.answer.fits, alone.answer.fits)
    assert "90 × 24,576" in reply.headline
