"""quantization_config: the format of the weights, what stays in 16 bits, and the KV format that is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.load import load
from catalog.quantization import UnknownQuantization, read_quantization

DENSE: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 256,
}
SPARSE: dict[str, Any] = {
    **DENSE,
    "model_type": "deepseek",
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
}


def scheme(**weights: Any) -> dict[str, Any]:
    """A compressed-tensors recipe with one group."""
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": weights}}}


FORMATS: list[tuple[dict[str, Any], str, int]] = [
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block", 0),
    ({"quant_method": "fp8", "activation_scheme": "static", "weight_block_size": None}, "fp8", 0),
    ({"quant_method": "fbgemm_fp8"}, "fp8", 0),
    ({"quant_method": "awq", "bits": 4, "group_size": 128}, "awq", 128),
    ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "gptq", 32),
    ({"quant_method": "gptq", "bits": 4, "group_size": -1}, "gptq", 0),
    ({"quant_method": "gptq", "bits": 8, "group_size": 128}, "gptq-int8", 128),
    ({"quant_method": "mxfp4"}, "mxfp4", 0),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bnb-nf4", 0),
    ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bnb-int8", 0),
    ({"quant_method": "bitsandbytes", "_load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "bnb-nf4", 0),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", 0),
    (
        {"quant_method": "auto-round", "bits": 4, "group_size": 128, "packing_format": "auto_round:auto_gptq"},
        "gptq",
        128,
    ),
    ({"quant_method": "torchao", "quant_type": "float8_weight_only"}, "fp8", 0),
    ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int4WeightOnlyConfig"}}}, "gptq", 0),
    ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4", "group_size": 32}}}, "mxfp4", 0),
    ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}}, "fp8", 0),
    ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8", 0),
    (scheme(num_bits=8, type="float", strategy="channel"), "fp8", 0),
    (scheme(num_bits=8, type="float", strategy="block", block_structure=[128, 128]), "fp8-block", 0),
    (scheme(num_bits=8, type="int", strategy="channel"), "int8", 0),
    (scheme(num_bits=4, type="int", strategy="group", group_size=32, symmetric=True), "gptq", 32),
    (scheme(num_bits=4, type="int", strategy="group", group_size=128, symmetric=False), "awq", 128),
    (scheme(num_bits=4, type="float", strategy="tensor_group", group_size=16), "nvfp4", 0),
    (scheme(num_bits=4, type="float", strategy="group", group_size=32), "mxfp4", 0),
]


@pytest.mark.parametrize(("recipe", "expected", "group_size"), FORMATS)
def test_format_of_the_weights(recipe: dict[str, Any], expected: str, group_size: int) -> None:
    """Every method and scheme in use names one format of the catalog, with the recipe's own group size."""
    found = read_quantization({**DENSE, "quantization_config": recipe})
    assert found is not None
    assert (expected, group_size) == (found.weights, found.group_size)
    assert expected in load().formats


@pytest.mark.parametrize(
    "recipe",
    [
        {"quant_method": "hqq"},
        {"quant_method": "fp3"},
        {"quant_method": "exl2", "bits": 4.25},
        {"quant_method": "gptq", "bits": 3, "group_size": 128},
        {"quant_method": "auto-round", "bits": 2},
        {"quant_method": "torchao", "quant_type": {"default": {"_type": "Int3Config"}}},
        {"quant_method": "quark", "global_quant_config": {"weight": []}},
        scheme(num_bits=3, type="int"),
    ],
)
def test_unknown_formats_are_refused(recipe: dict[str, Any]) -> None:
    """A format that is not known is refused: its weights must not be sized as if they were of another."""
    with pytest.raises(UnknownQuantization):
        read_quantization({**DENSE, "quantization_config": recipe})


def test_no_recipe_means_plain_weights() -> None:
    """Without a quantization_config there is nothing to read."""
    assert read_quantization(DENSE) is None
    assert read_quantization({**DENSE, "quantization_config": {}}) is None


@pytest.mark.parametrize(
    "recipe", [{"quant_method": "fp8", "ignore": 5}, {"quant_method": "x", "config_groups": {"a": 1}}]
)
def test_malformed_recipes_are_refused(recipe: dict[str, Any]) -> None:
    """Numbers for lists and the like end in a refusal."""
    with pytest.raises(UnknownQuantization):
        read_quantization({**DENSE, "quantization_config": recipe})


