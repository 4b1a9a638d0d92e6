"""Claims that hold for every engine but vLLM, over the same random architectures."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from formulas.deployment import Deployment, Layout, Settings
from formulas.engines import engine
from formulas.estimate import estimate
from formulas.explain import derivation
from formulas.solve import LONGEST_TOKENS, MOST_SEQUENCES, fewest_gpus, largest_batch, longest_sequence
from tests.formulas.deployments import H100, MODELS, card, deploy, model

RELEASES = {
    "llama.cpp": ["3000", "7000", "10919"],
    "sglang": ["0.4.3", "0.5.10", "0.5.23"],
    "tgi": ["2.2.0", "3.3.7"],
    "tensorrt-llm": ["0.20.0", "1.2.0"],
    "transformers": ["4.44.0", "5.23.0"],
}
WEIGHTS = {"llama.cpp": ["q4_k_m", "q8_0", "iq3_xxs", "fp16", "mxfp4"]}
KV_CACHES = {"llama.cpp": ["fp16", "q8_0", "q4_0"], "sglang": ["bf16", "fp8"]}
KEYS = sorted(RELEASES)


@st.composite
def deployments(draw: st.DrawFn, key: str) -> Deployment:
    """Any architecture on any card under any load, by this engine."""
    release = draw(st.sampled_from(RELEASES[key]))
    layout = Layout(tensor_parallel=draw(st.sampled_from([1, 2, 4])), data_parallel=draw(st.sampled_from([1, 2])))
    return deploy(
        draw(st.sampled_from(sorted(MODELS))),
        weights=draw(st.sampled_from(WEIGHTS.get(key, ["bf16", "fp8", "int4"]))),
        kv_cache=draw(st.sampled_from(KV_CACHES.get(key, ["bf16"]))),
        gpu=card(draw(st.floats(20, 400))),
        batch=draw(st.integers(1, 64)),
        tokens=draw(st.integers(1, 40000)),
        release=release,
        layout=layout,
    ).change(engine=key)


def fits(deployment: Deployment) -> bool:
    return estimate(deployment).fits


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data())
@settings(max_examples=25)
def test_memory_grows_with_batch_and_length(key: str, data: st.DataObject) -> None:
    """One more sequence or one more token never needs less."""
    deployment = data.draw(deployments(key))
    load, here = deployment.load, estimate(deployment).memory.total
    assert here <= estimate(deployment.at(batch=load.batch + 1)).memory.total
    assert here <= estimate(deployment.at(sequence_tokens=load.sequence_tokens + 1)).memory.total


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data())
@settings(max_examples=25)
def test_parts_are_whole_and_usable_is_fixed(key: str, data: st.DataObject) -> None:
    """Four whole numbers, none negative; what is usable and its share do not depend on the load."""
    deployment = data.draw(deployments(key))
    result = estimate(deployment)
    memory = result.memory
    parts = (memory.weights, memory.kv_cache, memory.activations, memory.overhead)
    assert all(isinstance(part, int) and part >= 0 for part in parts)
    assert result.usable == estimate(deployment.at(batch=1, sequence_tokens=1)).usable
    assert 0 <= result.plan.utilization <= 1


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data())
@settings(max_examples=25)
def test_largest_batch(key: str, data: st.DataObject) -> None:
    """The largest batch fits and one more does not."""
    deployment = data.draw(deployments(key))
    most = largest_batch(deployment, estimate(deployment).plan)
    assume(most < MOST_SEQUENCES)
    assert most == 0 or fits(deployment.at(batch=most))
    assert not fits(deployment.at(batch=most + 1))


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data())
@settings(max_examples=25)
def test_longest_sequence(key: str, data: st.DataObject) -> None:
    """The longest sequence fits and one token more does not."""
    deployment = data.draw(deployments(key))
    longest = longest_sequence(deployment, estimate(deployment).plan)
    assume(longest < LONGEST_TOKENS)
    assert longest == 0 or fits(deployment.at(sequence_tokens=longest))
    assert not fits(deployment.at(sequence_tokens=longest + 1))


@pytest.mark.parametrize("key", KEYS)
def test_fewest_gpus(key: str) -> None:
    """A 32B model on 24 GB cards needs several, in a layout that the engine accepts."""
    weights = "q8_0" if key == "llama.cpp" else "bf16"
    deployment = deploy("qwen3-32b", weights=weights, gpu=card(23.57), release=RELEASES[key][-1]).change(engine=key)
    found = fewest_gpus(deployment)
    assert found is not None
    assert found.fits
    assert found.deployment.layout.gpu_count > 1
    assert engine(key).layout_problem(deployment.model, found.deployment.layout) is None


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", sorted(MODELS))
def test_derivation_uses_laws_alone(key: str, name: str) -> None:
    """The derivation of every architecture ends, and its laws are those of the answer."""
    weights = WEIGHTS.get(key, ["bf16"])[0]
    deployment = deploy(name, weights=weights, release=RELEASES[key][-1]).change(engine=key)
    assert len(derivation(deployment)) > 3


@pytest.mark.parametrize("key", KEYS)
def test_pool_holds_its_tokens(key: str) -> None:
    """A sequence as long as the printed pool fits, one twice as long does not."""
    weights = WEIGHTS.get(key, ["bf16"])[0]
    deployment = deploy("llama-3.1-8b", weights=weights, release=RELEASES[key][-1]).change(engine=key)
    tokens = estimate(deployment).plan.pool(sequence_tokens=8192).tokens
    assert fits(deployment.at(sequence_tokens=tokens - 64))
    assert not fits(deployment.at(sequence_tokens=2 * tokens))


@pytest.mark.parametrize("key", KEYS)
def test_other_processes_take_their_share(key: str) -> None:
    """With half of the card free there is less to use."""
    weights = WEIGHTS.get(key, ["bf16"])[0]
    whole = deploy("llama-3.1-8b", weights=weights, release=RELEASES[key][-1]).change(engine=key)
    half = whole.change(settings=Settings(free_bytes=H100.visible_bytes // 2))
    assert estimate(half).usable < estimate(whole).usable


@pytest.mark.parametrize("key", KEYS)
def test_defaults(key: str) -> None:
    """A share between 0 and 1, a known cache format, and NVIDIA cards supported."""
    chosen = engine(key)
    assert 0 < chosen.utilization(chosen.latest) <= 1
    assert chosen.kv_cache(model("qwen3-32b"), H100) in ("bf16", "fp16")
    assert chosen.supports(H100)
