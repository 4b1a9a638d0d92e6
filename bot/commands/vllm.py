"""vllm serve, and the older python -m vllm.entrypoints."""

from __future__ import annotations

import re

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token
from bot.commands.values import read_whole

LOOKED_UP = ("[ngram]", "ngram")
"""vLLM 0.4 to 0.8: --speculative-model."""
_HUMAN = re.compile(r"(\d+(?:\.\d+)?)([kKmMgGtT]?)\Z")
_GROUPED = re.compile(r"\d{1,3}(?:_\d{3})+")
"""16_384, which int() takes."""
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}


def read_length(text: str) -> float | None:
    """vLLM's human-readable whole numbers: 32k is 32,000, 32K is 32,768 (engine/arg_utils.py, human_readable_int)."""
    match = _HUMAN.match(text)
    if match is None:
        return read_whole(text) if _GROUPED.fullmatch(text) else None
    number, suffix = match.groups()
    base = 1000 if suffix.islower() else 1024
    value = float(number) * (base ** _POWERS[suffix.lower()] if suffix else 1)
    return float(int(value)) if suffix else value


class VllmReader(Reader):
    """Besides flags: a draft that is looked up in the prompt, which old releases call a model."""

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment states; [ngram] names a method, and a source the model behind an id."""
        super().finish(command, paste)
        if source := command.extra.pop("model_source", None):
            at = max(paste.text.find(source), 0)
            served = command.settings.pop("model", None)
            command.set("model", source, "text", Token(source, at, at + len(source)))
            command.extra |= {"served_model_name": served.value} if served else {}
        if command.extra.get("speculative_model") in LOOKED_UP:
            command.extra["speculative_method"] = command.extra.pop("speculative_model").strip("[]")


READER = VllmReader("vllm", read_length)
