"""Every card: its shape, its memory, its names."""

from __future__ import annotations

import pytest

from catalog.find import Found, find_gpu
from catalog.load import load
from catalog.tables import GIB
from catalog.types import Gpu

GPUS = load().gpus
FP8_CAPABILITY, NVFP4_CAPABILITY = 8.9, 10.0

MEASURED_GIB = {
    "NVIDIA T4": 14.56,
    "NVIDIA V100 32GB": 31.73,
    "NVIDIA A10G": 22.05,
    "NVIDIA A100 40GB": 39.39,
    "NVIDIA A100 80GB SXM": 79.25,
    "NVIDIA L4": 22.03,
    "NVIDIA L40S": 44.40,
    "NVIDIA H100 SXM 80GB": 79.19,
    "NVIDIA H100 NVL 94GB": 93.10,
    "NVIDIA H200 141GB": 139.80,
    "NVIDIA B200 180/192GB": 178.35,
    "NVIDIA GB200 (per GPU)": 184.31,
    "GeForce RTX 3090": 23.57,
    "GeForce RTX 4090": 23.53,
    "GeForce RTX 5090": 31.36,
    "RTX PRO 6000 Blackwell 96GB": 94.97,
    "AMD Instinct MI300X": 191.98,
}
"""Totals that CUDA and HIP printed in public logs."""

NAMES = [
    ("NVIDIA H100 80GB HBM3", "NVIDIA H100 SXM 80GB"),
    ("h100 80gb", "NVIDIA H100 SXM 80GB"),
    ("H100-SXM5-80GB", "NVIDIA H100 SXM 80GB"),
    ("h100 pcie", "NVIDIA H100 PCIe 80GB"),
    ("h100 nvl", "NVIDIA H100 NVL 94GB"),
    ("h200", "NVIDIA H200 141GB"),
    ("a100-80", "NVIDIA A100 80GB SXM"),
    ("A100 80GB", "NVIDIA A100 80GB SXM"),
    ("NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB SXM"),
    ("a100 40gb", "NVIDIA A100 40GB"),
    ("40gb a100", "NVIDIA A100 40GB"),
    ("v100-32gb", "NVIDIA V100 32GB"),
    ("Tesla T4", "NVIDIA T4"),
    ("g5", "NVIDIA A10G"),
    ("l40s", "NVIDIA L40S"),
    ("l40", "NVIDIA L40"),
    ("4090", "GeForce RTX 4090"),
    ("rtx4090", "GeForce RTX 4090"),
    ("RTX 4090 24GB", "GeForce RTX 4090"),
    ("nvidia geforce rtx 4090", "GeForce RTX 4090"),
    ("4090 48gb", "GeForce RTX 4090 48GB"),
    ("4060 ti 16gb", "GeForce RTX 4060 Ti 16GB"),
    ("16gb 4060 ti", "GeForce RTX 4060 Ti 16GB"),
    ("3060 12gb", "GeForce RTX 3060 12GB"),
    ("a6000", "RTX A6000"),
    ("6000 ada", "RTX 6000 Ada"),
    ("pro 6000", "RTX PRO 6000 Blackwell 96GB"),
    ("gb10", "NVIDIA GB10 (DGX Spark) 128GB unified"),
    ("dgx spark", "NVIDIA GB10 (DGX Spark) 128GB unified"),
    ("mi300x", "AMD Instinct MI300X"),
    ("m4 max 128gb", "Apple M4 Max 128GB"),
    ("h100 mig 3g.40gb", "NVIDIA H100 80GB MIG 3g.40gb"),
    ("1g.10gb a100", "NVIDIA A100 80GB MIG 1g.10gb"),
]

SHARED = [
    ("h100", "NVIDIA H100 SXM 80GB"),
    ("h100s", "NVIDIA H100 SXM 80GB"),
    ("a100", "NVIDIA A100 80GB SXM"),
    ("v100", "NVIDIA V100 16GB"),
    ("h20", "NVIDIA H20 96GB"),
    ("4060 ti", "GeForce RTX 4060 Ti 8GB"),
    ("3080", "GeForce RTX 3080 10GB"),
    ("rtx 6000", "RTX 6000 Ada"),
    ("m4 max", "Apple M4 Max"),
    ("Apple M4 Max", "Apple M4 Max"),
    ("1g.10gb", "NVIDIA H100 80GB MIG 1g.10gb"),
]
"""Names that several cards share, with the usual reading."""


def gib(gpu: Gpu) -> float:
    return gpu.visible_bytes / GIB


def test_there_are_at_least_sixty_cards() -> None:
    """The catalog covers the cards people run models on."""
    assert len({gpu.name for gpu in GPUS.values() if gpu.recommend}) >= 60


@pytest.mark.parametrize("name", GPUS)
def test_row_is_whole(name: str) -> None:
    """A row validates, goes by its key and says where it is from."""
    gpu = GPUS[name]
    assert name == gpu.name
    assert gpu.source.strip()


@pytest.mark.parametrize("name", GPUS)
def test_visible_memory_is_below_the_name(name: str) -> None:
    """No card reports more memory than the number on its box, nor much less."""
    gpu = GPUS[name]
    least = 0.7 if gpu.unified_memory else 0.9
    assert least * gpu.marketed_gb <= gib(gpu) <= gpu.marketed_gb


@pytest.mark.parametrize("name", [name for name, gpu in GPUS.items() if gpu.vendor == "NVIDIA"])
def test_native_formats_follow_the_compute_capability(name: str) -> None:
    """fp8 arithmetic starts with Ada, nvfp4 with Blackwell."""
    gpu = GPUS[name]
    assert gpu.compute_capability
    assert (gpu.compute_capability >= FP8_CAPABILITY) == gpu.fp8_native
    assert (gpu.compute_capability >= NVFP4_CAPABILITY) == gpu.nvfp4_native


@pytest.mark.parametrize(("name", "expected"), MEASURED_GIB.items())
def test_visible_memory_is_what_was_measured(name: str, expected: float) -> None:
    """Visible memory is the total that the driver printed, in whole bytes."""
    assert round(expected * GIB) == GPUS[name].visible_bytes
    assert GPUS[name].visible_basis == "measured"


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_name_means_one_card(text: str, expected: str) -> None:
    """A name that only one card has is found and leaves nothing to assume."""
    found = find_gpu(text)
    assert isinstance(found, Found)
    assert (expected, False) == (found.item.name, found.vague)


@pytest.mark.parametrize(("text", "expected"), SHARED)
def test_shared_name_is_vague(text: str, expected: str) -> None:
    """A name that several cards share gives the usual reading and says so."""
    found = find_gpu(text)
    assert isinstance(found, Found)
    assert (expected, True) == (found.item.name, found.vague)


@pytest.mark.parametrize("name", GPUS)
def test_catalog_name_finds_itself(name: str) -> None:
    """The name that the machine-readable answer prints can be typed back."""
    found = find_gpu(name)
    assert isinstance(found, Found)
    assert name == found.item.name


@pytest.mark.parametrize("name", [name for name, gpu in GPUS.items() if gpu.vendor == "Apple" or "MIG" in name])
def test_not_every_card_is_recommended(name: str) -> None:
    """Slices and chips without a server engine never come up as an answer to "what GPU"."""
    assert not GPUS[name].recommend


def test_the_bare_apple_chip_is_its_smallest() -> None:
    """Without a size, a chip counts as the smallest it is sold with."""
    sizes = [gpu.visible_bytes for name, gpu in GPUS.items() if name.startswith("Apple M4 Max")]
    assert min(sizes) == GPUS["Apple M4 Max"].visible_bytes
    assert len(sizes) > 1
