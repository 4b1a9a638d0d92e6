"""LoRA, drafts, request rates and programs that pull their own format: counted where they can be, said where not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import answer
from bot.parse import parse
from bot.resolve import resolve
from formulas.deployment import Settings

ASKED = "qwen3-8b bf16 on l4 batch 4 seq 4k"


def settings_of(text: str) -> Settings:
    return resolve(parse(text)).deployment.settings


@pytest.mark.parametrize(
    ("added", "slots", "rank"),
    [
        ("", 0, 16),
        ("+ lora r64 x3", 3, 64),
        ("with 3 loras of rank 64", 3, 64),
        ("lora", 1, 16),
        ("lora adapters r=8", 1, 8),
    ],
)
def test_adapters(added: str, slots: int, rank: int) -> None:
    """Adapters on the GPU and their rank reach the engine's settings, and no number of theirs counts GPUs."""
    deployment = resolve(parse(f"{ASKED} {added}")).deployment
    assert (slots, rank, 1) == (
        deployment.settings.lora_slots,
        deployment.settings.lora_rank,
        deployment.layout.gpu_count,
    )


@pytest.mark.parametrize(
    ("added", "tokens"), [("mtp", 1), ("mtp 2", 2), ("with eagle3 draft", 3), ("draft qwen3-0.6b", 5)]
)
def test_drafts(added: str, tokens: int) -> None:
    """A draft made of layers is counted with its tokens; a draft model of its own is too, and is no second model."""
    assert tokens == settings_of(f"{ASKED} {added}").speculative_tokens


@pytest.mark.parametrize(
    ("flags", "tokens"),
    [
        ("", 0),
        ("--speculative-algorithm EAGLE", 4),
        ("--speculative-algorithm NEXTN --speculative-num-steps 2 --speculative-eagle-topk 1", 3),
        ("--speculative-algorithm EAGLE --speculative-num-steps 5 --speculative-num-draft-tokens 8", 8),
    ],
)
def test_drafts_of_sglang(flags: str, tokens: int) -> None:
    """Its drafts take weights, cache and states; where no tokens are stated it proposes one more than it steps."""
    command = f"python -m sglang.launch_server --model-path Qwen/Qwen3.5-27B {flags} on h100"
    assert tokens == settings_of(command).speculative_tokens


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "vllm serve Qwen/Qwen3-8B --enable-lora --max-loras 2 --max-lora-rank 8 on l4",
            {"lora_slots": 2, "lora_rank": 8},
        ),
        ("vllm serve Qwen/Qwen3-8B --num-gpu-blocks-override 900 on l4", {"gpu_blocks": 900}),
        ("vllm serve Qwen/Qwen3-8B --disable-hybrid-kv-cache-manager on l4", {"hybrid_manager": False}),
        ("vllm serve Qwen/Qwen3-8B --cpu-offload-gb 4 on l4", {"cpu_offload_bytes": 4 * 2**30}),
        ("vllm serve Qwen/Qwen3-8B --no-enable-prefix-caching on l4", {"prefix_caching": False}),
    ],
)
def test_flags_reach_the_engine(question: str, expected: dict[str, Any]) -> None:
    """Flags of a pasted command that have no field of their own change the engine's settings."""
    settings = settings_of(question)
    assert expected == {field: getattr(settings, field) for field in expected}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (f"{ASKED} at 7 requests per second", "7 requests per second"),
        (f"{ASKED} draft acme/unknown-1b", "acme/unknown-1b"),
        (f"{ASKED} sglang with lora r16", "SGLang"),
        (f"{ASKED} 30s audio", "30s"),
    ],
)
def test_what_is_not_counted_is_said(question: str, words: str) -> None:
    """What takes memory beyond the answer, or says nothing about it, is named in a note."""
    assert [True] == [words in note for note in answer(question).notes if words in note]


def test_a_program_that_pulls_four_bits() -> None:
    """Ollama's own library hands out 4-bit files, so that is assumed and listed, and a stated format wins."""
    pulled, stated = (answer(f"{asked} on a 3090 8k with ollama").answer for asked in ("qwen3-8b", "qwen3-8b q8_0"))
    assert ("q4_k_m", "q8_0") == (pulled.understood.weights, stated.understood.weights)
    assert "weights" in pulled.understood.assumed


def test_adapters_are_in_the_command() -> None:
    """The command to start includes what was counted."""
    command = answer("qwen3-8b bf16 on l40s batch 4 seq 4k lora r64 x3").steps[0].command or ""
    assert "--enable-lora --max-loras 3 --max-lora-rank 64" in command
