"""Flags of a command reach the deployment: what a command states is what is sized."""

from __future__ import annotations

import pytest

from bot.parse import parse
from bot.resolve import resolve
from formulas.deployment import Settings
from formulas.engines.vllm_plan import VllmPlan
from formulas.estimate import estimate

FLAGS = {
    "--enable-prefix-caching": {"prefix_caching": True},
    "--no-enable-prefix-caching": {"prefix_caching": False},
    "--disable-hybrid-kv-cache-manager": {"hybrid_manager": False},
    """--kv-transfer-config '{"kv_connector": "LMCacheConnectorV1"}'""": {"hybrid_manager": False},
    """--speculative-config '{"method": "mtp", "num_speculative_tokens": 3}'""": {"speculative_tokens": 3},
    """--speculative-config '{"method": "ngram", "num_speculative_tokens": 4}'""": {
        "speculative_tokens": 4,
        "drafts_looked_up": True,
    },
    "--enable-lora --max-loras 4 --max-lora-rank 64": {"lora_slots": 4, "lora_rank": 64},
    "--max-loras 4": {},
    "--language-model-only": {"language_model_only": True},
    """--limit-mm-per-prompt '{"image": 0, "video": 0}'""": {"language_model_only": True},
    """--limit-mm-per-prompt '{"image": 2, "video": 0}'""": {},
    "--kv-cache-memory-bytes 10G": {"kv_cache_memory_bytes": 10 * 2**30},
    "--num-gpu-blocks-override 5000": {"gpu_blocks": 5000},
    "--cpu-offload-gb 4": {"cpu_offload_bytes": 4 * 2**30},
    """--compilation-config '{"cudagraph_capture_sizes": [1, 2, 64]}'""": {"max_capture_size": 64},
    "--max-cudagraph-capture-size 128": {"max_capture_size": 128},
    "--mamba-ssm-cache-dtype float32": {"state_dtype": "float32"},
}


@pytest.mark.parametrize("flags", FLAGS)
def test_a_flag_states_its_setting(flags: str) -> None:
    """Each flag sets its own setting and no other."""
    assert Settings(**FLAGS[flags]) == _settings(f"vllm serve Qwen/Qwen3-8B {flags}")


def test_an_environment_variable_states_a_setting() -> None:
    """FlashInfer's sampler is asked for in the environment."""
    assert _settings("VLLM_USE_FLASHINFER_SAMPLER=1 vllm serve Qwen/Qwen3-8B").flashinfer_sampler


@pytest.mark.parametrize(
    "flags", ["--num-gpu-blocks-override 99999999999999999999", "--max-cudagraph-capture-size 1000000000"]
)
def test_a_slip_of_the_pen_states_nothing(flags: str) -> None:
    """Numbers beyond sense are left out, not computed with."""
    assert Settings() == _settings(f"vllm serve Qwen/Qwen3-8B {flags}")


def test_adapters_take_memory() -> None:
    """Four slots of rank 64 make the weights of a server larger by what their matrices hold."""
    plain, adapted = (_weights(flags) for flags in ("", "--enable-lora --max-loras 4 --max-lora-rank 64"))
    layers, width, inner, key_value = 36, 4096, 12288, 1024
    features = 4 * width + 2 * key_value + 2 * width + 3 * (width + inner)
    assert adapted - plain == 4 * 64 * 2 * layers * features


def test_looked_up_drafts_have_no_layer() -> None:
    """n-gram drafts add no weights, prediction layers do."""
    flags = """--speculative-config '{"method": "%s", "num_speculative_tokens": 2}'"""
    plain, looked_up, predicted = (_weights(text) for text in ("", flags % "ngram", flags % "eagle3"))
    assert (looked_up == plain, predicted > plain) == (True, True)


def _settings(text: str) -> Settings:
    return resolve(parse(text)).deployment.settings


def _weights(flags: str) -> int:
    plan = estimate(resolve(parse(f"vllm serve Qwen/Qwen3-8B {flags} on h100")).deployment).plan
    assert isinstance(plan, VllmPlan)
    return plan.stages[0].weights
