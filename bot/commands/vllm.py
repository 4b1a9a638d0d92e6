"""vllm serve, and the older python -m vllm.entrypoints."""

from __future__ import annotations

import re

from bot.commands.reader import Reader

_HUMAN = re.compile(r"(\d+(?:\.\d+)?)([kKmMgGtT]?)\Z")
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}


def read_length(text: str) -> float | None:
    """vLLM's human-readable whole numbers: 32k is 32,000, 32K is 32,768 (engine/arg_utils.py, human_readable_int)."""
    match = _HUMAN.match(text)
    if match is None:
        return None
    number, suffix = match.groups()
    base = 1000 if suffix.islower() else 1024
    value = float(number) * (base ** _POWERS[suffix.lower()] if suffix else 1)
    return float(int(value)) if suffix else value


READER = Reader("vllm", read_length)
