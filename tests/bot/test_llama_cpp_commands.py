"""Commands of llama.cpp: presets, negations, an automatic number of slots, flags that newer builds lack."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import answer
from bot.commands import find_command
from bot.commands.command import Command

FILE = "llama-server -m Qwen3-8B-Q4_K_M.gguf"


def read(text: str) -> Command:
    command = find_command(text)
    assert command is not None
    return command


@pytest.mark.parametrize(
    ("flags", "name", "value"),
    [
        ("-nkvo", "kv_offload", False),
        ("--no-kv-offload", "kv_offload", False),
        ("--no-mmproj", "mmproj_auto", False),
        ("-no-kvu", "kv_unified", False),
        ("-ncmoe 20", "n_cpu_moe", 20),
        ("-fa off", "flash_attn", False),
        ("-ctkd q8_0", "draft_cache_k", "q8_0"),
    ],
)
def test_flags_that_move_memory(flags: str, name: str, value: Any) -> None:
    """Each is kept under its name, whatever its spelling, and none is called unknown."""
    command = read(f"{FILE} {flags}")
    assert (value, []) == (command.extra[name], command.remarks)


def test_variables_stand_for_flags() -> None:
    """A container sets llama-server by its LLAMA_ARG_ variables."""
    command = read(f"LLAMA_ARG_KV_OFFLOAD=0 LLAMA_ARG_CTX_SIZE=8192 LLAMA_ARG_N_PARALLEL=2 {FILE}")
    stated = [command.settings[slot].value for slot in ("sequence_tokens", "max_sequences")]
    assert ([8192, 2], False) == (stated, command.extra["kv_offload"])


@pytest.mark.parametrize(
    ("flags", "tokens", "sequences"),
    [
        ("--kv-unified-per-slot 8192 -np 3", 24576, 3),
        ("--kv-unified-per-slot 8192", 32768, None),
        ("-np -1", None, None),
    ],
)
def test_slots(flags: str, tokens: int | None, sequences: int | None) -> None:
    """A context for each slot is one for all of them together; -np -1 leaves the number to the server."""
    stated = [
        getattr(read(f"{FILE} {flags}").settings.get(slot), "value", None)
        for slot in ("sequence_tokens", "max_sequences")
    ]
    assert [tokens, sequences] == stated


@pytest.mark.parametrize(
    ("preset", "flags", "expected"),
    [
        ("--gpt-oss-20b-default", "", ("ggml-org/gpt-oss-20b-GGUF", 262144, 2)),
        ("--gpt-oss-20b-default", "-np 4", ("ggml-org/gpt-oss-20b-GGUF", 262144, 4)),
        ("--fim-qwen-1.5b-default", "-c 4096", ("ggml-org/Qwen2.5-Coder-1.5B-Q8_0-GGUF", 4096, None)),
    ],
)
def test_presets(preset: str, flags: str, expected: tuple[str, int, int | None]) -> None:
    """A preset names its model and its settings; what the command states besides counts."""
    found = read(f"llama-server {preset} {flags}").settings
    assert expected == tuple(
        getattr(found.get(slot), "value", None) for slot in ("model", "sequence_tokens", "max_sequences")
    )


@pytest.mark.parametrize(
    ("flag", "since"), [("--no-mmap", "b10884"), ("--mlock", "b10884"), ("--draft-max 8", "b9272")]
)
def test_flags_that_are_gone_are_named(flag: str, since: str) -> None:
    """The newest build stops at them; a build that has them takes them in silence."""
    name = flag.partition(" ")[0]
    newest = " ".join(answer(f"{FILE} -c 4096 {flag} on rtx 4090").notes)
    older = " ".join(
        answer(f"docker run ghcr.io/ggml-org/llama.cpp:server-cuda-b8000 {FILE[13:]} -c 4096 {flag} on rtx 4090").notes
    )
    assert (True, False) == (f"`{name}` is gone from llama.cpp since {since}" in newest, name in older)
