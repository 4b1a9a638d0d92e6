"""llama.cpp: sizes of GGUF files, cache and compute buffers that it logged, and layers over several GPUs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.load import load
from catalog.types import Architecture, Gpu
from formulas import compiled
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.engines import engine
from formulas.engines.ik_llama_mixtures import IK_MIXTURES
from formulas.engines.llama_cpp_cache import Formats, Slots, cache_bytes, layer_keeps
from formulas.engines.llama_cpp_compute import Card, compute_buffer
from formulas.engines.llama_cpp_mixtures import MIXTURES
from formulas.engines.llama_cpp_plan import layer_bounds
from formulas.engines.llama_cpp_weights import fitting_type, gguf_weights
from formulas.estimate import estimate
from formulas.tensors import parameter_count
from tests.formulas.deployments import card

MIB = 2**20
GB = 10**9


def run(
    model: str,
    *,
    weights: str = "q4_k_m",
    kv_cache: str = "fp16",
    gpu: Gpu | None = None,
    batch: int = 1,
    tokens: int = 8192,
    build: str = "10919",
    layout: Layout | None = None,
    settings: Settings | None = None,
) -> Deployment:
    """A llama-server with a model of the catalog."""
    catalog = load()
    return Deployment(
        model=catalog.models[model],
        weights=catalog.formats[weights],
        kv_cache=catalog.formats[kv_cache],
        formats=catalog.formats,
        gpu=gpu or card(23.57, capability=8.6),
        engine="llama.cpp",
        engine_version=version(build),
        layout=layout or Layout(),
        settings=settings or Settings(),
        load=Load(batch=batch, sequence_tokens=tokens),
    )


LLAMA_8B, LLAMA_70B, QWEN_30B = "meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-70B", "Qwen/Qwen3-30B-A3B"


@pytest.mark.parametrize(
    ("weights", "gigabytes"),
    [
        ("q2_k", 3.18), ("q3_k_s", 3.66), ("q3_k_m", 4.02), ("q3_k_l", 4.32), ("iq4_xs", 4.45), ("q4_0", 4.66),
        ("q4_k_s", 4.69), ("q4_k_m", 4.92), ("q5_k_s", 5.60), ("q5_k_m", 5.73), ("q6_k", 6.60), ("q8_0", 8.54),
    ],
)  # fmt: skip
def test_published_8b_files(weights: str, gigabytes: float) -> None:
    """Files of Llama-3.1-8B-Instruct as published (GB of 10^9), which hold 7 to 10 MB of vocabulary besides."""
    size = gguf_weights(run(LLAMA_8B, weights=weights), compiled).file
    assert gigabytes == pytest.approx(size / GB, rel=0.004)


@pytest.mark.parametrize(
    ("weights", "bits"),
    [
        ("iq1_s", 2.0042), ("iq1_m", 2.1460), ("iq2_xxs", 2.3824), ("iq2_xs", 2.5882), ("iq2_s", 2.7403),
        ("iq2_m", 2.9294), ("iq3_xxs", 3.2548), ("iq3_xs", 3.4977), ("iq3_s", 3.6606), ("iq3_m", 3.7628),
        ("q2_k_s", 2.9697), ("q2_k", 3.1593), ("q3_k_s", 3.6429), ("q3_k_l", 4.2979), ("q4_k_s", 4.6672),
        ("q4_k_m", 4.8944), ("q5_k_s", 5.5704), ("q5_k_m", 5.7036), ("q6_k", 6.5633), ("q8_0", 8.5008),
    ],
)  # fmt: skip
def test_bits_per_weight_of_the_quantize_table(weights: str, bits: float) -> None:
    """llama.cpp tools/quantize/README.md (311c2c9), Llama-3.1-8B: equal to the fourth digit."""
    deployment = run(LLAMA_8B, weights=weights)
    size = gguf_weights(deployment, compiled).file
    assert bits == pytest.approx(8 * size / parameter_count(deployment.model.architecture), abs=0.0001)


@pytest.mark.parametrize(
    ("model", "weights", "bits"),
    [
        (LLAMA_70B, "q2_k", 2.99), (LLAMA_70B, "q3_k_m", 3.89), (LLAMA_70B, "iq4_xs", 4.30),
        (LLAMA_70B, "q4_k_m", 4.82),
        (LLAMA_70B, "q5_k_m", 5.66), (LLAMA_70B, "q6_k", 6.56), (QWEN_30B, "q2_k", 2.95), (QWEN_30B, "q3_k_s", 3.48),
        (QWEN_30B, "q4_0", 4.53), (QWEN_30B, "q4_k_s", 4.57), (QWEN_30B, "q4_k_m", 4.86), (QWEN_30B, "q5_k_m", 5.69),
        (QWEN_30B, "q8_0", 8.51),
    ],
)  # fmt: skip
def test_bits_per_weight_of_other_models(model: str, weights: str, bits: float) -> None:
    """Bits per weight by the types that llama-quant.cpp picks for a 70B (values lifted) and a mixture of experts."""
    deployment = run(model, weights=weights)
    size = gguf_weights(deployment, compiled).file
    assert bits == pytest.approx(8 * size / parameter_count(deployment.model.architecture), rel=0.003)


@pytest.mark.parametrize(
    ("model", "weights", "bytes_"),
    [
        (LLAMA_8B, "iq2_ks", 2.30 * 2**30),
        ("Qwen/Qwen3-235B-A22B", "iq4_kss", 114.093 * 2**30),
        ("deepseek-ai/DeepSeek-R1-0528", "iq3_kt", 272.527 * 2**30),
        ("moonshotai/Kimi-K2-Instruct", "iq3_ks", 430.908 * 2**30),
    ],
)
def test_files_of_ik_llama(model: str, weights: str, bytes_: float) -> None:
    """Sizes that ik_llama.cpp printed in its pull requests 85, 529 and 642 and in a log of Kimi K2: within 1.5 %."""
    assert bytes_ == pytest.approx(gguf_weights(run(model, weights=weights), compiled).file, rel=0.015)


@pytest.mark.parametrize(
    ("model", "weights", "device_mib", "host_mib", "within"),
    [
        ("openai/gpt-oss-120b", "mxfp4", 58.44891 * 1024, None, 0.0001),
        ("microsoft/Phi-3-mini-4k-instruct", "q4_k_m", 2.17658 * 1024, None, 0.003),
        ("BAAI/bge-small-en-v1.5", "fp16", 40.73, 23.11, 0.02),
        ("Qwen/Qwen3.5-9B", "q4_k_m", None, 545.62, 0.0001),
        ("CohereLabs/c4ai-command-r-v01", "q4_k_m", None, 1640.62, 0.0001),
    ],
)
def test_logged_model_buffers(
    model: str, weights: str, device_mib: float | None, host_mib: float | None, within: float
) -> None:
    """Public logs: buffers on the GPU and, for the token embedding, in host memory."""
    sizes = gguf_weights(run(model, weights=weights), compiled)
    if device_mib:
        assert device_mib == pytest.approx((sum(sizes.layers) + sizes.output) / MIB, rel=within)
    if host_mib:
        assert host_mib == pytest.approx(sizes.host / MIB, rel=within)


@pytest.mark.parametrize("key", sorted(MIXTURES | IK_MIXTURES))
def test_mixtures_name_known_formats(key: str) -> None:
    """Every type of every mixture is a row of formats.toml."""
    mixture, known = (MIXTURES | IK_MIXTURES)[key], load().formats
    types = {mixture.base, mixture.output, *(rule.type for rule in mixture.rules)}
    assert types <= set(known)


@pytest.mark.parametrize(
    ("key", "columns", "expected"),
    [
        ("q4_k_block", 4096, "q4_k_block"), ("q4_k_block", 2880, "q5_0"), ("q6_k", 2880, "q8_0"),
        ("q3_k_block", 2880, "q4_0"),
        ("iq3_s_block", 2880, "iq4_nl"), ("q8_0", 2880, "q8_0"), ("q5_k_block", 1000, "fp16"), ("bf16", 1000, "bf16"),
    ],
)  # fmt: skip
def test_rows_that_blocks_do_not_divide(key: str, columns: int, expected: str) -> None:
    """llama-quant.cpp tensor_type_fallback: blocks of 32 instead of 256, else fp16."""
    assert expected == fitting_type(key, columns)


LOGGED_CACHES = [
    ("openai/gpt-oss-20b", "fp16", Slots(1, 131072, 512), 3090.00, "ggml CANN log 2025-08: 3072 + 18"),
    ("CohereLabs/c4ai-command-r-v01", "fp16", Slots(1, 4096, 512), 5120.00, "llama.cpp#6122"),
    ("zai-org/GLM-4-32B-0414", "q8_0", Slots(1, 5120, 512), 162.03, "ik_llama.cpp#344"),
    ("google/gemma-4-E4B-it", "fp16", Slots(1, 32768, 512), 552.00, "ollama log: 512 + 40"),
    ("google/gemma-4-E4B-it", "q8_0", Slots(1, 65536, 512), 565.25, "Vulkan log: 544 + 21.25"),
    ("google/gemma-4-26B-A4B", "q8_0", Slots(1, 262144, 512), 2879.38, "log 2026: 2720 + 159.38"),
    ("deepseek-ai/DeepSeek-R1", "q8_0", Slots(1, 32768, 512), 1.13928 * 1024, "ik_llama.cpp quick start"),
    ("deepseek-ai/DeepSeek-R1", "fp16", Slots(1, 20480, 4096), 1372.50, "ik_llama.cpp log, two GPUs: 697.5 + 675"),
    ("meta-llama/Meta-Llama-3-8B", "fp16", Slots(1, 8192, 512), 1024.00, "log 2024-05"),
    ("microsoft/Phi-3-mini-4k-instruct", "fp16", Slots(1, 4096, 512), 1536.00, "log 2025-05 and RTX 5060 run"),
    ("mistralai/Mistral-7B-v0.1", "fp16", Slots(1, 8192, 256), 1024.00, "log 2025-06"),
    (
        "mistralai/Mistral-Nemo-Instruct-2407",
        "q8_0",
        Slots(4, 8192, 512, unified=True),
        680.00,
        "llama-server log 2025-12",
    ),
    ("Qwen/Qwen3-235B-A22B", "q8_0", Slots(1, 40960, 512), 3995.00, "ik_llama.cpp log"),
    ("Qwen/Qwen3.5-9B", "q8_0", Slots(2, 262144, 512, unified=True), 4352.00 + 100.50, "12 GB card log: cache + state"),
    ("MiniMaxAI/MiniMax-M2.5", "q8_0", Slots(1, 87296, 512), 11231.69, "llama.cpp#21610"),
    ("MiniMaxAI/MiniMax-M2", "q8_0", Slots(1, 65536, 512), 8432.00, "log 2026"),
    ("MiniMaxAI/MiniMax-M2", "q4_0", Slots(1, 65536, 512), 4464.00, "log 2026"),
]
"""Model, cache type, slots, logged MiB, source. Left out: GLM-4.5-Air (47th layer is the prediction layer)."""


@pytest.mark.parametrize(
    ("model", "kv_cache", "slots", "mebibytes", "source"), LOGGED_CACHES, ids=lambda value: str(value)[:24]
)
def test_logged_caches(model: str, kv_cache: str, slots: Slots, mebibytes: float, source: str) -> None:
    """Cache sizes in public logs, to the log's last digit."""
    deployment = run(model, kv_cache=kv_cache)
    formats = Formats(deployment.kv_cache, deployment.kv_cache)
    keeps = tuple(layer_keeps(deployment.model.architecture, formats, compiled))
    assert mebibytes == pytest.approx(cache_bytes(keeps, slots, compiled) / MIB, abs=0.02), source


