"""Readers of config.json: what each family is built of, and how damaged or unknown configs are refused."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.architectures import UnknownArchitecture, model_types, read
from catalog.architectures.registry import readers
from catalog.load import load
from catalog.types import (
    Architecture,
    Attention,
    CompressedAttention,
    GatedDeltaNet,
    LatentAttention,
    Layer,
    Mamba2,
    Moe,
)

MODELS = load().models


def architecture(name: str) -> Architecture:
    return MODELS[name].architecture


def mixer_name(layer: Layer) -> str:
    """One word for what a layer does with tokens."""
    mixer = layer.mixer
    if isinstance(mixer, Attention):
        if mixer.sliding_window:
            return f"window {mixer.sliding_window}"
        return f"chunk {mixer.attention_chunk_size}" if mixer.attention_chunk_size else "full"
    if mixer is None:
        return "cross" if layer.cross_attention else "none"
    return mixer.kind


def mixers(found: Architecture) -> dict[str, int]:
    """How many layers there are of each kind of mixer."""
    return dict(sum((Counter({mixer_name(layer): count}) for layer, count in found.counts), Counter[str]()))


LAYERS: list[tuple[str, dict[str, int]]] = [
    ("meta-llama/Llama-3.3-70B-Instruct", {"full": 80}),
    ("Qwen/Qwen3-32B", {"full": 64}),
    ("Qwen/Qwen2.5-7B-Instruct", {"full": 28}),
    ("mistralai/Mistral-7B-v0.1", {"window 4096": 32}),
    ("mistralai/Mistral-7B-Instruct-v0.3", {"full": 32}),
    ("google/gemma-2-9b-it", {"window 4096": 21, "full": 21}),
    ("google/gemma-3-27b-it", {"window 1024": 52, "full": 10}),
    ("google/gemma-3-1b-it", {"window 512": 22, "full": 4}),
    ("google/gemma-4-E2B-it", {"window 512": 28, "full": 7}),
    ("openai/gpt-oss-120b", {"window 128": 18, "full": 18}),
    ("openai/gpt-oss-20b", {"window 128": 12, "full": 12}),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", {"chunk 8192": 36, "full": 12}),
    ("allenai/Olmo-3.1-32B-Instruct", {"window 4096": 48, "full": 16}),
    ("LGAI-EXAONE/EXAONE-4.0-32B", {"window 4096": 48, "full": 16}),
    ("microsoft/Phi-3-mini-4k-instruct", {"window 2047": 32}),
    ("microsoft/Phi-3.5-mini-instruct", {"full": 32}),
    ("XiaomiMiMo/MiMo-V2-Flash", {"window 128": 39, "full": 9}),
    ("stepfun-ai/Step-3.7-Flash", {"window 512": 33, "full": 12}),
    ("Qwen/Qwen3-Next-80B-A3B-Instruct", {"gated_delta_net": 36, "full": 12}),
    ("Qwen/Qwen3.5-27B", {"gated_delta_net": 48, "full": 16}),
    ("deepseek-ai/DeepSeek-V3", {"mla": 61}),
    ("deepseek-ai/DeepSeek-V4-Flash", {"compressed": 43}),
    ("moonshotai/Kimi-Linear-48B-A3B-Instruct", {"kimi_delta": 20, "mla": 7}),
    ("ai21labs/AI21-Jamba-1.5-Mini", {"mamba1": 28, "full": 4}),
    ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", {"mamba2": 23, "none": 23, "full": 6}),
    ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", {"full": 49, "none": 31}),
    ("ibm-granite/granite-4.0-h-small", {"mamba2": 36, "full": 4}),
    ("tiiuae/falcon-mamba-7b-instruct", {"mamba1": 64}),
    ("meta-llama/Llama-3.2-11B-Vision-Instruct", {"full": 32, "cross": 8}),
]
"""Kinds of layers, as the model cards and papers describe them."""


@pytest.mark.parametrize(("name", "expected"), LAYERS)
def test_layers_of_each_kind(name: str, expected: dict[str, int]) -> None:
    """Full, windowed, chunked, latent and state layers are told apart and counted."""
    assert expected == mixers(architecture(name))


HEADS: list[tuple[str, int, int, int]] = [
    ("Qwen/Qwen3-32B", 64, 8, 128),
    ("Qwen/Qwen3-0.6B", 16, 8, 128),
    ("google/gemma-3-27b-it", 32, 16, 128),
    ("google/gemma-3-4b-it", 8, 4, 256),
    ("mistralai/Mistral-Nemo-Instruct-2407", 32, 8, 128),
    ("openai/gpt-oss-120b", 64, 8, 64),
    ("tiiuae/falcon-7b", 71, 1, 64),
    ("tiiuae/falcon-180B", 232, 8, 64),
    ("THUDM/glm-4-9b", 32, 2, 128),
    ("zai-org/GLM-4.5", 96, 8, 128),
    ("microsoft/Phi-3-mini-4k-instruct", 32, 32, 96),
    ("openai-community/gpt2", 12, 12, 64),
    ("facebook/bart-large-cnn", 16, 16, 64),
    ("BAAI/bge-m3", 16, 16, 64),
]
"""Query heads, key-value heads, width of a head."""


@pytest.mark.parametrize(("name", "heads", "groups", "width"), HEADS)
def test_attention_heads(name: str, heads: int, groups: int, width: int) -> None:
    """Head width is read where it is given (Qwen3, Gemma 3, Mistral Nemo, gpt-oss) and derived where it is not."""
    mixer = architecture(name).kinds[0].mixer
    assert isinstance(mixer, Attention)
    assert (heads, groups, width) == (mixer.num_attention_heads, mixer.num_key_value_heads, mixer.head_dim)


EXPERTS: list[tuple[str, int, int, int, int]] = [
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", 32, 8, 2, 0),
    ("Qwen/Qwen3-235B-A22B", 94, 128, 8, 0),
    ("Qwen/Qwen3-Next-80B-A3B-Instruct", 48, 512, 10, 512),
    ("deepseek-ai/DeepSeek-R1", 58, 256, 8, 2048),
    ("moonshotai/Kimi-K2-Instruct", 60, 384, 8, 2048),
    ("zai-org/GLM-4.5", 89, 160, 8, 1536),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", 48, 16, 1, 8192),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", 24, 128, 1, 8192),
    ("openai/gpt-oss-120b", 36, 128, 4, 0),
    ("ai21labs/AI21-Jamba-1.5-Mini", 16, 16, 2, 0),
    ("XiaomiMiMo/MiMo-V2-Flash", 47, 256, 8, 0),
    ("databricks/dbrx-instruct", 40, 16, 4, 0),
]
"""Layers with experts, experts, experts a token is sent to, width of the shared experts."""


@pytest.mark.parametrize(("name", "layers", "experts", "routed", "shared"), EXPERTS)
def test_experts(name: str, layers: int, experts: int, routed: int, shared: int) -> None:
    """Dense layers before and between expert layers are found, whatever the family's key for them."""
    found = [(layer.feed_forward, count) for layer, count in architecture(name).counts]
    sparse = [(block, count) for block, count in found if isinstance(block, Moe)]
    block = sparse[0][0]
    assert layers == sum(count for _, count in sparse)
    assert (experts, routed) == (block.num_experts, block.num_experts_per_tok)
    assert shared == block.shared_expert_intermediate_size


