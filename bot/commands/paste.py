"""A text that may hold a command, prepared once for all readers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from bot.commands.launchers import Launcher, read_launcher
from bot.commands.shell import Token, listed, lists, plain_lines, tokens, uncommented, unmarked
from bot.commands.variables import Assigned, assignments, expanded, in_program, reckoned
from bot.commands.yaml_lines import stated_cards, unfold

VISIBLE = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""Variables that list the GPUs a process may use."""
_GPUS_FLAG = re.compile(r"--gpus[= ]+[\"']*(?:device=)?([\d,]+)\b")
_DEVICE_LIST = re.compile(r"--gpus[= ]+[\"']*device=")

_MAKERS = {
    "NVIDIA": re.compile(
        r"nvidia\.com/|driver:[ \t]*nvidia|--gpus\b|--runtime[= ]nvidia|CUDA_VISIBLE_DEVICES|server-cuda"
    ),
    "AMD": re.compile(r"amd\.com/|/dev/kfd|HIP_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|-rocm|vllm-rocm|rocm/"),
}
"""What only containers and programs on the GPUs of one maker are given."""
_TAG = re.compile(r"repository:[ \t]*[\"']?[^\s\"']+[\"']?[ \t]*\n[ \t]*tag:[ \t]*[\"']?([\w.-]+)")
_CONTAINER = {
    "shm": re.compile(
        r"(?:--shm-size[= ]+|(?:shm_size|shmSize):[ \t]*|medium:[ \t]*\"?Memory\"?[,\s]+sizeLimit:[ \t]*)"
        r"[\"']?(\d[\w.]*)"
    ),
    "host_memory_limit": re.compile(r"limits:[^#]{0,200}?\bmemory:[ \t]*[\"']?(\d[\w.]*)"),
    "instance_type": re.compile(r"\b(ml\.[a-z0-9]+\.\d*x?large|[pg]\d[a-z]{0,2}\.\d*x?large|Standard_N[A-Z]\w+)\b"),
}
"""Shared and host memory, and the machine."""


@dataclass(frozen=True)
class Paste:
    """A cleaned text, its words with variables replaced, and where containers list their arguments."""

    text: str

    @cached_property
    def _unfolded(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        unfolded = unfold(listed(uncommented(unmarked(self.text))))
        return plain_lines(unfolded.text), unfolded.regions

    @cached_property
    def lowered(self) -> str:
        return self.text.lower()

    @property
    def plain(self) -> str:
        return self._unfolded[0]

    @property
    def regions(self) -> tuple[tuple[int, int], ...]:
        return self._unfolded[1]

    @cached_property
    def launcher(self) -> Launcher:
        """Machines and GPUs as what starts the server states them."""
        return read_launcher(self.text)

    @cached_property
    def variables(self) -> dict[str, Assigned]:
        given = {name: Assigned(number, 0, 0) for name, number in self.launcher.variables}
        return given | assignments(reckoned(self.text))

    @cached_property
    def words(self) -> list[Token]:
        return in_program(expanded(tokens(self.plain), self.variables), self.variables, self.lists)

    @cached_property
    def lists(self) -> list[tuple[int, int]]:
        """Where a program lists the words of a command."""
        return lists(uncommented(unmarked(self.text)))

    @cached_property
    def cards(self) -> int | None:
        """GPUs that are given to the process, where the paste says so."""
        flag = _GPUS_FLAG.search(self.text)
        if flag:
            number = flag.group(1).strip(",")
            listed = "," in number or _DEVICE_LIST.match(self.text, flag.start())
            return number.count(",") + 1 if listed else int(number[:4])
        if (stated := stated_cards(self.text)) is not None:
            return stated
        return self.launcher.cards or self._visible()

    @cached_property
    def maker(self) -> str:
        """Whose GPUs the paste asks for; "" where it does not say, or names two."""
        makers = [maker for maker, pattern in _MAKERS.items() if pattern.search(self.text)]
        return makers[0] if len(makers) == 1 else ""

    @property
    def image_tag(self) -> re.Match[str] | None:
        """The tag of an image whose name stands on another line, as charts write it."""
        return _TAG.search(self.text)

    @cached_property
    def container(self) -> dict[str, str]:
        """What else a container or machine is given, as it is written."""
        found = {name: pattern.search(self.text) for name, pattern in _CONTAINER.items()}
        return {name: match.group(1) for name, match in found.items() if match}

    def _visible(self) -> int | None:
        for name in VISIBLE:
            if name in self.variables and re.fullmatch(r"[\w-]+(?:,[\w-]+)*", listed := self.variables[name].value):
                return None if listed in ("all", "void", "none", "-1") else listed.count(",") + 1
        return None
