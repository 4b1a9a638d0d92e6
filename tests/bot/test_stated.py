"""Settings that a pasted command states beside the fields of a question reach the engine."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import answer
from bot.parse import parse
from bot.resolve import resolve
from formulas.deployment import Deployment, Load

GIB = 2**30
VLLM = "vllm serve Qwen/Qwen3-32B"
SGLANG = "python -m sglang.launch_server --model-path Qwen/Qwen3-32B"
LLAMA = "llama-server -m Qwen3-32B-Q4_K_M.gguf"


def deployment(command: str) -> Deployment:
    """What the command deploys."""
    return resolve(parse(f"{command} on h100")).deployment


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f"{VLLM} --kv-cache-memory-bytes 10G", {"kv_cache_memory_bytes": 10 * GIB}),
        (f"{VLLM} --num-gpu-blocks-override 4096", {"gpu_blocks": 4096}),
        (f"{VLLM} --no-enable-prefix-caching", {"prefix_caching": False}),
        (f"{VLLM} --enable-lora --max-loras 4 --max-lora-rank 64", {"lora_slots": 4, "lora_rank": 64}),
        (f"{VLLM} --cpu-offload-gb 8", {"cpu_offload_bytes": 8 * GIB}),
        (
            f"""{VLLM} --speculative-config '{{"method": "mtp", "num_speculative_tokens": 3}}'""",
            {"speculative_tokens": 3},
        ),
        (
            f"""{VLLM} --speculative-config '{{"method": "ngram", "num_speculative_tokens": 3}}'""",
            {"speculative_tokens": 3, "drafts_looked_up": True},
        ),
        (f"{VLLM} --disable-hybrid-kv-cache-manager", {"hybrid_manager": False}),
        (
            f"{SGLANG} --max-mamba-cache-size 64 --mamba-full-memory-ratio 0.5 --mamba-ssm-dtype bfloat16",
            {"state_slots": 64, "state_share": 0.5, "state_dtype": "bfloat16"},
        ),
        (
            f"{SGLANG} --max-total-tokens 65536 --swa-full-tokens-ratio 0.3 --disable-radix-cache",
            {"most_tokens": 65536, "window_share": 0.3, "prefix_caching": False},
        ),
        ("text-generation-launcher --model-id Qwen/Qwen3-8B --max-batch-total-tokens 65536", {"most_tokens": 65536}),
        (f"{LLAMA} -np 1 -ngl 20 --swa-full", {"gpu_layers": 20, "full_windows": True, "shared_slots": 0}),
        (f"{LLAMA} -np 1 -ngl all", {"gpu_layers": None}),
        (f"{LLAMA} -ctk q8_0 -ctv q4_0", {"value_cache": "q4_0", "shared_slots": 4}),
        (f"{LLAMA} -ctk q8_0 -ctv f16", {"value_cache": "fp16"}),
        (f"{LLAMA} -np 6 -kvu", {"shared_slots": 6}),
        ("llama-cli -m Qwen3-32B-Q4_K_M.gguf -c 8192", {"shared_slots": 0}),
    ],
)
def test_flags_become_settings(command: str, expected: dict[str, Any]) -> None:
    """Each flag sets the field that the engine reads."""
    settings = deployment(command).settings
    assert expected == {name: getattr(settings, name) for name in expected}


@pytest.mark.parametrize(
    ("command", "load"),
    [
        (f"{LLAMA} -c 32768 -np 4", Load(batch=4, sequence_tokens=8192)),
        (f"{LLAMA} -c 32768 -np 4 -kvu", Load(batch=1, sequence_tokens=32768)),
        (f"{LLAMA} -c 32768", Load(batch=1, sequence_tokens=32768)),
    ],
)
def test_slots_share_the_context_of_a_llama_server(command: str, load: Load) -> None:
    """-c is the context of all slots together."""
    assert load == deployment(command).load


def test_layers_beyond_the_card_are_offered_to_host_memory() -> None:
    """A 70B model on 24 GB: -ngl as large as fits, and no question that would forget it."""
    reply = answer("llama 3.3 70b q4_k_m llama.cpp seq 8k on rtx 4090")
    assert any("-ngl 42" in step.text and step.question is None for step in reply.steps)


@pytest.mark.parametrize(
    ("question", "weights"),
    [
        ("gpt-oss-20b llama.cpp seq 8k on rtx 4080", "mxfp4"),
        ("nvidia/Qwen3-30B-A3B-NVFP4 llama.cpp on rtx 4090", "q4_k_m"),
        ("deepseek-r1 fp8 llama.cpp seq 8k on 8x h200", "q8_0"),
    ],
)
def test_gguf_files_hold_what_the_checkpoint_has_where_they_can(question: str, weights: str) -> None:
    """MXFP4 experts stay as they are; other formats become the usual GGUF type of their size."""
    assert weights == resolve(parse(question)).deployment.weights.key
