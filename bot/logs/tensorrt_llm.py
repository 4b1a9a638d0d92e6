"""The log of TensorRT-LLM."""

from bot.logs.lines import Matched
from bot.logs.reader import LogReader

PROFILED = "Peak memory during memory usage profiling"
"""What the PyTorch backend prints when its profile run is over (pyexecutor/_util.py)."""


class TensorRtReader(LogReader):
    """The PyTorch backend sets up a small cache for its profile run, and prints the same lines of it as of the pool."""

    def read(self, text: str) -> list[Matched]:
        """Every row on every line that it matches, without the small cache of a profile run that is over."""
        found, profiled = super().read(text), text.find(PROFILED)
        return [match for match in found if match.start >= profiled or not _is_of_a_cache(match)]


def _is_of_a_cache(match: Matched) -> bool:
    return match.row.enters in ("pooled", "kv_ready") or "max_num_tokens" in match.facts


READER = TensorRtReader("tensorrt_llm")
