"""What the program that starts a server gives it: machines, GPUs of each, and the variables that say so.

SkyPilot, dstack, LeaderWorkerSet, RoleBasedGroup and Slurm hand these to the command as variables that no line sets;
Modal has none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SKY_CARDS = re.compile(r"(?m)^[ \t]*accelerators[\"']?:[ \t]*([^\n#]+)")
_SKY_NODES = re.compile(r"(?m)^[ \t]*num_nodes[\"']?:[ \t]*(\d{1,4})\b")
_DSTACK = re.compile(r"(?m)^type:[ \t]*(?:service|task|dev-environment)\b")
_DSTACK_CARDS = re.compile(r"(?m)^[ \t]*gpu:[ \t]*[\"']?([\w.:\-]+)")
_DSTACK_NODES = re.compile(r"(?m)^nodes:[ \t]*(\d{1,4})\b")
_GROUP = re.compile(r"leaderWorkerTemplate:(?:[^\n]*\n){1,4}?[ \t]*size:[ \t]*(\d{1,4})\b")
_SLURM = r"(?:#SBATCH[ \t]*|\bsrun\b[^\n#]{0,300}?)(?<=[ \t])"
_SLURM_NODES = re.compile(rf"{_SLURM}(?:--nodes[= ]|-N[ \t]*)(\d{{1,4}})\b")
_SLURM_CARDS = re.compile(
    rf"{_SLURM}(?:--gpus-per-node[= ](?:[A-Za-z]\w*:)?|--gres[= ]gpu:(?:[A-Za-z]\w*:)?)(\d{{1,3}})\b"
)
_MODAL = re.compile(r"\bgpu[ \t]*=[ \t]*[\"'][A-Za-z][\w-]{1,20}:(\d{1,2})[\"']")
_COUNT = re.compile(r":[ \t]*(\d{1,4})\b(?![ \t]*[GM]B?)")
"""H100:8, and {H100: 8}; 80GB is no count."""

SKYPILOT = ("SKYPILOT_NUM_NODES", "SKYPILOT_NUM_GPUS_PER_NODE")
DSTACK = ("DSTACK_NODES_NUM", "DSTACK_GPUS_PER_NODE")
GROUP = ("LWS_GROUP_SIZE", "")
SLURM = ("SLURM_NNODES", "SLURM_GPUS_ON_NODE")
ALSO = {
    "SLURM_NNODES": ("SLURM_JOB_NUM_NODES",),
    "SLURM_GPUS_ON_NODE": ("SLURM_GPUS_PER_NODE",),
    "DSTACK_GPUS_PER_NODE": ("DSTACK_GPUS_NUM",),
}
"""Second names of the same number; dstack's count of all GPUs is that of one node where there is one."""


class Launcher(NamedTuple):
    """Machines, GPUs of each, and the variables that hold them; None where the text does not say."""

    nodes: int | None = None
    cards: int | None = None
    variables: tuple[tuple[str, str], ...] = ()


def read_launcher(text: str) -> Launcher:
    """The first launcher whose specification the text holds."""
    for names, nodes, cards in (_sky(text), _dstack(text), _group(text), _slurm(text), _modal(text)):
        if nodes is not None or cards is not None:
            return Launcher(nodes, cards, tuple(_variables(names, nodes, cards)))
    return Launcher()


def _variables(names: tuple[str, str], *numbers: int | None) -> list[tuple[str, str]]:
    return [
        (each, str(number))
        for name, number in zip(names, numbers, strict=True)
        if name and number is not None
        for each in (name, *ALSO.get(name, ()))
    ]


_Read = tuple[tuple[str, str], int | None, int | None]


def _sky(text: str) -> _Read:
    stated = _SKY_CARDS.search(text)
    if stated is None:
        return SKYPILOT, None, None
    counts = {int(count) for count in _COUNT.findall(stated.group(1))} or {1}
    return SKYPILOT, _whole(_SKY_NODES, text) or 1, counts.pop() if len(counts) == 1 else None


def _dstack(text: str) -> _Read:
    stated = _DSTACK_CARDS.search(text) if _DSTACK.search(text) else None
    if stated is None:
        return DSTACK, None, None
    count = _COUNT.search(stated.group(1))
    return DSTACK, _whole(_DSTACK_NODES, text) or 1, int(count.group(1)) if count else 1


def _group(text: str) -> _Read:
    return GROUP, _whole(_GROUP, text), None


def _slurm(text: str) -> _Read:
    return SLURM, _whole(_SLURM_NODES, text), _whole(_SLURM_CARDS, text)


def _modal(text: str) -> _Read:
    return ("", ""), None, _whole(_MODAL, text)


def _whole(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match.group(1)) if match else None
