"""vllm serve, and the older python -m vllm.entrypoints."""

from __future__ import annotations

import re

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader

LOOKED_UP = ("[ngram]", "ngram")
"""vLLM 0.4 to 0.8: --speculative-model."""
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


class VllmReader(Reader):
    """Besides flags: a draft that is looked up in the prompt, which old releases call a model."""

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment states; --speculative-model [ngram] names a method."""
        super().finish(command, paste)
        if command.extra.get("speculative_model") in LOOKED_UP:
            command.extra["speculative_method"] = command.extra.pop("speculative_model").strip("[]")


READER = VllmReader("vllm", read_length)
