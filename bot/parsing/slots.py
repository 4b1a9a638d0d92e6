"""Words that take a number: the slot each fills, the order it usually stands in, and what its values look like."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from bot.parsing.numbers import Number, is_whole


@dataclass(frozen=True, slots=True)
class Noun:
    """A word that takes a number."""

    slot: str
    before: float
    """Cost where it stands before its number."""
    behind: float
    """Cost where it stands behind its number."""
    length: str = ""
    """Slot of a length right before it: 8k requests are requests of 8k tokens each."""


NOUNS = {
    "batch": Noun("batch", 0.5, 1.0),
    "batch_glued": Noun("batch", 0.5, inf),
    "users": Noun("batch", 1.5, 0.0),
    "requests": Noun("batch", 1.5, 0.0, "sequence_tokens"),
    "images": Noun("images", 1.5, 0.0),
    "prompts": Noun("batch", 1.5, 0.0, "input"),
    "concurrent": Noun("batch", 1.5, 0.0),
    "sequence": Noun("sequence_tokens", 0.5, 1.0),
    "sequence_glued": Noun("sequence_tokens", 0.5, inf),
    "each": Noun("sequence_tokens", 0.5, 0.5),
    "tokens": Noun("sequence_tokens", 2.0, 0.0),
    "input": Noun("input", 0.5, 0.5),
    "output": Noun("output", 0.5, 0.5),
    "cards": Noun("gpu_count", 1.5, 0.0),
    "gpu": Noun("gpu_count", inf, 1.0),
    "nodes": Noun("nodes", 2.0, 0.0),
    "tensor_parallel": Noun("tensor_parallel", 0.5, 1.0),
    "pipeline_parallel": Noun("pipeline_parallel", 0.5, 1.0),
    "data_parallel": Noun("data_parallel", 0.5, 0.9),
    "instances": Noun("data_parallel", 0.5, 0.9),
    "expert_parallel": Noun("expert_parallel", 0.5, 1.0),
    "utilization": Noun("utilization", 0.5, 0.5),
    "max_batched_tokens": Noun("max_batched_tokens", 0.5, 1.0),
    "max_sequences": Noun("max_sequences", 0.5, 1.0),
    "block_size": Noun("block_size", 0.5, 1.0),
}

THOUSANDS_OF = {"users": 2.0, "concurrent": 2.0, "batch": 4.0, "batch_glued": 4.0}
"""1k users may be a thousand; a batch of 8k is none."""
NEVER = 9.0
ODD = 2.0
SHORT_BUT_STATED = 0.4
"""seq 64 is odd, but says so."""
SMALLEST_LENGTH = 128
LEAST_PERCENT = 10
LARGEST_CARD_COUNT = 64
LARGEST_CLUSTER = 2048
"""More cards than this are none: "4096 l4" is a length and a card."""
LARGEST_USUAL_BATCH = 2048
LENGTH_SLOTS = frozenset({"sequence_tokens", "input", "output"})


def odd(number: Number, role: str, step: int) -> float:
    """How unlike a value of that kind a number looks, to the word one step before (-1) or behind (1) it."""
    slot, amount = NOUNS[role].slot, number.amount
    if slot == "utilization":
        return 0.0 if number.unit == "%" or abs(amount) <= 1 else ODD / 2 if not number.unit else NEVER
    if number.unit == "%":
        return NEVER
    if number.unit in ("k", "m"):
        return 0.0 if slot in (*LENGTH_SLOTS, "max_batched_tokens") else THOUSANDS_OF.get(role, NEVER)
    if 0 < amount < 1:
        return ODD / 2
    if slot in LENGTH_SLOTS:
        short = 0 < amount < SMALLEST_LENGTH and slot == "sequence_tokens" and role != "tokens"
        return (ODD if step > 0 else SHORT_BUT_STATED) if short else 0.0
    if slot == "gpu_count" and (not is_whole(amount) or (role == "gpu" and amount > LARGEST_CLUSTER)):
        return NEVER
    if slot in ("gpu_count", "tensor_parallel", "pipeline_parallel"):
        return ODD if amount > LARGEST_CARD_COUNT else 0.0
    return ODD / 4 if slot == "batch" and amount >= LARGEST_USUAL_BATCH else 0.0


def share(number: Number) -> float:
    """A utilization: 90% and 90 are 0.9; 1.5 and 150 stay as they are and are refused later."""
    return number.amount / 100 if number.unit == "%" or LEAST_PERCENT <= number.amount <= 100 else number.amount
