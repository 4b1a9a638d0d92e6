"""The guide's advice: shown where it applies, and only there."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

import pytest

from bot.advice import SHOWN, Advice, Facts, advise, caveat, rows
from formulas.guide import Caveat

ROWS = [pytest.param(row, id=row.key) for row in rows()]
each_row = pytest.mark.parametrize("row", ROWS)
NAMES = {field.name for field in fields(Facts)}
LANGUAGES = {"en", "vi"}

DECODER = Facts(
    verdict="does_not_fit",
    role="decoder",
    solved=False,
    parameters=32_762_123_264,
    weights="bf16",
    weights_bits=16,
    weights_share=0.6,
    kv_bits=16,
    kv_share=0.35,
    grouped=True,
    windowed=False,
    batch=20,
    max_batch=3,
    sequence_tokens=12_288,
    mixed=False,
    gpu_vendor="NVIDIA",
    gpu_fp8_native=True,
    gpu_nvfp4_native=False,
    gpu_nvlink=True,
    visible_gib=79.2,
    headroom_share=-0.5,
    gpu_count=1,
    max_per_node=8,
    tensor_parallel=1,
    pipeline_parallel=1,
    several_nodes=False,
    engine="vllm",
)
FP8 = replace(DECODER, weights="fp8", weights_bits=8)
AMPERE = replace(FP8, gpu_fp8_native=False, verdict="fits", headroom_share=0.2, max_batch=30)
ENCODER = Facts(
    verdict="fits",
    role="encoder",
    parameters=305_369_089,
    weights="fp32",
    weights_bits=32,
    batch=64,
    engine="vllm",
)
WHISPER = Facts(
    verdict="fits",
    role="encoder_decoder",
    hears=True,
    solved=False,
    parameters=808_878_080,
    weights="fp16",
    weights_bits=16,
    engine="vllm",
)
FITS = replace(FP8, verdict="fits", headroom_share=0.2, max_batch=30)
SINGLE = replace(DECODER, batch=1, max_batch=0, sequence_tokens=2048, kv_share=0.01, weights="int4", weights_bits=4)

SCENES: dict[str, tuple[Facts, list[str]]] = {
    "16 bits too large": (DECODER, ["fp8_weights", "fp8_kv_cache", "smaller_batch"]),
    "8 bits too large": (FP8, ["fp8_kv_cache", "smaller_batch", "tensor_parallel"]),
    "not even one sequence": (
        replace(FP8, max_batch=0, kv_bits=8),
        ["tensor_parallel", "int4_weights", "shorter_sequence"],
    ),
    "Blackwell": (
        replace(FP8, gpu_nvfp4_native=True, kv_bits=8, batch=1),
        ["nvfp4_weights", "tensor_parallel", "int4_weights"],
    ),
    "multi-head attention": (
        replace(FP8, grouped=False, verdict="tight", kv_bits=8, weights_bits=4),
        ["headroom", "shorter_sequence", "mha_model"],
    ),
    "4 bits, one small card": (
        replace(SINGLE, visible_gib=23.6),
        ["tensor_parallel", "cpu_offload", "llama_cpp_engine"],
    ),
    "llama.cpp": (replace(SINGLE, engine="llama.cpp"), ["llama_cpp_layers"]),
    "llama.cpp fits": (replace(SINGLE, engine="llama.cpp", verdict="fits"), ["watch_nvidia_smi"]),
    "FP8 on Ampere": (AMPERE, ["weight_only_fp8", "mixed_lengths", "prefix_caching"]),
    "fits": (FITS, ["more_users_with_fp8_kv", "mixed_lengths", "prefix_caching"]),
    "fits with room": (replace(FITS, headroom_share=0.6, kv_share=0.05, batch=1), ["smaller_gpu", "watch_vllm"]),
    "what is the largest batch": (replace(FITS, solved=True, kv_share=0.1, batch=None), ["tensorrt_llm"]),
    "two cards without NVLink": (
        replace(FITS, gpu_nvlink=False, gpu_count=2, tensor_parallel=2, kv_share=0.1, batch=2),
        ["interconnect", "watch_vllm"],
    ),
    "two servers": (
        replace(FITS, gpu_count=16, several_nodes=True, kv_share=0.1, batch=2),
        ["pipeline_across_nodes", "watch_vllm"],
    ),
    "encoder in 32 bits": (ENCODER, ["encoder_fp16", "encoder_batch", "encoder_padding"]),
    "one text, small encoder": (
        replace(ENCODER, weights="fp16", weights_bits=16, batch=1),
        ["encoder_batch", "encoder_on_cpu"],
    ),
    "long audio": (replace(WHISPER, audio_seconds=3600.0), ["audio_windows", "audio_batch", "watch_vllm"]),
    "short audio": (replace(WHISPER, audio_seconds=30.0), ["audio_batch", "watch_vllm"]),
    "by the guide": (replace(DECODER, engine="guide"), ["guide_is_rough", "int4_weights", "shorter_sequence"]),
    "nothing known": (Facts(), []),
}


@pytest.mark.parametrize(("facts", "expected"), SCENES.values(), ids=SCENES.keys())
def test_scenes(facts: Facts, expected: list[str]) -> None:
    """What a reply with these facts shows, the most useful first."""
    assert expected == [advice.key for advice in advise(facts)]


def test_every_row_is_reached() -> None:
    """Each row is among the three of some scene."""
    assert {row.key for row in rows()} == {key for _, keys in SCENES.values() for key in keys}


def _field(name: str) -> tuple[str, str]:
    stem, _, bound = name.rpartition("_")
    return (stem, bound) if bound in ("min", "max") else (name, "")


def _satisfying(row: Advice) -> Facts:
    values: dict[str, Any] = {}
    for name, wanted in row.when.items():
        values[_field(name)[0]] = wanted[0] if isinstance(wanted, list) else wanted
    return replace(Facts(), **values)


def _violating(name: str, wanted: Any) -> Any:
    bound = _field(name)[1]
    if bound:
        return wanted - 1 if bound == "min" else wanted + 1
    return not wanted if isinstance(wanted, bool) else wanted + 1 if isinstance(wanted, int) else "something else"


@each_row
def test_a_row_applies_when_its_conditions_hold(row: Advice) -> None:
    """The facts that its conditions name are enough."""
    assert row.applies(_satisfying(row))


@pytest.mark.parametrize(
    ("row", "name"), [pytest.param(row, name, id=f"{row.key}-{name}") for row in rows() for name in row.when]
)
def test_a_row_does_not_apply_when_one_condition_fails(row: Advice, name: str) -> None:
    """Each condition is needed: neither another value nor an unknown one will do."""
    fulfilled, field = _satisfying(row), _field(name)[0]
    wrong = replace(fulfilled, **{field: _violating(name, row.when[name])})
    assert not row.applies(wrong)


@each_row
def test_nothing_is_advised_on_unknown_facts(row: Advice) -> None:
    """A fact that is not known fulfils no condition."""
    assert not row.applies(Facts())


@each_row
def test_rows_are_complete(row: Advice) -> None:
    """Conditions name facts, both languages are there, the sentence ends, a source is given."""
    assert {_field(name)[0] for name in row.when} <= NAMES
    assert (LANGUAGES, True) == (set(row.text), bool(row.source))
    assert [] == [text for text in row.text.values() if not text.endswith(".")]


@each_row
def test_sentences_print_their_facts(row: Advice) -> None:
    """Every fact that a sentence names is guaranteed by a condition, and no brace is left."""
    for language in row.text:
        sentence = row.sentence(replace(DECODER, **{}), language)
        assert "{" not in sentence
        assert "None" not in sentence


def test_whole_numbers_are_grouped() -> None:
    """Facts are printed with separators."""
    (row,) = [row for row in rows() if row.key == "shorter_sequence"]
    assert "12,288 tokens" in row.sentence(DECODER)


def test_a_language_without_a_sentence_falls_back_to_english() -> None:
    """An unknown language reads English."""
    assert rows()[0].text["en"] == rows()[0].sentence(Facts(), "xx")


def test_at_most_three() -> None:
    """More rows apply to the first scene than are shown."""
    assert SHOWN == len(advise(DECODER)) < sum(row.applies(DECODER) for row in rows())


def test_priorities_are_distinct() -> None:
    """The order never depends on the file's order, where two rows can apply together."""
    clashes = [
        (a.key, b.key)
        for a in rows()
        for b in rows()
        if a.key < b.key and a.priority == b.priority and b.applies(_satisfying(a))
    ]
    assert [] == clashes


@pytest.mark.parametrize("key", get_args(Caveat))
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_caveats_have_sentences(key: str, language: str) -> None:
    """Every caveat of `method guide` can be said in both languages."""
    assert caveat(key, language).endswith(".")
