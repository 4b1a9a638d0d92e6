"""Ollama: Modelfiles, requests, variables and ollama ps are read, and what it is told is in a form that it takes."""

from __future__ import annotations

import re

import pytest

from bot.answer import answer
from bot.parse import parse
from formulas.units import GIB
from tests.bot.said import said

MODELFILE = "FROM qwen3:32b\nPARAMETER num_ctx 32768\nSYSTEM You are terse.\non rtx 4090"
SHELL = "OLLAMA_NUM_PARALLEL=4 OLLAMA_CONTEXT_LENGTH=65536 OLLAMA_KV_CACHE_TYPE=q8_0 ollama run qwen3:32b\non rtx 4090"
REQUEST = """curl localhost:11434/api/generate -d '{"model": "qwen3:32b", "options": {"num_ctx": 32768}}' on rtx 4090"""
PYTHON = """ollama.chat(model="qwen3:32b", messages=[], options={"num_ctx": 32768, "num_batch": 256}) on rtx 4090"""
RUNNING = """$ ollama ps
NAME         ID              SIZE     PROCESSOR          CONTEXT    UNTIL
qwen3:32b    500a1f067a9f    30 GB    27%/73% CPU/GPU    32768      4 minutes from now
on rtx 4090"""
OUT_OF_MEMORY = """ollama run qwen3:32b
llama runner process has terminated: cudaMalloc failed: out of memory
ggml_backend_cuda_buffer_type_alloc_buffer: allocating 8192.00 MiB on device 0: cudaMalloc failed: out of memory
ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 8589934592"""

ACCEPTED = re.compile(
    r"(?:OLLAMA_(?:CONTEXT_LENGTH|NUM_PARALLEL|FLASH_ATTENTION)=\d+ |OLLAMA_KV_CACHE_TYPE=q\d_0 )+ollama serve(?: &)?"
    r"|cat > Modelfile <<'EOF'|FROM \S+|PARAMETER num_(?:ctx|gpu|batch) \d+|EOF|ollama create \S+:\S+ -f Modelfile"
    r"|curl localhost:11434/api/generate -d '\{\"model\": \"[^\"']+\", \"options\": \{(?:\"num_\w+\": \d+(?:, )?)+\}\}'"
)
"""Every line that a command for Ollama may have: its variables, a Modelfile, a request."""


def commands(text: str) -> list[str]:
    return [step.command for step in answer(text).steps if step.command]


@pytest.mark.parametrize("text", [MODELFILE, SHELL, REQUEST, PYTHON, RUNNING])
def test_every_form_is_read(text: str) -> None:
    """Model, context and card of each form, in the 4 bits that Ollama pulls, and no word of the paste is left over."""
    query = parse(text)
    expected = 65536 if text is SHELL else 32768
    stated = [said(query, slot) for slot in ("model", "sequence_tokens", "gpu")]
    assert ["Qwen/Qwen3-32B", expected, "GeForce RTX 4090"] == stated
    assert ("q4_k_m", ()) == (answer(text).answer.understood.weights, query.unread)


@pytest.mark.parametrize("text", [MODELFILE, SHELL, REQUEST, PYTHON, "ollama qwen3:32b 32k on rtx 4090"])
def test_every_command_is_one_that_ollama_takes(text: str) -> None:
    """Flags of llama-server are none of Ollama's: a change is a variable, a parameter or an option."""
    found = commands(text)
    assert found
    assert [] == [line for command in found for line in command.splitlines() if not ACCEPTED.fullmatch(line)]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (
            MODELFILE,
            "cat > Modelfile <<'EOF'\nFROM qwen3:32b\nPARAMETER num_ctx 32768\nPARAMETER num_gpu 55\nEOF\n"
            "ollama create qwen3:32b-fits -f Modelfile",
        ),
        (
            REQUEST,
            "curl localhost:11434/api/generate -d "
            """'{"model": "qwen3:32b", "options": {"num_ctx": 32768, "num_gpu": 55}}'""",
        ),
    ],
)
def test_layers_stay_in_host_memory(text: str, command: str) -> None:
    """Part of the layers on the card is num_gpu, in the form in which the question came."""
    assert command in commands(text)