def test_latent_attention_of_deepseek() -> None:
    """DeepSeek-V3 caches 512 + 64 numbers a token; V3.2 adds an index of 64 heads of 128, GLM-5.2 only in 21 layers."""
    mixer = architecture("deepseek-ai/DeepSeek-V3").kinds[0].mixer
    assert isinstance(mixer, LatentAttention)
    assert (512, 64, 128, 128) == (
        mixer.kv_lora_rank, mixer.qk_rope_head_dim, mixer.qk_nope_head_dim, mixer.v_head_dim,
    )  # fmt: skip
    indexed = architecture("deepseek-ai/DeepSeek-V3.2").kinds[0].mixer
    assert isinstance(indexed, LatentAttention)
    assert indexed.indexer is not None
    assert (64, 128) == (indexed.indexer.index_n_heads, indexed.indexer.index_head_dim)
    counts = architecture("zai-org/GLM-5.2").counts
    assert 21 == sum(count for layer, count in counts if getattr(layer.mixer, "indexer", None))


def test_compressed_attention_of_deepseek_v4() -> None:
    """DeepSeek-V4-Flash: two layers with the window alone, 21 compressed 4:1 with an index, 20 compressed 128:1."""
    found: Counter[tuple[int, bool]] = Counter()
    for layer, count in architecture("deepseek-ai/DeepSeek-V4-Flash").counts:
        assert isinstance(layer.mixer, CompressedAttention)
        found[layer.mixer.compress_ratio, layer.mixer.indexer is not None] += count
    assert {(0, False): 2, (4, True): 21, (128, False): 20} == found


