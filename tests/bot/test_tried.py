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