def test_the_log_of_a_failed_start_is_mended_by_a_parameter() -> None:
    """Ollama has no --num-batch."""
    assert "`PARAMETER num_batch 256`" in str(answer(OUT_OF_MEMORY))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("ollama run llama3.1:8b\non rtx 3060 12gb", 4096),
        ("ollama run llama3.1:8b\non rtx 4090", 32768),
        ("ollama run llama3.1:8b\non 2x rtx 4090", 131072),
        ("ollama run llama3.1:8b\non h100", 131072),
        ("docker run --gpus all ollama/ollama:0.12.3 serve\nollama run llama3.1:8b\non h100", 4096),
        ("ollama run llama3.1:8b\non rtx 4090, 8k context", 8192),
    ],
)
def test_the_context_that_ollama_takes_by_itself(text: str, tokens: int) -> None:
    """By the memory of all GPUs from 0.15.5 on, never beyond the model's own limit; 4,096 before."""
    assert tokens == answer(text).answer.understood.sequence_tokens


def test_a_context_beyond_the_model_is_lowered() -> None:
    """Ollama takes what the model is made for, where other engines refuse."""
    found = answer("OLLAMA_CONTEXT_LENGTH=65536 ollama run qwen3:8b\non h100")
    assert "Ollama lowers 65,536 tokens to the 40,960 that Qwen/Qwen3-8B is made for." in found.notes


def test_variables_that_ollama_has_not_are_named() -> None:
    """OLLAMA_NUM_CTX is widely written and never read."""
    notes = " ".join(answer("OLLAMA_NUM_CTX=8192 OLLAMA_DEBUG=1 ollama run qwen3:8b\non rtx 4090").notes)
    assert (True, False) == ("`OLLAMA_NUM_CTX`" in notes, "OLLAMA_DEBUG" in notes)


def test_a_name_cannot_leave_its_quotes() -> None:
    """A model's name goes into a command for a shell quoted."""
    text = "FROM $(touch x)'/qwen3:32b\nPARAMETER num_ctx 32768\non rtx 4090"
    assert [] == [line for command in commands(text) for line in command.splitlines() if "ollama create $(" in line]


def test_other_weights_are_another_model() -> None:
    """A lighter format has a tag of its own, which no setting of this one is."""
    steps = answer("FROM qwen3:8b-fp16\nPARAMETER num_ctx 8192\non rtx 3060 12gb").steps
    lighter = [step.command for step in steps if "q8_0 weights" in step.text]
    assert [None] == lighter


def test_a_cache_that_ollama_has_not_is_in_no_command() -> None:
    """It takes f16, q8_0 and q4_0."""
    assert [] == commands("ollama qwen3:8b kv q5_1 8k on rtx 4090")


def test_memory_that_ollama_leaves_alone_is_not_used() -> None:
    """OLLAMA_GPU_OVERHEAD is in bytes, on every GPU."""
    plain, held = (answer(f"{overhead}ollama run qwen3:8b\non rtx 4090").answer for overhead in ("", HELD_BACK))
    assert plain.gpu_memory is not None
    assert held.gpu_memory is not None
    assert 4 * GIB == plain.gpu_memory.usable - held.gpu_memory.usable


HELD_BACK = "OLLAMA_GPU_OVERHEAD=4294967296 "


@pytest.mark.parametrize(
    "text", ["ollama qwen3:32b on a 4090 ctx 24k 4 users", "ollama run qwen3:32b on a 4060 ti 16gb"]
)
def test_other_cards_come_without_settings(text: str) -> None:
    """No card is part of Ollama's settings: offers of other hardware repeat none, those that change one have it."""
    found = answer(text).answer.alternatives
    hardware = [each for each in found if each.change.startswith(("gpu=", "gpu_count="))]
    assert hardware
    assert {None} == {each.command for each in hardware}
    assert all(each.command for each in found if each not in hardware)
