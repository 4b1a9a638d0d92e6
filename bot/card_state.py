"""How a card is set up where the question says so: ECC switched, or Windows around it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from catalog.load import load
from catalog.types import Gpu

if TYPE_CHECKING:
    from bot.resolve import Notes

LEFT_BY_ECC = Fraction(15, 16)
"""Share of GDDR memory that inline ECC leaves: 46,068 of 49,140 MiB in nvidia-smi on the same A40."""


SET_UP = ("ecc", "wsl")
"""Names of Query.extra that say how the card is set up."""


def as_set_up(gpu: Gpu, extra: dict[str, Any], notes: Notes) -> Gpu:
    """The card with the memory that it shows when set up as the question says."""
    if extra.get("wsl"):
        gpu = _on_windows(gpu, notes)
    return _with_ecc(gpu, on=extra["ecc"], notes=notes) if "ecc" in extra else gpu


def _on_windows(gpu: Gpu, notes: Notes) -> Gpu:
    notes.warn("warning.wsl", gpu=gpu.name)
    return gpu.model_copy(update={"visible_bytes": gpu.windows_visible_bytes or gpu.visible_bytes})


def _with_ecc(gpu: Gpu, *, on: bool, notes: Notes) -> Gpu:
    state = "on" if on else "off"
    if not gpu.inline_ecc:
        notes.explain("assumed.ecc_same", gpu=gpu.name)
        return gpu
    if gpu.inline_ecc == state:
        notes.explain(f"assumed.ecc_{state}", gpu=gpu.name)
        return gpu
    share = LEFT_BY_ECC if on else 1 / LEFT_BY_ECC
    notes.explain(f"assumed.ecc_{state}", gpu=gpu.name)
    return gpu.model_copy(update={"visible_bytes": int(gpu.visible_bytes * share), "inline_ecc": state})


def words_of_set_up(gpu: Gpu) -> list[str]:
    """What as_set_up reads back, where the card is not as it is catalogued."""
    row = load().gpus.get(gpu.name)
    if row is None or row.visible_bytes == gpu.visible_bytes:
        return []
    return ["wsl"] if gpu.visible_bytes == row.windows_visible_bytes else [f"ecc {gpu.inline_ecc}"]
