"""What is served beside a model: LoRA adapters, drafts and towers that a question names are looked up and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.answer import answer
from bot.reply import Reply
from tests.hub.configs import LLAMA_1B, QWEN3_8B, QWEN3_8B_PARAMETERS
from tests.hub.stand_in import Repo, StandIn

MODEL, BASE = "acme/fine-8b", "Qwen/Qwen3-8B"
ROUNDING = 2**20
FILE, TOWER = 5_027_783_488, 800_000_000
EMBEDDING = 151936 * 4096 * 9 // 16
"""In Q4_K, 4.5 bits each; it stays in host memory."""
HEAD: dict[str, Any] = {
    "architectures": ["LlamaForCausalLMEagle3"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 1,
    "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288,
    "vocab_size": 151936, "draft_vocab_size": 32000,
}  # fmt: skip
HEAD_PARAMETERS = 399_515_648
"""By hand: joining 3 x 4096^2, attention 8192 x 4096 + 2 x 8192 x 1024 + 4096^2, block 3 x 4096 x 12288, head
32000 x 4096, three norms of 4096."""
KV_BYTES = 2 * 8 * 128 * 2
"""Of one token in one layer."""
TOKENS = 8192


def adapter(rank: object) -> bytes:
    return json.dumps({"peft_type": "LORA", "r": rank, "base_model_name_or_path": BASE}).encode()


@pytest.fixture(autouse=True)
def repos(connected: StandIn) -> dict[str, Repo]:
    """A model, adapters and drafts."""
    connected.repos |= {
        MODEL: Repo(config=QWEN3_8B, parameters={"BF16": QWEN3_8B_PARAMETERS}),
        "acme/adapter": Repo(files={"adapter_config.json": adapter(32)}),
        "acme/odd": Repo(files={"adapter_config.json": adapter("32")}),
        "acme/eagle3-head": Repo(config=HEAD, parameters={"F16": HEAD_PARAMETERS}),
        "acme/eagle3-bare": Repo(config=HEAD),
        "acme/speculator": Repo(
            config={"speculators_model_type": "eagle3", "draft_vocab_size": 32000, "transformer_layer_config": HEAD}
        ),
        "acme/gated": Repo(status=403),
        "acme/fine-8b-GGUF": Repo(
            card={"base_model": MODEL},
            sizes={"fine-8b-Q4_K_M.gguf": FILE, "mmproj-F16.gguf": TOWER, "mmproj-F32.gguf": 10**9},
        ),
    }
    return connected.repos


def memory(reply: Reply) -> tuple[int, int]:
    """Weights and KV cache."""
    assert reply.answer.memory is not None, reply.headline
    return reply.answer.memory.weights, reply.answer.memory.kv_cache


def difference(question: str, plain: str = MODEL) -> tuple[int, int]:
    """Weights and KV cache that a question has beyond the plain model's."""
    (weights, cache), (less, kept) = memory(answer(f"{question} on h100")), memory(answer(f"{plain} on h100"))
    return weights - less, cache - kept


LORA_BYTES = 2 * 36 * ((4096 + 4096) * 2 + (4096 + 1024) * 2 + (4096 + 12288) * 3)
"""Of one rank in one slot: inputs and outputs of the seven matrices of 36 layers, 2 bytes each."""


@pytest.mark.parametrize(
    ("words", "slots", "rank"),
    [
        ("+ lora acme/adapter", 1, 32),
        ("+ lora acme/adapter r64", 1, 64),
        ("with 4 loras acme/adapter", 4, 32),
        ("+ lora r16 x4", 4, 16),
    ],
)
def test_adapters_are_counted(words: str, slots: int, rank: int) -> None:
    """An adapter takes the rank that its own files state, unless the question does, once for each slot."""
    assert (slots * rank * LORA_BYTES, 0) == difference(f"{MODEL} {words}")


def test_an_adapter_alone_means_its_base_with_it() -> None:
    """A repository that holds an adapter is its base with that adapter."""
    reply = answer("acme/adapter on h100")
    assert reply.headline.startswith(f"Fits: {BASE} bf16")
    assert (32 * LORA_BYTES, 0) == difference("acme/adapter", BASE)
    assert f"acme/adapter is a LoRA adapter of rank 32 on {BASE}" in reply.assumptions


@pytest.mark.parametrize("name", ["acme/odd", "acme/gated", "acme/absent"])
def test_an_adapter_that_cannot_be_read_is_named(name: str) -> None:
    """A usual rank is counted for it, and the reply says so."""
    notes = answer(f"{MODEL} + lora {name} on h100").notes
    assert any(f"“{name}” could not be read" in note for note in notes)


@pytest.mark.parametrize("name", ["acme/eagle3-head", "acme/eagle3-bare", "acme/speculator"])
@pytest.mark.parametrize("words", ["draft eagle3 {}", "draft {}", "eagle3 draft {}"])
def test_eagle_heads_are_counted(name: str, words: str) -> None:
    """A head is one layer with a cache of its own, and the weights of its files, or of its dimensions without them."""
    weights, cache = difference(f"{MODEL} {words.format(name)}")
    assert 2 * HEAD_PARAMETERS == pytest.approx(weights, abs=ROUNDING)
    assert KV_BYTES * TOKENS == cache


def test_draft_models_are_counted(repos: dict[str, Repo]) -> None:
    """A small model as draft brings its weights and the caches of all its layers."""
    repos["acme/tiny"] = Repo(config={**LLAMA_1B, "head_dim": 128}, parameters={"BF16": 1_336_477_696})
    weights, cache = difference(f"{MODEL} draft acme/tiny")
    assert 2 * 1_336_477_696 == pytest.approx(weights, rel=0.01)
    assert LLAMA_1B["num_hidden_layers"] * KV_BYTES * TOKENS == cache


def test_a_draft_that_cannot_be_read_is_named() -> None:
    """It is not counted, and the reply says so."""
    assert any("acme/gated" in note for note in answer(f"{MODEL} draft acme/gated on h100").notes)


def test_the_suggested_question_means_the_same() -> None:
    """Steps that ask again name the draft with its tokens."""
    steps = answer(f"{MODEL} draft eagle3 acme/eagle3-head on h100").steps
    asked = [step.question for step in steps if step.question]
    assert all("draft acme/eagle3-head 3" in question for question in asked)
    assert asked


def test_the_tower_of_gguf_files_is_counted() -> None:
    """Of several mmproj files the 16-bit one is loaded; a model without tower is told apart."""
    with_tower = answer(f"{MODEL}-GGUF q4_k_m + mmproj on rtx 4090")
    assert any("mmproj-F16.gguf" in line for line in with_tower.assumptions)
    weights, _ = memory(with_tower)
    assert FILE - EMBEDDING == pytest.approx(weights - TOWER, rel=0.01)
    assert any("no mmproj" in note for note in answer("qwen3-8b q4_k_m mmproj on rtx 4090").notes)
