"""llama-server and llama-cli of llama.cpp."""

from __future__ import annotations

import re

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.reader import Reader
from bot.commands.shell import Token
from bot.commands.table import Flag
from formulas.deployment import version
from formulas.engines import llama_cpp_versions as builds

_OWN_PROGRAM = re.compile(r"\bllama-(?:server|cli)\b|\bllama serve\b|llama\.cpp:server|/server\b")
_KIN = re.compile(r"\bik[_-]llama|\bkoboldcpp|\bllama_cpp\.server\b|\bllamafile\b", re.I)
KIN_FLAGS = frozenset("-amb -cpent -fmoe -mla -rtr -ser --contextsize --gpulayers".split())
OF_LLAMA_CPP = ("choice", "near", "unknown")
"""Remarks that hold for llama.cpp alone."""
AUTO = "-1"
"""-np -1 is the default: four slots that share the context (tools/server/server.cpp)."""
AUTO_SLOTS = 4


class LlamaCppReader(Reader):
    """Besides flags: presets, an automatic number of slots, and a context stated for each slot."""

    def state(self, command: Command, flag: Flag, text: str, *where: Token) -> None:
        """Take the value of a flag as it is written; an automatic number of slots states none."""
        if flag.slot != "max_sequences" or text != AUTO:
            super().state(command, flag, text, *where)

    def finish(self, command: Command, paste: Paste) -> None:
        """Take what presets and the environment set where no flag does."""
        super().finish(command, paste)
        command.is_kin = bool(_KIN.search(paste.text) or KIN_FLAGS & command.flags.keys())
        if command.is_kin:
            command.remarks = [remark for remark in command.remarks if remark.key not in OF_LLAMA_CPP]
        for preset in self.table.presets.keys() & command.flags.keys():
            place = Token(preset, *command.places[preset])
            for name, text in self.table.presets[preset].items():
                flag = self.table.flags[name]
                if not (command.states(flag.slot) if flag.slot else flag.also in command.extra):
                    self.state(command, flag, text, place)
        self._share_slots(command)
        if not command.is_kin and _OWN_PROGRAM.search(paste.text, command.start, command.end):
            self._own_defaults(command)

    def _own_defaults(self, command: Command) -> None:
        """What the program takes by itself: its context, or as much as fits; with an image's build, its layers."""
        stated = command.settings.get("engine_version")
        release = version(str(stated.value)) if stated else builds.LATEST
        if not command.states("sequence_tokens"):
            fixed = builds.OWN_CONTEXT.at(release)
            own = {"own_context": fixed} if fixed else {"sequence_auto": True}
            command.extra |= own if fixed or command.extra.get("fit") is not False else {}
        if "gpu_layers" not in command.extra and builds.OWN_LAYERS.at(release) is not None:
            command.extra["gpu_layers"] = builds.OWN_LAYERS.at(release)

    def _share_slots(self, command: Command) -> None:
        """--kv-unified-per-slot: without -c the context of all slots is as many times it (tools/server/server.cpp)."""
        tokens = command.extra.get("slot_tokens")
        if not tokens or command.states("sequence_tokens"):
            return
        slots = command.settings["max_sequences"].value if command.states("max_sequences") else AUTO_SLOTS
        place = Token("", *command.places.get("--kv-unified-per-slot", (command.start, command.end)))
        command.set("sequence_tokens", float(tokens * slots), "whole", place)


READER = LlamaCppReader("llama_cpp")
