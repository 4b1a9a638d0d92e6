"""The guide's tables and shorter examples."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.types import Attention
from formulas import compiled
from formulas.guide import guide_usable_bytes
from formulas.tensors import checkpoint_parameters, parameter_count
from tests.guide import model_sections, recompute, table_sections

Row = dict[str, Any]
DATA = recompute.tables("tables")
EXAMPLES = ("shorter", "tensor_parallel")
TOO_BIG_FOR_16_BITS = {
    "Llama 2 13B": ["GeForce RTX 4090"],
    "GLM-4.5": ["GeForce RTX 4090", "NVIDIA A10"],
    "Gemma-3-27B-IT": ["NVIDIA A100 40GB"],
    "Mixtral 8x7B": ["NVIDIA H100 SXM 80GB"],
    "Llama 2 70B": ["NVIDIA H100 SXM 80GB"],
    "Llama 3.3 70B Instruct": ["NVIDIA H100 SXM 80GB"],
    "GPT-3 175B": ["4x NVIDIA A100 80GB SXM"],
    "Falcon 180B": ["4x NVIDIA A100 80GB SXM"],
}
FACTS = {
    "layers": lambda name: recompute.model(name).architecture.num_hidden_layers,
    "hidden_size": lambda name: recompute.model(name).architecture.hidden_size,
    "attention heads": lambda name: recompute.attention(name).num_attention_heads,
    "KV heads": lambda name: recompute.attention(name).num_key_value_heads,
    "head_dim": lambda name: recompute.attention(name).head_dim,
    "context": lambda name: recompute.model(name).max_length,
    "parameters": lambda name: checkpoint_parameters(recompute.model(name).architecture),
    "encoder positions": lambda name: recompute.model(name).architecture.encoder.positions,
}


def rows(name: str, label: str) -> Any:
    return pytest.mark.parametrize("row", [pytest.param(row, id=str(row[label])) for row in DATA[name]])


@rows("precision", "format")
def test_precision_table(row: Row) -> None:
    """Weights of 7 and 70 billion parameters are bytes per parameter times the count."""
    weights = {
        billions: compiled.guide_weights(
            parameters=int(billions) * 10**9, bytes_per_parameter=row["bytes_per_parameter"]
        )
        for billions in row["printed"]
    }
    assert [] == [billions for billions, figure in row["printed"].items() if float(figure) * 10**9 != weights[billions]]


@rows("kv_example", "bytes")
def test_kv_examples(row: Row) -> None:
    """The Llama 2 7B examples are exact in bytes and printed as the nearest GiB."""
    assert (row["bytes"], "binary") == (
        table_sections.kv_example(row),
        recompute.verdict(row["printed"], row["bytes"]),
    )


@rows("gqa", "model")
def test_gqa_ratios(row: Row) -> None:
    """Query heads per KV head are as the guide says."""
    attention = recompute.attention(row["model"])
    assert row["printed_ratio"] == attention.num_attention_heads / attention.num_key_value_heads


@rows("quick", "title")
def test_quick_reference_cards(row: Row) -> None:
    """Which recommended cards cannot hold the 16-bit weights and cache, and no others."""
    short = [label for label in row["gpus"] if not model_sections.holds(label, row, 2)]
    assert TOO_BIG_FOR_16_BITS.get(row["title"], []) == short


@rows("quick", "title")
def test_quick_reference_first_column_is_16_bit(row: Row) -> None:
    """The column headed FP32/FP16 is too small for FP32 weights, but for models under a billion parameters."""
    fp32 = row["billions"] * 4
    assert (row["billions"] >= 1) == (fp32 > float(row["printed"][0]))


@rows("whisper", "model")
def test_whisper_counts(row: Row) -> None:
    """The printed parameter counts of the Whisper variants are the real ones within 4 %."""
    assert parameter_count(recompute.model(row["model"]).architecture) == pytest.approx(
        row["millions"] * 10**6, rel=0.04
    )


@rows("whisper", "model")
def test_whisper_caches_are_small(row: Row) -> None:
    """Weights and caches at batch 8 are below the printed need of every variant."""
    count = parameter_count(recompute.model(row["model"]).architecture)
    need = 2 * count + model_sections.whisper_cache(row["model"], 8)
    assert need < float(row["printed"][1]) * 10**9


@pytest.mark.parametrize(
    ("name", "size"), [("openai/whisper-large-v3-turbo", 30_720_000), ("openai/whisper-large-v3", 245_760_000)]
)
def test_whisper_cross_attention(name: str, size: int) -> None:
    """One window's cross-attention cache is 1,500 positions of keys and values in the decoder's layers."""
    assert size == recompute.real_cross(name, batch=1)


@rows("gpu", "name")
def test_gpu_table(row: Row) -> None:
    """The marketed memory is as printed; the weights claimed for the card go in, but for two cards."""
    card = recompute.gpu(row["name"])
    beyond = [claim for claim in row["claims"] if claim[0] * claim[1] * 10**9 > card.visible_bytes]
    expected = {"NVIDIA H100 SXM 80GB": [[70, 2]], "NVIDIA H200 141GB": [[180, 2], [180, 1]]}
    assert (row["gb"], expected.get(row["name"], [])) == (card.marketed_gb, beyond)


def test_utilization_rule() -> None:
    """90 % of an 80 GB card is 72 GB."""
    assert 72 * 10**9 == guide_usable_bytes(marketed_gb=80)


def test_production_table_repeats_the_cases() -> None:
    """The H100 table covers cases 17 to 22."""
    assert [17, 18, 20, 19, 21, 22] == [row["case"] for row in DATA["production"]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_strategy_examples(name: str) -> None:
    """The 8K and the two-GPU example by the guide's formula, and with the real head_dim."""
    row = DATA[name]
    own = recompute.by_law("guide_kv_cache_gqa", {**row, "element_bytes": recompute.KV_BYTES})
    real = recompute.real_kv(row["model"], batch=row["batch"], sequence_tokens=row["sequence_tokens"])
    assert (row["bytes"], row["real"]) == (own, real)


