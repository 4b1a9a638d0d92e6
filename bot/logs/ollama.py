"""The log of the Ollama server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.logs.phases import Settled
from bot.logs.reader import LogReader


class OllamaReader(LogReader):
    """Ollama starts with whatever layers fit; what of the model has no room on the GPU is told by its plan."""

    def judge(self, facts: Mapping[str, Any], settled: Settled) -> Settled:
        """kv_cache or weights where one of them alone is more than the GPUs have."""
        free = facts.get("available_gib")
        if settled.failure or free is None:
            return settled
        for phase, fact in (("kv_cache", "kv_gib"), ("weights", "weights_gib")):
            if facts.get(fact, 0) > (sum(free) if isinstance(free, list) else free):
                return settled._replace(phase=phase, failure=f"{phase}_on_host")
        return settled


READER = OllamaReader("ollama")
