"""Replies made by hand for tests of what draws and sends them."""

from __future__ import annotations

import sys
import time

from bot.contract import Answer, Error, GpuMemory, Memory, Understood
from bot.defaults import Defaults
from bot.reply import Cell, Reply, Section, Step, Table

GIB = 2**30
SLOW = "slow"
BROKEN = "broken"
BEGUN = "a slow answer has begun"
"""On standard error, for a test that must not be too early."""


def sized(question: str = "qwen3-32b fp8 batch 20 seq 12k on h100") -> Reply:
    """A full reply: every part is there."""
    memory = Memory(weights=32 * GIB, kv_cache=30 * GIB, activations=2 * GIB, overhead=GIB, total=65 * GIB)
    rows = tuple(
        (Cell(name), Cell(f"{size / GIB:.1f} GiB", size / GIB))
        for name, size in (("weights", memory.weights), ("KV cache", memory.kv_cache), ("total", memory.total))
    )
    return Reply(
        answer=Answer(
            question=question,
            understood=Understood(),
            verdict="fits",
            fits=True,
            memory=memory,
            gpu_memory=GpuMemory(visible=80 * GIB, usable=72 * GIB),
        ),
        verdict="fits",
        headline="Fits: 65.0 of 72.0 GiB.",
        tables=(Table("Where the bytes go", ("Part", "Size"), rows),),
        facts=("Largest batch: 24.", "Longest sequence: 15k tokens."),
        notes=("Not understood: <!channel>.",),
        steps=(Step("Halve the KV cache:", question="qwen3-32b fp8 kv fp8 on h100", command="vllm serve q --x 1"),),
        assumptions=("KV cache bf16", "vLLM"),
        sections=(Section("Formula", "a = b\n  + c", preformatted=True),),
        source="vLLM, catalog row Qwen/Qwen3-32B",
    )


def refused(question: str) -> Reply:
    """A reply that says what was wrong, quoting the person."""
    sentence = f"Not understood: {question}"
    error = Error(code="unknown_word", message=sentence)
    answer = Answer(question=question, understood=Understood(), error=error)
    return Reply(answer=answer, verdict="error", headline=sentence)


def answer(text: str, *, defaults: Defaults | None = None) -> Reply:
    """A stand-in for bot.answer.answer: sizes, quotes, dawdles or breaks, as the text asks."""
    if text.startswith(SLOW):
        print(BEGUN, file=sys.stderr, flush=True)
        time.sleep(float(text.split()[1]))
    if text.startswith(BROKEN):
        raise ValueError(f"could not read {text}")
    return refused(text) if "<" in text else sized(text)
