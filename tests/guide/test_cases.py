"""The guide's 22 cases, recomputed with their own inputs and from the real architectures."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest

from formulas import compiled, guide
from formulas.estimate import estimate
from formulas.tensors import parameter_count
from tests.guide import recompute

Case = dict[str, Any]
CASES = recompute.cases()
TERMS = [pytest.param(case, term, id=f"{case['number']}-{term['term']}") for case in CASES for term in case["kv"]]
each_case = pytest.mark.parametrize("case", [pytest.param(case, id=str(case["number"])) for case in CASES])
each_term = pytest.mark.parametrize(("case", "term"), TERMS)
GIB_PRINTED = {1, 2, 4}
KV_WRONG = {3, 5, 9, 16, 17, 18, 19, 20, 21, 22}
MEANT_FOR_ONE_H100 = CASES[16:21]


def test_every_case_is_here() -> None:
    """The data holds cases 1 to 22, in order."""
    assert list(range(1, 23)) == [case["number"] for case in CASES]


@each_term
def test_own_formula_to_the_byte(case: Case, term: Case) -> None:
    """Each cached term by the guide's formula and inputs is the stated number of bytes."""
    assert term["bytes"] == recompute.by_law(term["law"], case["inputs"])


@each_term
def test_print_is_judged_by_rounding(case: Case, term: Case) -> None:
    """A printed KV figure is right, a GiB figure or wrong, within the rounding of its last digit."""
    assert term["verdict"] == recompute.verdict(term["printed"], term["bytes"])


@pytest.mark.parametrize(("verdict", "numbers"), [("wrong", KV_WRONG), ("binary", GIB_PRINTED)])
def test_how_many_prints_are_wrong(verdict: str, numbers: set[int]) -> None:
    """Ten cases print a wrong KV cache, three a GiB figure."""
    assert numbers == {case["number"] for case in CASES for term in case["kv"] if term["verdict"] == verdict}


@each_case
def test_printed_weights(case: Case) -> None:
    """The printed weights follow from the guide's parameter count and precision table."""
    assert recompute.within_rounding(case["weights"], recompute.own_weights(case))


@each_case
def test_bytes_per_parameter_are_the_catalogs(case: Case) -> None:
    """The catalog's formats carry the bytes per parameter that the guide uses."""
    key = {"fp4": "nvfp4"}.get(case["format"], case["format"])
    assert recompute.load().formats[key].guide_bytes == case["inputs"]["bytes_per_parameter"]


@each_case
def test_printed_overhead(case: Case) -> None:
    """The printed overhead is 15 % of the printed parts, cut or rounded."""
    share = guide.OVERHEAD_PERCENT / (100 + guide.OVERHEAD_PERCENT)
    assert recompute.within_rounding(case["overhead"], recompute.printed_total(case) * share)


@each_case
def test_printed_total(case: Case) -> None:
    """The printed total is the sum of the printed parts."""
    parts = [case["weights"], case["activations"], case["overhead"], *(term["printed"] for term in case["kv"])]
    assert recompute.within_rounding(case["total"], sum(float(part) for part in parts) * recompute.GB)


@each_case
def test_own_method(case: Case) -> None:
    """The total by the guide's method with its true KV cache is the figure that the page states."""
    assert recompute.within_rounding(case["own_total"], recompute.own_total(case))


@each_term
def test_real_cache(case: Case, term: Case) -> None:
    """The real cache of each term follows from the catalog's layers."""
    inputs = case["inputs"]
    by_term = {
        "KV cache": lambda: recompute.real_kv(
            case["model"], batch=inputs["batch"], sequence_tokens=inputs["sequence_tokens"]
        ),
        "encoder KV cache": lambda: 0,
        "decoder KV cache": lambda: recompute.real_kv(
            case["model"], batch=inputs["batch"], sequence_tokens=inputs["text_tokens"]
        ),
        "cross-attention": lambda: recompute.real_cross(case["model"], batch=inputs["batch"]),
    }
    assert term["real"] == by_term[term["term"]]()


UNWINDOWED = [case for case in CASES if case["number"] not in (8, 16, 20)]


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case["number"])) for case in UNWINDOWED])
def test_engine_agrees_on_the_real_cache(case: Case) -> None:
    """vLLM's plan for the same load keeps these very bytes, where no layer is windowed."""
    load = {key: case["inputs"][key] for key in ("batch", "sequence_tokens")}
    deployment = recompute.deployment(case["model"], **load)
    assert case["kv"][0]["real"] == estimate(deployment).memory.kv_cache


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case["number"])) for case in MEANT_FOR_ONE_H100])
def test_production_batches_exceed_the_card_by_the_guides_method(case: Case) -> None:
    """None of the five batches that should fit an H100 80GB does so by the guide's own method."""
    assert recompute.own_total(case) > recompute.gpu(recompute.H100).visible_bytes


def test_one_h100_does_not_hold_90_gb() -> None:
    """Case 3 asks for 90 GB and names an H100 80GB, which reports 81,559 MiB."""
    case = CASES[2]
    assert case["stated_gb"] * recompute.GB > recompute.gpu(recompute.H100).visible_bytes
    assert [1, recompute.H100] in case["gpus"]


