"""Questions to measure with: all different, drawn from what people size most."""

from __future__ import annotations

from itertools import cycle, islice, product

SAMPLE = "qwen3-32b fp8 batch 20 seq 12k on h100"

MODELS = (
    "qwen3-32b",
    "llama-3.3-70b",
    "deepseek-r1",
    "gpt-oss-120b",
    "gemma-3-27b",
    "glm-4-9b",
    "mistral-7b",
    "phi-4",
    "qwen2.5-7b",
)
FORMATS = ("bf16", "fp8", "int8", "awq")
BATCHES = (1, 8, 20, 64, 256)
LENGTHS = ("2k", "8k", "12k", "32k")
GPUS = ("h100", "a100 80gb", "l40s", "h200", "rtx 4090", "b200")
SHAPES = (
    "{model} {weights} batch {batch} seq {length} on {gpu}",
    "max batch for {model} {weights} ctx {length} on 2x {gpu}",
    "longest context for {model} {weights} {batch} users on 8x {gpu}",
    "how many {gpu} for {model} {weights} batch {batch} seq {length}",
)


def questions(count: int) -> list[str]:
    """The first `count` of the combinations above, shapes and models in turn, none twice."""
    turns = product(LENGTHS, BATCHES, FORMATS, GPUS, MODELS)
    filled = (
        shape.format(model=model, weights=weights, batch=batch, length=length, gpu=gpu)
        for shape, (length, batch, weights, gpu, model) in zip(cycle(SHAPES), turns, strict=False)
    )
    return list(islice(dict.fromkeys(filled), count))