def test_state_layers() -> None:
    """Linear layers carry the sizes of their state, and the dtype where the checkpoint fixes it."""
    delta = architecture("Qwen/Qwen3.5-27B").kinds[0].mixer
    assert isinstance(delta, GatedDeltaNet)
    assert (16, 48, 128, 128, 4, "float32") == (
        delta.linear_num_key_heads, delta.linear_num_value_heads, delta.linear_key_head_dim,
        delta.linear_value_head_dim, delta.linear_conv_kernel_dim, delta.state_dtype,
    )  # fmt: skip
    mamba = architecture("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16").kinds[0].mixer
    assert isinstance(mamba, Mamba2)
    assert (64, 64, 8, 128) == (mamba.num_heads, mamba.head_dim, mamba.n_groups, mamba.state_size)


def test_gemma_4() -> None:
    """Gemma 4's global layers have heads of their own, and E2B's last 20 layers share a cache."""
    wide = {layer.mixer.head_dim: layer.mixer for layer in architecture("google/gemma-4-31B-it").kinds if layer.mixer}
    assert {256: 16, 512: 4} == {width: mixer.num_key_value_heads for width, mixer in wide.items()}
    assert [False, True] == [wide[256].key_is_value, wide[512].key_is_value]
    shared = [count for layer, count in architecture("google/gemma-4-E2B-it").counts if layer.mixer.shares_cache]
    assert 20 == sum(shared)


WHISPERS = [("tiny", 4, 4, 51865), ("large-v3", 32, 32, 51866), ("large-v3-turbo", 32, 4, 51866)]


@pytest.mark.parametrize(("size", "encoder_layers", "decoder_layers", "vocabulary"), WHISPERS)
def test_whisper(size: str, encoder_layers: int, decoder_layers: int, vocabulary: int) -> None:
    """Whisper: 1,500 encoder positions, 448 tokens, cross attention in every decoder layer."""
    found = architecture(f"openai/whisper-{size}")
    assert found.encoder is not None
    assert (encoder_layers, decoder_layers) == (len(found.encoder.order), found.num_hidden_layers)
    assert (1500, 448, vocabulary) == (found.encoder.positions, found.max_position_embeddings, found.vocab_size)
    assert all(layer.cross_attention for layer in found.kinds)
    assert found.tie_word_embeddings


ENCODERS = [
    ("intfloat/multilingual-e5-large", 24, 512),
    ("BAAI/bge-m3", 24, 8192),
    ("BAAI/bge-large-en-v1.5", 24, 512),
    ("Alibaba-NLP/gte-multilingual-base", 12, 8192),
    ("sentence-transformers/all-MiniLM-L6-v2", 6, 512),
]