LOGGED_BUFFERS = [
    ("meta-llama/Meta-Llama-3-8B", "fp16", 8192, 512, "3000", 560.00),
    ("meta-llama/Meta-Llama-3-8B", "fp16", 512, 512, "3000", 258.50),
    ("mistralai/Mistral-7B-v0.1", "fp16", 8192, 256, "5000", 280.00),
    ("microsoft/Phi-3-mini-4k-instruct", "fp16", 4096, 256, "5000", 150.00),
    ("BAAI/bge-small-en-v1.5", "fp16", 512, 2048, "5000", 16.00),
    ("zai-org/GLM-4-32B-0414", "fp16", 5120, 512, "6400", 308.00),
    ("zai-org/GLM-4.5-Air", "fp16", 131072, 4096, "6400", 3584.03),
]
"""Model, cache type, context, n_ubatch, a build with its defaults for flash attention, logged MiB."""


@pytest.mark.parametrize(("model", "kv_cache", "tokens", "micro_batch", "build", "mebibytes"), LOGGED_BUFFERS)
def test_logged_compute_buffers(
    model: str, kv_cache: str, tokens: int, micro_batch: int, build: str, mebibytes: float
) -> None:
    """Compute buffers in public logs: within 15 %, the band that the answer carries."""
    deployment = run(model, kv_cache=kv_cache, build=build)
    everything = Card(deployment.model.architecture.kinds, head=True, several=False)
    size = compute_buffer(deployment, everything, Slots.of(1, tokens, micro_batch, compiled), compiled)
    assert mebibytes == pytest.approx(size / MIB, rel=0.15)