def each(pattern: str, layers: range) -> list[str]:
    return [pattern.format(layer) for layer in layers]


ALL = range(4)
KEPT: list[tuple[dict[str, Any], list[str], tuple[str, ...], tuple[int, ...]]] = [
    (DENSE, ["lm_head"], (), ()),
    (DENSE, each("model.layers.{}.self_attn*", ALL), ("attention",), ()),
    (DENSE, ["re:.*self_attn.*", "re:.*lm_head.*"], ("attention",), ()),
    (DENSE, ["model.layers.*.self_attn", "model.layers.*.mlp.router"], ("attention",), ()),
    (DENSE, each("model.layers.{}.input_layernorm", ALL), (), ()),
    (DENSE, each("model.layers.{}.self_attn.kv_a_layernorm", ALL), (), ()),
    (DENSE, [*each("model.layers.0.mlp.{}", ALL), "model.layers.0.self_attn.q_proj"], (), (0,)),
    (DENSE, ["model.layers.3.*"], (), (3,)),
    (SPARSE, each("model.layers.{}.mlp.gate", ALL), (), ()),
    (SPARSE, each("model.layers.{}.mlp.shared_experts*", range(1, 4)), ("shared_experts",), ()),
    (SPARSE, ["model.layers.0*", *each("model.layers.{}.self_attn*", range(1, 4))], ("attention", "dense_mlp"), ()),
    (SPARSE, ["re:.*mlp\\.(gate|up|gate_up|down)_proj.*"], ("dense_mlp",), ()),
    (SPARSE, ["model.vision_tower", "model.multi_modal_projector", "mtp.layers.0*"], (), ()),
]


@pytest.mark.parametrize(("config", "ignore", "groups", "layers"), KEPT)
def test_what_stays_in_16_bits(
    config: dict[str, Any], ignore: list[str], groups: tuple[str, ...], layers: tuple[int, ...]
) -> None:
    """Ignore lists by name, by wildcard and by expression are summed up by group of linears and by whole layers."""
    recipe = {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ignore}
    found = read_quantization({**config, "quantization_config": recipe})
    assert found is not None
    assert (groups, layers) == (found.keeps, found.keeps_layers)


@pytest.mark.parametrize(
    ("rules", "groups", "layers"),
    [
        ({"-:.*attn.*": {}, "-:.*shared_expert.*": {}, "-:.*mtp.*": {}}, ("attention", "shared_experts"), ()),
        ({"-:model\\.layers\\.3\\..*": {}}, (), (3,)),
        ({"-:.*\\.mlp\\.gate$": {}, "lm_head": {}}, (), ()),
    ],
)
def test_rules_that_leave_modules_out(rules: dict[str, Any], groups: tuple[str, ...], layers: tuple[int, ...]) -> None:
    """GPTQModel's negative rules keep what they match in 16 bits, in all layers or in those that they name."""
    recipe = {"quant_method": "gptq", "bits": 4, "group_size": 128, "dynamic": rules}
    quantization = read_quantization({**SPARSE, "quantization_config": recipe})
    assert quantization is not None
    assert (groups, layers) == (quantization.keeps, quantization.keeps_layers)


@pytest.mark.parametrize("key", ["ignore", "exclude_modules", "modules_to_not_convert", "ignored_layers"])
def test_every_name_of_the_ignore_list(key: str) -> None:
    """Each tool's name for the list is understood."""
    recipe = {"quant_method": "fp8", key: ["re:.*self_attn.*"]}
    found = read_quantization({**DENSE, "quantization_config": recipe})
    assert found is not None
    assert ("attention",) == found.keeps


@pytest.mark.parametrize(
    ("scheme_of_cache", "expected"),
    [
        ({"kv_cache_scheme": {"num_bits": 8, "type": "float"}}, "fp8"),
        ({"kv_cache_scheme": "FP8"}, "fp8"),
        ({"kv_cache_quant_algo": "FP8"}, "fp8"),
        ({"kv_cache_scheme": None}, None),
        ({}, None),
    ],
)
def test_kv_format_of_the_checkpoint(scheme_of_cache: dict[str, Any], expected: str | None) -> None:
    """A checkpoint that was made for an fp8 cache says so."""
    recipe = {"quant_method": "modelopt", "quant_algo": "FP8", **scheme_of_cache}
    found = read_quantization({**DENSE, "quantization_config": recipe})
    assert found is not None
    assert expected == found.kv_cache