@pytest.mark.parametrize(("name", "layers", "longest"), ENCODERS)
def test_encoders(name: str, layers: int, longest: int) -> None:
    """Embedding models are encoders without an output head; RoBERTa's two reserved positions serve no token."""
    found = architecture(name)
    assert ("encoder", False) == (found.role, found.lm_head)
    assert (layers, longest) == (found.num_hidden_layers, found.max_position_embeddings)


TOWERS = [
    ("google/gemma-3-27b-it", 423_060_336),
    ("Qwen/Qwen2.5-VL-7B-Instruct", 676_550_144),
    ("Qwen/Qwen3-VL-8B-Instruct", 576_388_336),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", 871_932_416),
    ("moonshotai/Kimi-K2.5", 471_143_920),
    ("zai-org/GLM-4.5V", 858_681_856),
]
"""Published safetensors total less the language model."""


@pytest.mark.parametrize(("name", "parameters"), TOWERS)
def test_vision_towers(name: str, parameters: int) -> None:
    """A vision tower's weights, projector included, are counted from its config."""
    assert parameters == sum(tower.parameters for tower in architecture(name).towers)


def test_many_model_types() -> None:
    """At least 80 model types are read, each by the one reader that claims it."""
    assert len(model_types()) >= 80
    assert set(model_types()) == set(readers())


LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 256,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (4, 16, False)),
        ({"num_key_value_heads": 2}, (2, 16, False)),
        ({"head_dim": 32}, (4, 32, False)),
        ({"head_dim": None}, (4, 16, False)),
        ({"attention_bias": True}, (4, 16, True)),
    ],
)
def test_absent_and_null_fields_mean_the_class_default(change: dict[str, Any], expected: tuple[int, int, bool]) -> None:
    """An absent or null field is the model class's default: all heads apart, hidden_size / heads, no bias."""
    mixer = read({**LLAMA, **change}).kinds[0].mixer
    assert isinstance(mixer, Attention)
    assert expected == (mixer.num_key_value_heads, mixer.head_dim, mixer.qkv_bias)


def test_unknown_model_type_is_refused() -> None:
    """A model_type without a reader is refused by its name."""
    with pytest.raises(UnknownArchitecture, match="no reader for model_type 'brand_new'") as refusal:
        read({**LLAMA, "model_type": "brand_new"})
    assert refusal.value.model_type == "brand_new"


def test_missing_fields_are_all_named() -> None:
    """A config that lacks several fields is refused once, with all of them."""
    with pytest.raises(UnknownArchitecture) as refusal:
        read({"model_type": "llama", "hidden_size": 64, "vocab_size": 256})
    assert ("num_hidden_layers", "num_attention_heads") == refusal.value.missing


@pytest.mark.parametrize("name", ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"])
@pytest.mark.parametrize("value", ["64", -1, 0, 1.5, 1e400, float("nan"), True, [64], {"a": 1}, 2**60])
def test_damaged_numbers_are_refused(name: str, value: object) -> None:
    """Strings, negative, broken, infinite or absurd numbers are refused, never computed with."""
    with pytest.raises(UnknownArchitecture):
        read({**LLAMA, name: value})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(model_type=st.sampled_from(sorted(readers())), values=st.dictionaries(st.sampled_from(sorted(
    {"text_config", "vision_config", "layer_types", "sliding_window", "linear_attn_config", "quantization_config",
     "moe_layer_freq", "compress_ratios", "block_configs", "attn_config", "hybrid_override_pattern", *LLAMA}
)), JSON))  # fmt: skip
def test_hostile_configs_end_in_a_refusal_or_an_architecture(model_type: str, values: dict[str, Any]) -> None:
    """Whatever a config holds, reading it gives an Architecture or UnknownArchitecture and nothing else."""
    with suppress(UnknownArchitecture):
        assert isinstance(read({**LLAMA, **values, "model_type": model_type}), Architecture)
