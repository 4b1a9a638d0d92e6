"""Pasted serve commands, read over each engine's own flag table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import find_command, readers
from bot.commands.vllm import read_length
from bot.parse import parse
from bot.query import Query
from tests.bot.said import gpu_name, rows, said

ROWS = rows("commands")


@pytest.mark.parametrize("row", ROWS)
def test_commands_with_words_around(row: dict[str, Any]) -> None:
    """A command and the words before and after it are read together."""
    query = parse(row["text"])
    expected = {slot: value for slot, value in row["expect"].items() if slot != "gpu"}
    assert ((), True) == (query.problems, query.command)
    assert expected == {slot: said(query, slot) for slot in expected}
    assert [] == [part for part in row["expect"].get("gpu", []) if part not in gpu_name(query)]


@pytest.mark.parametrize("row", ROWS)
def test_a_ceiling_is_no_batch(row: dict[str, Any]) -> None:
    """The sequence limit of a server never becomes the batch of the question."""
    assert row["expect"].get("batch") == said(parse(row["text"]), "batch")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("32k", 32_000),
        ("32K", 32_768),
        ("1m", 10**6),
        ("1M", 2**20),
        ("32768", 32_768),
        ("25.6k", 25_600),
        ("lots", None),
    ],
)
def test_vllm_reads_lengths_its_own_way(text: str, tokens: int | None) -> None:
    """vLLM's small k is a thousand and its large K is 1,024."""
    assert tokens == read_length(text)


def fields(query: Query) -> tuple[Any, ...]:
    return tuple(
        said(query, slot) for slot in ("model", "sequence_tokens", "tensor_parallel", "utilization", "weights")
    )


FLAGS = "--max-model-len 16384 -tp 2 --gpu-memory-utilization 0.9 --quantization awq"
SPELT = "--max_model_len 16384 --tensor_parallel_size 2 --gpu_memory_utilization .9 --quantization awq_marlin"
JOINED = "--max-model-len=16384 --tensor-parallel-size=2 --gpu-memory-utilization=0.9 --quantization=awq"
DASHED = "—max-model-len 16384 —tensor-parallel-size 2 —gpu-memory-utilization 0.9 —quantization awq"


@pytest.mark.parametrize(
    "command",
    [
        f"vllm serve Qwen/Qwen3-32B {FLAGS}",
        f"vllm serve Qwen/Qwen3-32B {SPELT}",
        f"vllm serve {JOINED} --model=Qwen/Qwen3-32B",
        f"vllm serve Qwen/Qwen3-32B {DASHED}",
        "vllm serve Qwen/Qwen3-32B \\\n " + FLAGS.replace(" -", " \\\n  -"),
        f"HF_TOKEN=x CUDA_DEVICES=0 python3 -m vllm.entrypoints.api_server {FLAGS} --model Qwen/Qwen3-32B",
        f"```\nvllm serve Qwen/Qwen3-32B {FLAGS} --trust-remote-code\n```",
    ],
)
def test_one_command_in_many_hands(command: str) -> None:
    """Spelling, order, line breaks, environment and dashes do not change what a command says."""
    assert ("Qwen/Qwen3-32B", 16384, 2, 0.9, "awq") == fields(parse(command))


@pytest.mark.parametrize(
    ("command", "weights"),
    [
        ("vllm serve Qwen/Qwen3-8B --dtype half", "fp16"),
        ("vllm serve Qwen/Qwen3-8B --dtype bfloat16", "bf16"),
        ("vllm serve Qwen/Qwen3-8B --dtype auto", None),
        ("vllm serve Qwen/Qwen3-8B --dtype half --quantization awq", "awq"),
        ("text-generation-launcher --model-id Qwen/Qwen3-8B --quantize bitsandbytes-nf4", "bnb-nf4"),
        ("llama-server -m /m/Qwen3-8B-Q5_K_M-00001-of-00002.gguf", "q5_k_m"),
    ],
)
def test_weights_of_a_command(command: str, weights: str | None) -> None:
    """Quantization settles the weights, a dtype of 16 or 32 bits does, auto does not; a GGUF file name does."""
    assert weights == said(parse(command), "weights")


def test_a_value_of_a_command_and_another_in_words_conflict() -> None:
    """A command and the words behind it may not contradict each other."""
    problems = parse("vllm serve Qwen/Qwen3-8B -tp 2 on 2x l4 with tp 4").problems
    assert [("conflict", "tensor_parallel")] == [(problem.code, problem.slot) for problem in problems]


@pytest.mark.parametrize(
    "text", ["vllm qwen3-8b on l4", "serve qwen3-8b with vllm", "which gpu for vllm serving qwen3-8b"]
)
def test_words_about_an_engine_are_no_command(text: str) -> None:
    """Naming an engine in a sentence is no pasted command."""
    assert (None, False) == (find_command(text), parse(text).command)


def test_every_engine_has_a_source_and_a_model_flag() -> None:
    """Each table names where its flags come from and can name a model."""
    tables = [reader.table for reader in readers()]
    assert {"vllm", "sglang", "tgi", "tensorrt-llm", "llama.cpp", "transformers"} <= {table.engine for table in tables}
    assert [] == [table.engine for table in tables if not table.source]
    assert [] == [table.engine for table in tables if "model" not in {flag.slot for flag in table.flags.values()}]


WORDS = "--max-model-len 32k --max-num-seqs -tp 2 ' \" $(rm ${X:-1} Qwen/Qwen3-8B -- - = --dtype half | # docker run"


@given(st.lists(st.sampled_from([*WORDS.split(), "vllm serve", "\\\n", "\n", "on h100"]), max_size=16))
@settings(max_examples=300, deadline=None)
def test_broken_pastes_never_raise(words: list[str]) -> None:
    """However a paste is broken, what can be read is read."""
    query = parse(" ".join(words))
    assert query.command == (find_command(" ".join(words)) is not None)