def test_llama_70b_weights_fit_an_h100_at_8_bits() -> None:
    """Case 22 says that the weights alone exceed 80 GB; at one byte each they do not."""
    count = parameter_count(recompute.model(CASES[21]["model"]).architecture)
    assert count < 80 * recompute.GB


def test_activation_share_is_the_median_of_the_cases() -> None:
    """The activations of `method guide` are the median share of weights and KV cache in the cases, in percent."""
    shares = [
        float(case["activations"]) / (float(case["weights"]) + sum(float(term["printed"]) for term in case["kv"]))
        for case in CASES
    ]
    assert round(100 * median(shares)) == guide.CASE_ACTIVATION_PERCENT


def test_no_case_uses_the_activation_formula() -> None:
    """The stated activation formula gives more than any case takes, even with its smallest factor."""
    stated = {
        case["number"]: recompute.by_law(
            "guide_activations", {**case["inputs"], "activation_factor": guide.ACTIVATION_FACTORS[0]}
        )
        for case in CASES
        if "num_hidden_layers" in case["inputs"] and "hidden_size" in case["inputs"]
    }
    assert [] == [
        case["number"]
        for case in CASES
        if case["number"] in stated and float(case["activations"]) * recompute.GB >= stated[case["number"]]
    ]


def test_head_dim_of_case_19() -> None:
    """Case 19's head_dim of 80 is hidden_size / heads; the config says 128."""
    architecture = recompute.model("Qwen/Qwen3-32B").architecture
    attention = recompute.attention("Qwen/Qwen3-32B")
    derived = compiled.guide_head_dim(
        hidden_size=architecture.hidden_size, num_attention_heads=attention.num_attention_heads
    )
    assert (80, 128) == (derived, attention.head_dim)


def test_gemma_without_its_window() -> None:
    """Case 20 in an engine that stores every layer in full: 149.8 GB instead of 34.6."""
    case, attention = CASES[19], recompute.attention(CASES[19]["model"])
    full = compiled.guide_kv_cache_gqa(
        num_hidden_layers=recompute.model(case["model"]).architecture.num_hidden_layers,
        num_key_value_heads=attention.num_key_value_heads,
        head_dim=attention.head_dim,
        batch=case["inputs"]["batch"],
        sequence_tokens=case["inputs"]["sequence_tokens"],
        element_bytes=recompute.KV_BYTES,
    )
    assert ("149.8", "34.6") == (f"{full / recompute.GB:.1f}", f"{case['kv'][0]['real'] / recompute.GB:.1f}")


@pytest.mark.parametrize(("number", "needed"), [(17, "73.8"), (20, "62.1"), (22, "74.6")])
def test_weights_and_cache_alone(number: int, needed: str) -> None:
    """Real weights at one byte each and the real cache, in GB, as the findings state them."""
    case = CASES[number - 1]
    count = parameter_count(recompute.model(case["model"]).architecture)
    assert needed == f"{(count + case['kv'][0]['real']) / recompute.GB:.1f}"


def test_llama_70b_with_its_16_bit_parts() -> None:
    """Case 22 with embeddings and output head in 16 bits: 72.7 GB of weights, 76.7 GB with the cache."""
    case = CASES[21]
    architecture = recompute.model(case["model"]).architecture
    plain = 2 * architecture.vocab_size * architecture.hidden_size
    weights = parameter_count(architecture) + plain
    both = weights + case["kv"][0]["real"]
    assert ("72.7", "76.7") == (f"{weights / recompute.GB:.1f}", f"{both / recompute.GB:.1f}")


def test_late_cases_are_a_quarter_to_a_half_too_small() -> None:
    """Cases 17 to 22 print 27 to 51 % less than their own formula gives."""
    shortfalls = [
        1 - recompute.printed_bytes(term["printed"]) / term["bytes"] for case in CASES[16:] for term in case["kv"]
    ]
    assert (27, 51) == (round(100 * min(shortfalls)), round(100 * max(shortfalls)))


@pytest.mark.parametrize("number", [3, 9])
def test_some_prints_are_those_of_2000_tokens(number: int) -> None:
    """Cases 3 and 9 print the KV cache of 2,000 tokens; both work with 2,048."""
    case = CASES[number - 1]
    (term,) = case["kv"]
    shorter = recompute.by_law(term["law"], {**case["inputs"], "sequence_tokens": 2000})
    assert "right" == recompute.verdict(term["printed"], shorter)


@pytest.mark.parametrize(("number", "utilization"), [(18, 0.90), (21, 0.93)])
def test_printed_totals_against_the_guides_own_rule(number: int, utilization: float) -> None:
    """Case 18 leaves 2.4 GB of 72, not 10; case 21 exceeds its own 0.93 of 80 GB."""
    left = utilization * 80 - float(CASES[number - 1]["total"])
    assert {18: 2.4, 21: -0.7}[number] == pytest.approx(left)
