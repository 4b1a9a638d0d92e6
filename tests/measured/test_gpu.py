"""The cases of `make gpu`, against tensors that transformers 5.20.2 and PyTorch 2.13.0 make of the same configs."""

from __future__ import annotations

import pytest

from benchmarks.gpu.cases import cases

CASES = {(case.id, case.batch, case.tokens): case for case in cases()}
FOUND: list[tuple[str, int, int, dict[str, int]]] = [
    ("meta-llama/Llama-3.1-8B-Instruct", 1, 8192, {"weights": 3_846_250_496, "dynamic_cache": 134_217_728}),
    ("google/gemma-3-27b-it", 4, 2048, {"weights": 7_774_053_888, "dynamic_cache": 234_717_184}),
    ("google/gemma-3-27b-it", 4, 2048, {"static_cache": 234_881_024}),
    ("Qwen/Qwen3-30B-A3B", 1, 8192, {"weights": 6_229_628_928, "static_cache": 67_108_864}),
    ("deepseek-ai/DeepSeek-V2-Lite", 1, 8192, {"weights": 4_509_966_336, "dynamic_cache": 37_748_736}),
    ("intfloat/multilingual-e5-large", 1, 512, {"weights": 1_119_780_864, "dynamic_cache": 0}),
    ("openai/whisper-large-v3", 16, 256, {"weights": 515_891_200, "dynamic_cache": 575_406_080}),
]
"""Model, batch, tokens, and bytes of the tensors on the meta device: shapes alone, no GPU."""


@pytest.mark.parametrize(("model", "batch", "tokens", "found"), FOUND)
def test_shapes_are_predicted_to_the_byte(model: str, batch: int, tokens: int, found: dict[str, int]) -> None:
    """Weights and caches of six architectures at reduced depth."""
    predicted = CASES[model, batch, tokens].predicted
    assert found == {name: predicted[name] for name in found}