def test_long_context_without_flash_attention() -> None:
    """Llama-3-8B at 131,072 tokens: 8.28 GiB logged."""
    deployment = run("meta-llama/Meta-Llama-3-8B", build="3000")
    everything = Card(deployment.model.architecture.kinds, head=True, several=False)
    size = compute_buffer(deployment, everything, Slots.of(1, 131072, 512, compiled), compiled)
    assert 8.28 == pytest.approx(size / 2**30, abs=0.01)


@given(layers=st.integers(1, 130), count=st.integers(1, 16))
def test_layers_are_divided_without_a_rest(layers: int, count: int) -> None:
    """Every layer lies on one GPU, in order, and the last GPU has the fewest because it holds the output head."""
    bounds = layer_bounds(layers, min(count, layers))
    assert bounds[0][0] == 0
    assert bounds[-1][1] == layers
    assert all(end == start for (_, end), (start, _) in pairwise(bounds))
    assert min(end - start for start, end in bounds) == bounds[-1][1] - bounds[-1][0]


def test_two_cards_hold_half_each() -> None:
    """Layers are spread: the fuller of two cards holds a little more than half of what one would."""
    alone, two = (estimate(run(LLAMA_8B, layout=Layout(pipeline_parallel=count))).memory for count in (1, 2))
    assert 0.45 * alone.weights < two.weights < 0.6 * alone.weights
    assert two.kv_cache == pytest.approx(alone.kv_cache / 2, rel=0.07)


