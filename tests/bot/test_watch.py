"""What a reply says to watch finds the metrics in what the engines print."""

from __future__ import annotations

import re
import subprocess

import pytest

from bot.answer import answer
from bot.commands import readers

PRINTED = {
    "vllm": (
        'vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_waiting{engine="0"} 0.0\n'
        'vllm:kv_cache_usage_perc{engine="0"} 0.4\nvllm:prompt_tokens_total{engine="0"} 10.0',
        3,
    ),
    "sglang": (
        'sglang:num_running_reqs{tp_rank="0"} 2.0\nsglang:num_queue_reqs{tp_rank="0"} 0.0\n'
        'sglang:token_usage{tp_rank="0"} 0.4\nsglang:gen_throughput{tp_rank="0"} 10.0',
        3,
    ),
    "tgi": ("tgi_batch_current_size 2\ntgi_queue_size 0\ntgi_request_count 7", 2),
    "trt-llm": (
        '[{"gpuMemUsage":1,"iter":2,"kvCacheStats":{"freeNumBlocks":5,"maxNumBlocks":9,"usedNumBlocks":4},'
        '"numActiveRequests":1,"numQueuedRequests":0}]',
        4,
    ),
    "llama.cpp": ("llamacpp:requests_processing 1\nllamacpp:requests_deferred 0\nllamacpp:n_decode_total 9", 2),
}
"""By engine: what its endpoint prints, shortened, and how many of the values are to be watched."""


@pytest.mark.parametrize("engine", PRINTED)
def test_the_pattern_finds_each_value_on_a_line_of_its_own(engine: str) -> None:
    """Also in TensorRT-LLM's JSON, which is one line."""
    steps = answer(f"qwen3-8b on h100 as {engine}").steps
    pattern = next(found for step in steps if (found := re.search(r"/metrics \| grep (-\w+) '([^']+)'", step.text)))
    printed, count = PRINTED[engine]
    found = subprocess.run(["grep", *pattern.groups()], input=printed, capture_output=True, text=True, check=True)
    assert count == len(found.stdout.splitlines())


def test_every_metric_has_its_source() -> None:
    """Names are read in the engine's own code or reference."""
    tables = [reader.table for reader in readers() if "watch" in reader.table.serve]
    assert [] == [table.engine for table in tables if not table.serve.get("watch_source")]