FORMAT_OF: list[tuple[str, str, int, str | None]] = [
    ("openai/gpt-oss-120b", "experts", 0, "mxfp4"),
    ("openai/gpt-oss-120b", "attention", 0, None),
    ("deepseek-ai/DeepSeek-R1", "attention", 5, "fp8-block"),
    ("deepseek-ai/DeepSeek-R1", "lm_head", 0, None),
    ("deepseek-ai/DeepSeek-V4-Flash", "experts", 5, "mxfp4"),
    ("deepseek-ai/DeepSeek-V4-Flash", "attention", 5, "fp8-block"),
    ("nvidia/DeepSeek-V4-Flash-NVFP4", "experts", 5, "nvfp4"),
    ("nvidia/DeepSeek-V4-Flash-NVFP4", "shared_experts", 5, "fp8-block"),
    ("meta-llama/Llama-3.1-405B-Instruct-FP8", "dense_mlp", 0, None),
    ("meta-llama/Llama-3.1-405B-Instruct-FP8", "dense_mlp", 1, "fp8"),
    ("meta-llama/Llama-3.1-405B-Instruct-FP8", "attention", 1, None),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "shared_experts", 1, None),
    ("RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic", "shared_experts", 1, "fp8"),
    ("nvidia/Qwen3.6-27B-NVFP4", "dense_mlp", 1, "nvfp4"),
    ("nvidia/Qwen3.6-27B-NVFP4", "linear_attention", 1, "fp8"),
    ("nvidia/Qwen3.6-27B-NVFP4", "lm_head", 0, "nvfp4"),
    ("nvidia/MiniMax-M3-NVFP4", "attention", 9, "mxfp8"),
    ("moonshotai/Kimi-K2.5", "experts", 9, "gptq"),
    ("moonshotai/Kimi-K2.5", "shared_experts", 9, None),
]


@pytest.mark.parametrize(("name", "group", "layer", "expected"), FORMAT_OF)
def test_format_of_a_group(name: str, group: str, layer: int, expected: str | None) -> None:
    """Mixed recipes give each group of linears its own format, layer by layer."""
    quantization = load().models[name].quantization
    assert quantization is not None
    assert expected == quantization.format_of(group, layer)


def test_routers_and_norms_are_never_quantized() -> None:
    """What belongs to no group of linears stays in 16 bits."""
    quantization = load().models["deepseek-ai/DeepSeek-R1"].quantization
    assert quantization is not None
    assert quantization.format_of("", 5) is None


def aimed(*groups: tuple[str, int]) -> dict[str, Any]:
    """A compressed-tensors recipe of float schemes: a target and its bits each."""
    sizes = {8: {}, 4: {"group_size": 16}}
    schemes = {
        f"group_{index}": {"targets": [target], "weights": {"num_bits": bits, "type": "float", **sizes[bits]}}
        for index, (target, bits) in enumerate(groups)
    }
    return {"quant_method": "compressed-tensors", "config_groups": schemes}


AIMED: list[tuple[dict[str, Any], str, tuple[str, ...], dict[str, str]]] = [
    (aimed(("Linear", 8)), "fp8", (), {}),
    (aimed(("re:.*self_attn.*", 8), ("re:.*mlp.experts.*", 4)), "nvfp4", ("dense_mlp", "shared_experts"), {
        "attention": "fp8"
    }),
    (aimed(("re:.*mlp.experts.*", 4)), "nvfp4", ("attention", "dense_mlp", "shared_experts"), {}),
    (aimed(("re:.*self_attn.*", 8), ("Linear", 4)), "nvfp4", (), {"attention": "fp8"}),
]  # fmt: skip


@pytest.mark.parametrize(("recipe", "weights", "kept", "others"), AIMED)
def test_schemes_aimed_at_modules(
    recipe: dict[str, Any], weights: str, kept: tuple[str, ...], others: dict[str, str]
) -> None:
    """Each scheme holds for the modules it is aimed at, a class means all others, and what none aims at stays."""
    found = read_quantization({**SPARSE, "quantization_config": recipe})
    assert found is not None
    assert (weights, set(kept)) == (found.weights, set(found.keeps) - {"linear_attention"})
    assert others == {group: form for group, form in found.others if group != "linear_attention"}