def test_slots_multiply_the_context() -> None:
    """Each slot has its own cells, in steps of 256."""
    one, four = (estimate(run(LLAMA_8B, batch=batch, tokens=1000)).memory.kv_cache for batch in (1, 4))
    assert [1024 * 131_072, 4 * 1024 * 131_072] == [one, four]


def test_fit_leaves_a_margin() -> None:
    """1 GiB of the card stays free unless a share is stated."""
    visible = card(24).visible_bytes
    stated = run(LLAMA_8B, gpu=card(24), settings=Settings(utilization=0.9))
    assert visible - 2**30 == estimate(run(LLAMA_8B, gpu=card(24))).usable
    assert int(visible * 0.9) == estimate(stated).usable


def test_pool_is_the_largest_context() -> None:
    """The context that is printed fits in one slot, one step of 256 cells more does not."""
    deployment = run(LLAMA_8B)
    tokens = estimate(deployment).plan.pool(sequence_tokens=8192).tokens
    assert tokens % 256 == 0
    assert estimate(deployment.at(sequence_tokens=tokens)).fits
    assert not estimate(deployment.at(sequence_tokens=tokens + 1)).fits


def test_offload_fills_the_card() -> None:
    """Qwen3-32B on 16 GB: some layers stay in host memory, and nothing is lost between the two."""
    deployment = run("Qwen/Qwen3-32B", gpu=card(15.7))
    offload = engine("llama.cpp").plan(deployment, compiled).offload()  # type: ignore[attr-defined]
    whole = gguf_weights(deployment, compiled).file + 8192 * 64 * 8 * 256 * 2
    assert 0 < offload.gpu_layers < 65
    assert whole == offload.memory.weights + offload.memory.kv_cache + offload.host
    assert offload.memory.total <= estimate(deployment).usable


def test_stated_layers_are_those_that_the_card_holds() -> None:
    """-ngl 20: the output head and the last 19 layers, each with its cache; -ngl 0 leaves a buffer alone."""
    whole, some, none = (
        estimate(run("Qwen/Qwen3-32B", settings=Settings(gpu_layers=count))).memory for count in (99, 20, 0)
    )
    weights = gguf_weights(run("Qwen/Qwen3-32B"), compiled)
    assert sum(weights.layers[-19:]) + weights.output == some.weights
    assert whole.kv_cache * 19 == some.kv_cache * 64
    assert (0, 0) == (none.weights, none.kv_cache)


def test_keys_and_values_have_formats_of_their_own() -> None:
    """-ctk q8_0 -ctv q4_0: 8.5 and 4.5 bits."""
    caches = {
        value: estimate(run("Qwen/Qwen3-32B", kv_cache="q8_0", settings=Settings(value_cache=value))).memory.kv_cache
        for value in ("q8_0", "q4_0")
    }
    assert caches["q8_0"] * 13 == caches["q4_0"] * 17


def test_full_windows_keep_the_whole_context() -> None:
    """--swa-full: Gemma 3 keeps 62 layers of 32,768 cells, 16 heads of 2 x 128 numbers of 2 bytes each."""
    memory = estimate(run("google/gemma-3-27b-it", tokens=32768, settings=Settings(full_windows=True))).memory
    assert 62 * 32768 * 16 * 256 * 2 == memory.kv_cache