def test_shorter_sequences_are_misprinted() -> None:
    """19.5 GB at 8K is wrong by the guide's formula, and batch 30 exceeds an H100 by its method."""
    row = DATA["shorter"]
    assert "wrong" == recompute.verdict(row["printed_kv"], row["bytes"])
    assert table_sections.shorter(row["claimed_batch"]) > recompute.gpu(recompute.H100).visible_bytes


def test_two_gpus_halve_the_weights_but_do_not_hold_the_cache() -> None:
    """16.4 GB of weights per GPU is right; the real cache of 80 sequences is over an H100 on its own."""
    row = DATA["tensor_parallel"]
    weights = compiled.guide_weights_per_gpu(
        parameters=row["parameters"], bytes_per_parameter=1, tensor_parallel=row["gpus"]
    )
    assert recompute.within_rounding(row["printed_weights"], weights)
    assert row["real"] / row["gpus"] > recompute.gpu(recompute.H100).visible_bytes


def test_mixed_lengths() -> None:
    """70 % 4K, 20 % 8K and 10 % 16K are 6,144 tokens in the mean, half of 12,288."""
    row = DATA["mixed"]
    mean = table_sections.mean_length()
    assert (row["printed_mean"], row["printed_gain"]) == (pytest.approx(mean), pytest.approx(row["from_tokens"] / mean))


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row['model']}-{row['field']}") for row in DATA["fact"]])
def test_facts_are_the_configs(row: Row) -> None:
    """What the page calls real is what the catalog holds."""
    assert row["real"] == FACTS[row["field"]](row["model"])


@pytest.mark.parametrize("name", ["intfloat/multilingual-e5-large", "BAAI/bge-reranker-v2-m3"])
def test_encoders_keep_nothing(name: str) -> None:
    """An encoder has attention layers and no cache."""
    assert isinstance(recompute.attention(name), Attention)
    assert 0 == recompute.real_kv(name, batch=64, sequence_tokens=512)
