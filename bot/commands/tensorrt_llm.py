"""trtllm-serve of TensorRT-LLM, and what fills the templates of its Triton backend."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token
from bot.commands.table import folded

TEMPLATES = "fill_template.py"
_TEMPLATE = re.compile(r"\S+\.pbtxt|\w+:[^,\s]*(?:,\w+:[^,\s]*)*,?")
"""The file of a template, or what it is filled with: triton_max_batch_size:8,engine_dir:/engines/1."""

_PARAMETER = re.compile(r"\b(\w+):([^,\s]+)")


class TensorRtReader(Reader):
    """Flags with underscores, and parameters of a template."""

    def begin(self, start: int, end: int) -> Command:
        """A command that states nothing yet."""
        command = super().begin(start, end)
        command.underscored = True
        return command

    def argument(self, command: Command, words: list[Token], at: int) -> int:
        """Words that an argument takes; those of a template are read at the end, from all its lines."""
        if _TEMPLATE.fullmatch(words[at].text) and any(TEMPLATES in word.text for word in words[:at]):
            return 1
        return super().argument(command, words, at)

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment and the parameters of templates state."""
        super().finish(command, paste)
        for name, word in _parameters(paste):
            flag = self.table.flags.get(folded(f"--{name}"))
            if flag and not (command.states(flag.slot) if flag.slot else flag.also in command.extra):
                self.state(command, flag, word.text, word)
                command.flags[flag.name] = (name, word.text)


def _parameters(paste: Paste) -> Iterator[tuple[str, Token]]:
    """Name and value of each parameter that is not left empty."""
    words = paste.words if TEMPLATES in paste.text else []
    for word in words:
        for match in _PARAMETER.finditer(word.text) if _TEMPLATE.fullmatch(word.text) else ():
            yield match.group(1), Token(match.group(2), *(word.start + place for place in match.span(2)))


READER = TensorRtReader("tensorrt_llm")