def test_shared_slots_keep_a_window_each() -> None:
    """Four slots share 32,768 cells in full layers; windowed ones keep 4 x 1,024 and a micro batch."""
    memory = estimate(run("google/gemma-3-27b-it", tokens=32768, settings=Settings(shared_slots=4))).memory
    assert (10 * 32768 + 52 * (4 * 1024 + 512)) * 16 * 256 * 2 == memory.kv_cache


def test_encoders_had_a_cache_until_may_2025() -> None:
    """bge-small at 512 tokens: 9.00 MiB in a log of build 4600, none from 5261 on."""
    old, new = (
        estimate(run("BAAI/bge-small-en-v1.5", weights="fp16", tokens=512, build=build)).memory.kv_cache
        for build in ("4600", "5300")
    )
    assert (9 * MIB, 0) == (old, new)


def test_everything_fits_means_everything_offloaded() -> None:
    """-ngl 33 for a model of 32 layers on a large card; only the token embedding stays in host memory."""
    deployment = run(LLAMA_8B, gpu=card(80))
    offload = engine("llama.cpp").plan(deployment, compiled).offload()  # type: ignore[attr-defined]
    assert (33, gguf_weights(deployment, compiled).host) == (offload.gpu_layers, offload.host)


def test_unified_memory_holds_the_embedding_too() -> None:
    """Host and GPU memory are one there."""
    unified = card(119.7).model_copy(update={"unified_memory": True})
    apart, together = (estimate(run(LLAMA_8B, gpu=gpu)).memory.weights for gpu in (card(119.7), unified))
    assert together - apart == gguf_weights(run(LLAMA_8B), compiled).host


def test_encoders_cache_nothing() -> None:
    """An embedding model needs weights and a compute buffer alone."""
    memory = estimate(run("intfloat/multilingual-e5-large", weights="fp16", batch=4, tokens=512)).memory
    assert memory.kv_cache == 0
    assert memory.activations > 0


def test_every_model_of_the_catalog_has_a_size() -> None:
    """Weights of every architecture as q8_0 lie between 8 and 17 bits per parameter: small tensors stay in fp32."""
    catalog = load()
    seen: dict[int, tuple[str, Architecture]] = {
        id(m.architecture): (m.id, m.architecture) for m in catalog.models.values()
    }
    for name, architecture in seen.values():
        sizes = gguf_weights(run(name, weights="q8_0"), compiled)
        bits = 8 * (sizes.file + sizes.extra) / parameter_count(architecture)
        assert 8.0 < bits < 17, name


def on_gpu(model: str, gpu: Gpu | None = None, **settings: Any) -> int:
    """Bytes of weights on the card."""
    return estimate(run(model, gpu=gpu, settings=Settings(**settings))).memory.weights


def test_experts_in_host_memory() -> None:
    """Of 48 layers with 128 experts of 3 matrices of 768 by 2,048, those of the first layers leave the card."""
    sizes = gguf_weights(run(QWEN_30B, weights="q8_0"), compiled).experts
    assert (48, 128 * 3 * 768 * 2048 * 34 // 32) == (len(sizes), sizes[0])
    taken = [on_gpu(QWEN_30B) - on_gpu(QWEN_30B, host_experts=count) for count in (0, 20, 48, 999)]
    experts = gguf_weights(run(QWEN_30B), compiled).experts
    assert [0, sum(experts[:20]), sum(experts), sum(experts)] == taken


def test_experts_in_host_memory_are_copied_one_matrix_at_a_time() -> None:
    """Prompts are computed on the card all the same, and the band knows that this was not measured."""
    with_host = estimate(run(QWEN_30B, settings=Settings(host_experts=20)))
    without = estimate(run(QWEN_30B))
    copied = max(gguf_weights(run(QWEN_30B), compiled).experts[:20]) // 3
    assert copied == with_host.memory.activations - without.memory.activations
    assert copied == with_host.plan.band["activations"] - without.plan.band["activations"]


@pytest.mark.parametrize("model", [LLAMA_8B, LLAMA_70B])
def test_a_dense_model_has_no_experts(model: str) -> None:
    """The same settings change nothing of it."""
    assert on_gpu(model) == on_gpu(model, host_experts=20)


def test_a_tower_is_a_file_of_its_own() -> None:
    """Without it the vision tower's 16 bits leave the card."""
    model = "google/gemma-3-27b-it"
    parameters = sum(tower.parameters for tower in load().models[model].architecture.towers)
    assert 2 * parameters == on_gpu(model) - on_gpu(model, language_model_only=True)
