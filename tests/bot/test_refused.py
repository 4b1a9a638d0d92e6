"""Commands that their engine refuses: what they come to once put right is what that command comes to by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from bot.answer import answer
from bot.contract import Answer
from bot.parse import parse
from catalog.load import load

LINES = {
    "vllm": "vllm serve {model} --max-model-len {tokens} -tp {size} --port 1",
    "sglang": "python3 -m sglang.launch_server --model-path {model} --context-length {tokens} --tp {size} --port 1",
    "tensorrt-llm": "trtllm-serve {model} --max_seq_len {tokens} --tp_size {size} --port 1",
    "tgi": "text-generation-launcher --model-id {model} --max-total-tokens {tokens} --num-shard {size} "
    "--max-input-tokens {inputs} --port 1",
}
SEEDS = 16
OTHER_CARDS = ("gpu=", "gpu_count=", "free_bytes=")


def refused(engine: str) -> Iterator[tuple[str, Answer]]:
    """(card, answer) of random commands that are refused: layouts, lengths, cards, limits."""
    models = [
        model for model in load().models.values() if model.architecture.role == "decoder" and not model.quantization
    ]
    cards = sorted(name for name, gpu in load().gpus.items() if gpu.vendor == "NVIDIA" and gpu.recommend)
    for seed in range(SEEDS):
        dice = random.Random(f"{engine} {seed}")
        model, card, size = dice.choice(models), dice.choice(cards), dice.choice([1, 2, 3, 5, 6, 7, 8, 12])
        tokens = int((model.max_length or 4096) * dice.choice([0.5, 1, 2]))
        line = LINES[engine].format(model=model.id, tokens=tokens, size=size, inputs=dice.choice([tokens, tokens // 2]))
        found = answer(f"{line} on {size}x {card}").answer
        if found.refused:
            yield card, found


def again(command: str, card: str) -> Answer:
    query = parse(command)
    said = (query.tensor_parallel, query.pipeline_parallel, query.data_parallel)
    sizes = [size.value for size in said if size]
    count = sizes[0] * (sizes[1] if len(sizes) > 1 else 1) if sizes else 1
    return answer(f"{command} on {count}x {card}").answer


@pytest.mark.parametrize("engine", LINES)
def test_the_command_put_right_comes_to_what_is_said(engine: str) -> None:
    """Over random refused commands: read again it is not refused, and has the fit, the memory and the capacity."""
    told = [
        (found.refused, again(found.refused.command, card)) for card, found in refused(engine) if found.refused.command
    ]
    assert told
    assert [] == [right.command for right, new in told if new.error or new.refused]
    assert [(right.fits, right.memory, right.capacity) for right, _ in told] == [
        (new.fits, new.memory, new.capacity) for _, new in told
    ]


@pytest.mark.parametrize("engine", LINES)
def test_every_alternative_to_a_refused_command_starts(engine: str) -> None:
    """Each change that is said to fit on these cards does, and none of the refused flags is in its command."""
    wrong = []
    for card, found in refused(engine):
        assert (False, 0) == (found.fits, found.capacity.max_batch if found.capacity else 0)
        for other in found.alternatives:
            if other.command and other.fits and not other.change.startswith(OTHER_CARDS):
                new = again(other.command, card)
                wrong += [] if new.fits and not new.refused else [other.command]
    assert [] == wrong
