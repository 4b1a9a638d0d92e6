"""ollama run, ollama serve, its environment and Modelfiles. Ollama runs llama.cpp."""

from __future__ import annotations

import re

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token

_FROM = re.compile(r"(?m)^[ \t]*FROM[ \t]+(\S+)")
_PARAMETER = re.compile(r"(?m)^[ \t]*(?:/set[ \t]+parameter|PARAMETER)[ \t]+(\w+)[ \t]+(\S+)")
_OPTION = re.compile(r"\"(num_ctx|num_gpu|num_batch|num_parallel)\"\s*:\s*(\d+)")
_MODEL = re.compile(r"\"model\"\s*:\s*\"([^\"\n]+)\"")


class OllamaReader(Reader):
    """Besides commands: Modelfiles (PARAMETER num_ctx) and requests ("num_ctx": 8192)."""

    def read(self, paste: Paste) -> Command | None:
        command = super().read(paste)
        stated = [*_PARAMETER.finditer(paste.text), *_OPTION.finditer(paste.text)]
        if command is None and not stated:
            return None
        places = [(match.start(), match.end()) for match in stated]
        if command is None:
            command = self.begin(min(places)[0], max(end for _, end in places))
            command.is_map = True
            self.finish(command, paste)
        for match in stated:
            flag = self.table.flags.get(f"--{match.group(1).replace('_', '-')}")
            if flag:
                self.state(command, flag, match.group(2), Token(match.group(2), match.start(), match.end()))
        self._model(command, paste)
        command.spans += places
        return command

    def _model(self, command: Command, paste: Paste) -> None:
        found = _FROM.search(paste.text) or _MODEL.search(paste.text)
        if found and not command.states("model"):
            command.set("model", found.group(1), "text", Token(found.group(1), found.start(), found.end()))
            command.spans.append((found.start(), found.end()))


READER = OllamaReader("ollama", runs_on="llama.cpp")
