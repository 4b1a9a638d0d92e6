"""python -m sglang.launch_server, and sglang serve."""

from __future__ import annotations

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token
from bot.commands.table import Flag

CHUNK, WHOLE_PROMPTS = "chunked_prefill_tokens", "-1"
"""Name of the size of a chunk, and the value that switches chunks off (srt/server_args.py)."""
PREFILL_TOKENS = 16_384
"""max_prefill_tokens of srt/server_args.py, for which memory is reserved where prompts are not chunked."""


class SglangReader(Reader):
    """Besides flags: prompts that are read in one piece."""

    def state(self, command: Command, flag: Flag, text: str, *where: Token) -> None:
        """Take the value of a flag as it is written; chunks that are switched off have no size."""
        if flag.also != CHUNK or text.strip("\"'") != WHOLE_PROMPTS:
            super().state(command, flag, text, *where)
            return
        command.settings.pop(flag.slot, None)
        command.extra[CHUNK] = int(WHOLE_PROMPTS)

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what the environment states, and what stands in for the size of a chunk."""
        super().finish(command, paste)
        if command.extra.get(CHUNK) == int(WHOLE_PROMPTS):
            tokens = float(command.extra.get("max_prefill_tokens", PREFILL_TOKENS))
            command.set("max_batched_tokens", tokens, "whole", Token("", command.start, command.end))


READER = SglangReader("sglang")
