"""Every machine that is named whole: its shape, its card, its names."""

from __future__ import annotations

import pytest

from catalog.find import Found, find_machine, longest
from catalog.load import load
from catalog.types import NotFound

MACHINES = load().machines

NAMES = [
    ("p5.48xlarge", "p5.48xlarge"),
    ("P5.48XL", "p5.48xlarge"),
    ("ml.p4d.24xlarge", "p4d.24xlarge"),
    ("Standard_ND96isr_H100_v5", "Standard_ND96isr_H100_v5"),
    ("nc24ads_a100_v4", "Standard_NC24ads_A100_v4"),
    ("NC24ads A100 v4", "Standard_NC24ads_A100_v4"),
    ("a3-highgpu-8g", "a3-highgpu-8g"),
    ("g2-standard-48", "g2-standard-48"),
    ("BM.GPU.H100.8", "BM.GPU.H100.8"),
    ("dgx h100", "DGX H100"),
    ("NVIDIA GB200 NVL72", "GB200 NVL72"),
]

HELD = [
    ("p5.48xlarge", 8, "NVIDIA H100 SXM 80GB"),
    ("p5en.48xlarge", 8, "NVIDIA H200 141GB"),
    ("p4d.24xlarge", 8, "NVIDIA A100 40GB"),
    ("p4de.24xlarge", 8, "NVIDIA A100 80GB SXM"),
    ("g5.12xlarge", 4, "NVIDIA A10G"),
    ("g5.16xlarge", 1, "NVIDIA A10G"),
    ("g6e.48xlarge", 8, "NVIDIA L40S"),
    ("a2-ultragpu-1g", 1, "NVIDIA A100 80GB SXM"),
    ("a2-highgpu-1g", 1, "NVIDIA A100 40GB"),
    ("g2-standard-96", 8, "NVIDIA L4"),
    ("Standard_NC80adis_H100_v5", 2, "NVIDIA H100 NVL 94GB"),
    ("Standard_ND96isr_MI300X_v5", 8, "AMD Instinct MI300X"),
    ("DGX B200", 8, "NVIDIA B200 180/192GB"),
]
"""As the makers' own pages state them."""


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_holds_a_card_of_the_catalog(name: str) -> None:
    """A row validates, its card is catalogued, and its source is an address."""
    machine = MACHINES[name]
    assert machine.gpu in load().gpus
    assert machine.source.startswith("https://")


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_is_found_by_its_own_name(name: str) -> None:
    """No other row has a better claim to a machine's name."""
    match = longest(name.split())
    assert match
    assert ("machine", name) == (match.kind, match.key)


@pytest.mark.parametrize(("typed", "name"), NAMES)
def test_names(typed: str, name: str) -> None:
    """Spelling habits, SageMaker's prefix and Azure's meet in one machine."""
    found = find_machine(typed)
    assert isinstance(found, Found)
    assert name == found.item.name


@pytest.mark.parametrize(("name", "count", "card"), HELD)
def test_what_they_hold(name: str, count: int, card: str) -> None:
    """Cards and their number are those of the makers' pages."""
    assert (count, card) == (MACHINES[name].gpu_count, MACHINES[name].gpu)


def test_unknown_sizes_get_near_names() -> None:
    """A size that does not exist names nothing, and near ones are shown."""
    found = find_machine("g5.13xlarge")
    assert isinstance(found, NotFound)
    assert "g5.12xlarge" in found.suggestions
