"""Every number format: its bits, its scales, its names."""

from __future__ import annotations

import pytest

from catalog.find import Found, find_format
from catalog.load import load
from catalog.types import NumberFormat

FORMATS = load().formats
SIDE = 4096

ANSWER_KEYS = "fp32 bf16 fp16 fp8 int8 int4 awq gptq nvfp4 mxfp4 bnb-int8 bnb-nf4 q4_k_m q8_0 iq4_xs".split()
"""Keys that the machine-readable answer promises."""

BITS_EACH = {
    "fp32": 32.0,
    "bf16": 16.0,
    "fp8": 8 + 8 * 4 / SIDE,
    "fp8-block": 8 + 8 * 4 / 128**2,
    "int8": 8 + 8 * 4 / SIDE,
    "gptq-int8": 8.125,
    "int4": 4.125,
    "gptq": 4.125,
    "awq": 4.15625,
    "mxfp4": 4.25,
    "nvfp4": 4.5 + 8 * 8 / SIDE**2,
    "bnb-nf4": 4.5,
    "q8_0": 8.5,
    "q6_k": 6.5625,
    "q4_k_block": 4.5,
    "q5_k_block": 5.5,
    "q3_k_block": 3.4375,
    "q2_k_block": 2.625,
    "iq4_xs_block": 4.25,
    "q4_0": 4.5,
}
"""Bits per weight of a 4096 x 4096 matrix, scales included, from the layouts that vLLM and ggml allocate."""

CACHE_BYTES_PER_128 = {
    "fp32": 512,
    "bf16": 256,
    "fp16": 256,
    "fp8": 128,
    "int8": 132,
    "nvfp4": 72,
    "q8_0": 136,
    "q5_1": 96,
    "q5_0": 88,
    "q4_1": 80,
    "q4_0": 72,
    "iq4_nl": 72,
}
"""Bytes of one cached vector of width 128."""

GUIDE_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "fp8": 1, "int8": 1, "nvfp4": 0.5, "int4": 0.5}

NAMES = [
    ("float8", "fp8"),
    ("FP8_E4M3", "fp8"),
    ("fp8-dynamic", "fp8"),
    ("bfloat16", "bf16"),
    ("BF16", "bf16"),
    ("fp-16", "fp16"),
    ("float16", "fp16"),
    ("fp4", "nvfp4"),
    ("nf4", "bnb-nf4"),
    ("bnb4", "bnb-nf4"),
    ("INT4", "int4"),
    ("w4a16 awq", "awq"),
    ("awq_marlin", "awq"),
    ("gptq-int4", "gptq"),
    ("Q4_K_M", "q4_k_m"),
    ("q4-k-m", "q4_k_m"),
    ("iq4 xs", "iq4_xs"),
    ("Q8_0", "q8_0"),
]
SHARED = [
    ("4bit", "int4"),
    ("4-bit", "int4"),
    ("8bit", "int8"),
    ("w4a16", "int4"),
    ("w8a8", "int8"),
    ("half precision", "bf16"),
    ("16-bit", "bf16"),
    ("half", "fp16"),
    ("q4", "q4_k_m"),
    ("q8", "q8_0"),
    ("bnb", "bnb-nf4"),
]


def bits_each(number_format: NumberFormat) -> float:
    """Bits per weight of a square matrix of SIDE rows."""
    rows, columns = number_format.block_rows or SIDE, number_format.block_columns or SIDE
    scales = number_format.scale_bytes / (rows * columns) + number_format.tensor_bytes / SIDE**2
    return number_format.bits + 8 * scales


@pytest.mark.parametrize("key", FORMATS)
def test_row_is_whole(key: str) -> None:
    """A row validates, goes by its key, has bits and says where they are from."""
    row = FORMATS[key]
    assert key == row.key
    assert 1 <= row.bits <= 32
    assert row.source.strip()


@pytest.mark.parametrize("key", ANSWER_KEYS)
def test_answer_key_exists(key: str) -> None:
    """Every key that scripts rely on is a row."""
    assert key in FORMATS


@pytest.mark.parametrize("key", FORMATS)
def test_cache_bits_are_given_where_the_cache_may_use_it(key: str) -> None:
    """A format says how it stores a cached number exactly when the KV cache can use it."""
    assert ("kv_cache" in FORMATS[key].use) == (FORMATS[key].cache_bits is not None)


@pytest.mark.parametrize(("key", "expected"), BITS_EACH.items())
def test_bits_per_weight_with_scales(key: str, expected: float) -> None:
    """Payload and scales together are the published bits per weight."""
    assert expected == pytest.approx(bits_each(FORMATS[key]), rel=1e-12)


@pytest.mark.parametrize(("key", "expected"), CACHE_BYTES_PER_128.items())
def test_bytes_of_a_cached_vector(key: str, expected: float) -> None:
    """One head's key or value of width 128 takes the bytes that the engine allocates."""
    row = FORMATS[key]
    assert row.cache_bits is not None
    assert expected == 128 * row.cache_bits / 8 + row.cache_head_bytes


def test_guide_bytes() -> None:
    """The guide's precision table is here, and nothing more under its name."""
    assert {key: row.guide_bytes for key, row in FORMATS.items() if row.guide_bytes} == GUIDE_BYTES


@pytest.mark.parametrize("key", [key for key, row in FORMATS.items() if key + "_block" in FORMATS])
def test_mixtures_are_wider_than_their_block(key: str) -> None:
    """A mixture keeps some matrices in a wider type than the one it is named after."""
    assert FORMATS[key + "_block"].bits < FORMATS[key].bits


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_name_means_one_format(text: str, expected: str) -> None:
    """A name that settles the format is found and leaves nothing to assume."""
    found = find_format(text)
    assert isinstance(found, Found)
    assert (expected, False) == (found.item.key, found.vague)


@pytest.mark.parametrize(("text", "expected"), SHARED)
def test_open_name_is_vague(text: str, expected: str) -> None:
    """A name that leaves a choice open gives the usual reading and says so."""
    found = find_format(text)
    assert isinstance(found, Found)
    assert (expected, True) == (found.item.key, found.vague)
