"""trtllm-serve of TensorRT-LLM."""

from __future__ import annotations

from bot.commands.command import Command
from bot.commands.reader import Reader


class TensorRtReader(Reader):
    """Flags with underscores."""

    def begin(self, start: int, end: int) -> Command:
        """A command that states nothing yet."""
        command = super().begin(start, end)
        command.underscored = True
        return command


READER = TensorRtReader("tensorrt_llm")
