"""Commands of llama.cpp: presets, negations, an automatic number of slots, flags that newer builds lack."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import answer
from bot.commands import find_command
from bot.commands.command import Command
from formulas.units import GIB

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


MIXTURE = "llama-server -m Qwen3-30B-A3B-Q4_K_M.gguf -c 8192"


@pytest.mark.parametrize(
    "flags",
    [
        "--cpu-moe",
        "-ncmoe 48",
        "-ot exps=CPU",
        '-ot ".ffn_.*_exps.=CPU"',
        r'-ot "blk\.[0-9]+\.ffn_(gate|up|down)_exps.*=CPU"',
        r'--override-tensor "\.ffn_(up|down|gate)_exps\.=CPU"',
    ],
)
def test_all_experts_in_host_memory(flags: str) -> None:
    """However it is written, attention and head alone stay on the card: 0.8 GiB of 17."""
    reply = answer(f"{MIXTURE} {flags} on rtx 3060 12gb")
    assert reply.answer.memory is not None
    assert 0.7 < reply.answer.memory.weights / GIB < 0.9
    assert [] == [note for note in reply.notes if "not counted" in note]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ("-nkvo", "`-nkvo`"),
        ("-sm row", "`-sm`"),
        ("-ts 3,1", "`-ts`"),
        ('-ot "ffn_(up|down)_exps=CPU"', "`-ot`"),
        (r'-ot "blk\.[0-9]\.ffn_.*_exps=CPU" -ot "blk\.1[0-9]\.ffn_.*_exps=CPU"', "`-ot`"),
        ("-ncffn 8", "`-ncffn`"),
        ("-ts 1,1 -sm layer", ""),
    ],
)
def test_what_is_not_counted_is_named(flags: str, named: str) -> None:
    """Flags that move memory in a way that the estimate does not follow."""
    notes = [note for note in answer(f"{MIXTURE} {flags} on 2x rtx 3060 12gb").notes if "not counted" in note]
    assert [True] * bool(named) == [named in note for note in notes]


@pytest.mark.parametrize(
    ("flags", "loaded"), [("", False), ("--mmproj mmproj.gguf", True), ("--mmproj mmproj.gguf --no-mmproj", True)]
)
def test_a_tower_is_loaded_where_it_is_named(flags: str, loaded: bool) -> None:
    """A file of a model holds no tower: llama-server loads one with --mmproj, or by itself with -hf."""
    reply = answer(f"llama-server -m gemma-3-27b-it-Q4_K_M.gguf -c 4096 {flags} on rtx 4090")
    assert reply.answer.memory is not None
    assert loaded == (reply.answer.memory.weights / GIB > 16)


IMAGE = "docker run --gpus all ghcr.io/ggml-org/llama.cpp:server-cuda"


@pytest.mark.parametrize(
    ("command", "tokens"),
    [
        ("llama-server -m Qwen3-32B-Q4_K_M.gguf", 16_128),
        ("llama-server -m Qwen3-8B-Q4_K_M.gguf -ngl 99", 40_960),
        ("llama-server -m Qwen3-8B-Q4_K_M.gguf -c 0", 40_960),
        ("llama-server -m Qwen3-8B-Q4_K_M.gguf --fit off", 40_960),
        (f"{IMAGE} -m Qwen3-8B-Q4_K_M.gguf", 40_960),
        (f"{IMAGE}-b7000 -m Qwen3-8B-Q4_K_M.gguf -ngl 99", 4_096),
        (f"{IMAGE}-b3000 -m Qwen3-8B-Q4_K_M.gguf -ngl 99", 512),
    ],
)
def test_the_context_that_llama_cpp_takes_by_itself(command: str, tokens: int) -> None:
    """As much of the model's own as fits since --fit, 4,096 before it, 512 before November 2024; -c 0 asks for all."""
    found = answer(f"{command} on rtx 4090").answer
    assert found.memory is not None
    assert found.capacity is not None
    served = found.understood.sequence_tokens or found.capacity.max_sequence_tokens
    assert (True, tokens) == (found.fits, served)


def test_old_builds_put_no_layer_on_the_card_by_themselves() -> None:
    """Before August 2025 a command without -ngl ran on the processor."""
    old, new = (answer(f"{IMAGE}-{build} -m Qwen3-8B-Q4_K_M.gguf -c 4096 on rtx 4090") for build in ("b5000", "b7000"))
    assert old.answer.memory is not None
    assert new.answer.memory is not None
    assert (0, True) == (old.answer.memory.weights, new.answer.memory.weights > 4 * GIB)
    assert any("No layer runs on the GPU" in fact for fact in old.facts)


@pytest.mark.parametrize(
    ("command", "weights"),
    [
        ("llama-server -hf unsloth/Qwen3-30B-A3B-GGUF", "q4_k_m"),
        ("llama-server -hf unsloth/Qwen3-30B-A3B-GGUF:Q8_0", "q8_0"),
        ("llama-server -hf ggml-org/gpt-oss-20b-GGUF", "mxfp4"),
        ("ollama run gpt-oss:20b", "mxfp4"),
        ("ollama run qwen3:8b", "q4_k_m"),
    ],
)
def test_the_file_that_is_taken_where_none_is_named(command: str, weights: str) -> None:
    """Q4_K_M, unless the checkpoint itself has 4 bits that every file keeps."""
    assert weights == answer(f"{command} on h100").answer.understood.weights


@pytest.mark.parametrize(
    "command",
    [
        "./llama-server -m Qwen3-8B-Q4_K_M.gguf -c 8192 -mla 3 -fmoe -ctk q8_KV -sm graph --no-mmap",
        "~/ik_llama.cpp/build/bin/llama-server -m Qwen3-8B-Q4_K_M.gguf -c 8192 -ctk q6_0 -muge",
        "python koboldcpp.py --model Qwen3-8B-Q4_K_M.gguf --contextsize 8192 --multiuser 4",
    ],
)
def test_forks_have_flags_and_values_of_their_own(command: str) -> None:
    """What llama.cpp would refuse is neither refused nor remarked where another program runs."""
    reply = answer(f"{command} on rtx 4090")
    assert (True, []) == (reply.answer.fits, [note for note in reply.notes if "flag" in note or "gone" in note])
