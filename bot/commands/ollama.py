"""ollama run, ollama serve, its environment, Modelfiles, requests and ollama ps. Ollama runs llama.cpp."""

from __future__ import annotations

import re

from bot.commands.command import Command, Remark
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token

_FROM = re.compile(r"(?m)^[ \t]*FROM[ \t]+(\S+)")
_PARAMETER = re.compile(r"(?m)^[ \t]*(?:>>>[ \t]*)?(?:/set[ \t]+parameter|PARAMETER)[ \t]+(\w+)[ \t]+(\S+)")
_OPTION = re.compile(r"\b[\"']?(num_ctx|num_gpu|num_batch)[\"']?\s*[:=]\s*(\d+)")
_MODEL = re.compile(r"\b[\"']?model[\"']?\s*[:=]\s*[\"']([^\"'\n]+)[\"']")
_CALL = re.compile(r"\b(?:curl|(?:\w+\.)?(?:chat|generate|embed|ChatOllama|OllamaLLM|Ollama)\()[^{]{0,400}\Z")
_CLOSED = re.compile(r"[\"']?\)*")
_RUNNING = re.compile(
    r"(?m)^(?:.*\bollama ps[ \t]*\n)?[ \t]*NAME[ \t]+ID[ \t]+SIZE[ \t]+PROCESSOR\b[^\n]*\n[ \t]*(\S+)[ \t][^\n]*"
)
_CONTEXT = re.compile(r"\bGPU[ \t]+(\d+)[ \t]")
"""Context of a running model, behind what of it is on which processor."""
VARIABLE = "OLLAMA_"
LONGEST_REQUEST = 20_000


class OllamaReader(Reader):
    """Besides commands: Modelfiles (PARAMETER num_ctx), requests ("num_ctx": 8192) and the table of ollama ps."""

    def read(self, paste: Paste) -> Command | None:
        command = super().read(paste)
        stated = [*_PARAMETER.finditer(paste.text), *_OPTION.finditer(paste.text)]
        if command is None and not stated:
            return self._running(paste)
        command = command or self._document(paste, stated)
        for match in stated:
            flag = self.table.flags.get(f"--{match.group(1).replace('_', '-')}")
            if flag:
                self.state(command, flag, match.group(2), Token(match.group(2), match.start(), match.end()))
                command.flags[flag.name] = (match.group(1), match.group(2))
        self._model(command, paste)
        command.spans += [(match.start(), match.end()) for match in stated]
        self._own_version(command)
        return command

    def argument(self, command: Command, words: list[Token], at: int) -> int:
        """Words that an argument takes; a new name stands behind create, a prompt in quotes behind the model."""
        word = words[at]
        is_prompt = command.states("model") and word.end - word.start == len(word.text) + 2 and " " in word.text
        return 1 if is_prompt or words[at - 1].text == "create" else super().argument(command, words, at)

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment states, and name variables that Ollama has none of."""
        super().finish(command, paste)
        known = self.table.env.keys() | self.table.other_env
        for name in paste.variables:
            if name.startswith(VARIABLE) and name not in known:
                command.remarks.append(Remark("variable", name))

    def _document(self, paste: Paste, stated: list[re.Match[str]]) -> Command:
        """A Modelfile's lines, or the request in whose body the options stand."""
        first, last = min(match.start() for match in stated), max(match.end() for match in stated)
        request = _request(paste.text, first)
        command = self.begin(*(request or (first, last)))
        command.is_map, command.is_request = request is None, request is not None
        self.finish(command, paste)
        return command

    def _running(self, paste: Paste) -> Command | None:
        """The first model of ollama ps with its context; the table's other words say nothing of a question."""
        found = _RUNNING.search(paste.text)
        if found is None:
            return None
        command = self.begin(found.start(), found.end())
        command.set("model", found.group(1), "text", Token(found.group(1), *found.span(1)))
        if context := _CONTEXT.search(found.group()):
            flag = self.table.flags["--num-ctx"]
            self.state(command, flag, context.group(1), Token(context.group(1), found.start(), found.end()))
        return command

    def _model(self, command: Command, paste: Paste) -> None:
        """A Modelfile's FROM names what a created model is made of; a request names its model."""
        for found in (*_FROM.finditer(paste.text), *_MODEL.finditer(paste.text)):
            if self.is_image([Token(found.group(1), *found.span(1))], 0):
                continue
            if found.re is _FROM or not command.states("model"):
                command.settings.pop("model", None)
                command.set("model", found.group(1), "text", Token(found.group(1), *found.span(1)))
            command.spans.append((found.start(), found.end()))
            return

    def _own_version(self, command: Command) -> None:
        """The tag of its image is Ollama's release, not the build of llama.cpp inside."""
        if version := command.settings.pop("engine_version", None):
            command.extra["ollama_version"] = version.value


def _request(text: str, at: int) -> tuple[int, int] | None:
    """Start and end of the call, or the object alone, that holds the option at this place."""
    start, depth = text.find("{"), 0
    if not 0 <= start < at:
        return None
    for end in range(start, min(len(text), start + LONGEST_REQUEST)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            break
    call = _CALL.search(text, 0, start)
    closed = _CLOSED.match(text, end + 1)
    return (call.start() if call else start), closed.end() if closed else end + 1


READER = OllamaReader("ollama", runs_on="llama.cpp")
