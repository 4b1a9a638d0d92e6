"""Format keys of the weights that a quantization recipe describes: by method, by algorithm, by scheme, by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.module_groups import QUANTIZED_BY_DEFAULT, group_of

SIMPLE_METHODS = {
    "awq": "awq",
    "awq_marlin": "awq",
    "gptq": "gptq",
    "gptq_marlin": "gptq",
    "auto-round": "gptq",
    "mxfp4": "mxfp4",
    "gpt_oss_mxfp4": "mxfp4",
    "fbgemm_fp8": "fp8",
}
"""quant_method -> format key, where the method has one format."""

ALGORITHMS = {
    "NVFP4": "nvfp4",
    "W4A16_NVFP4": "nvfp4",
    "W4A8_NVFP4_FP8": "nvfp4",
    "FP8": "fp8",
    "FP8_PB_WO": "fp8-block",
    "MXFP8": "mxfp8",
    "MXFP4": "mxfp4",
    "W4A16_AWQ": "awq",
    "W4A8_AWQ": "awq",
    "INT8_SQ": "int8",
}
"""modelopt's quant_algo -> format key."""

MX_GROUP = 32
"""Numbers that share a scale in the OCP microscaling formats."""

FOUR_BIT_FLOATS = {16: "nvfp4", MX_GROUP: "mxfp4"}
"""Group size of a 4-bit float scheme -> format key."""


class UnknownQuantization(ValueError):
    """A quantization_config whose format is not known: the weights must not be sized as if it were another."""


def weight_format(recipe: Mapping[str, Any], others: Mapping[str, str]) -> str:
    """Format key of the recipe's main format."""
    algorithm = str(recipe.get("quant_algo") or "").upper()
    method = str(recipe.get("quant_method") or "").lower()
    if algorithm in ALGORITHMS:
        return ALGORITHMS[algorithm]
    if method in SIMPLE_METHODS:
        return integer_width(SIMPLE_METHODS[method], recipe)
    if method == "fp8":
        return "fp8-block" if recipe.get("weight_block_size") else "fp8"
    if method == "bitsandbytes":
        return "bnb-nf4" if recipe.get("load_in_4bit") or recipe.get("_load_in_4bit") else "bnb-int8"
    if others:
        return others.get("experts") or Counter(others.values()).most_common(1)[0][0]
    if recipe.get("config_groups"):
        return scheme_format(recipe)
    if method == "torchao":
        return torchao_format(recipe)
    if method == "quark":
        return quark_format(recipe)
    raise UnknownQuantization(f"quantization method {method or algorithm or '?'} is not known")


def integer_width(name: str, recipe: Mapping[str, Any]) -> str:
    """GPTQ at 8 bits has a format of its own; 2 and 3 bits have none."""
    bits = recipe.get("bits", recipe.get("w_bit", recipe.get("weight_bits")))
    if name not in ("gptq", "awq") or bits in (None, 4):
        return name
    if bits == 8:
        return "gptq-int8"
    raise UnknownQuantization(f"{name} of {bits} bits is not known")


def scheme_format(recipe: Mapping[str, Any]) -> str:
    """Format of a compressed-tensors recipe, from the weights of its first group."""
    groups = [group for group in recipe["config_groups"].values() if isinstance(group, Mapping)]
    weights = next((group["weights"] for group in groups if isinstance(group.get("weights"), Mapping)), None)
    if weights is None:
        raise UnknownQuantization("no weights in config_groups")
    return weight_scheme(weights)


TORCHAO = {
    "float8weightonly": "fp8",
    "float8dynamicactivationfloat8weight": "fp8",
    "int8weightonly": "int8",
    "int8dynamicactivationint8weight": "int8",
    "int4weightonly": "gptq",
    "int4_weight_only": "gptq",
    "int8_weight_only": "int8",
    "float8_weight_only": "fp8",
}
"""torchao's quant_type, by name or by the class that its config serializes -> format key."""


def torchao_format(recipe: Mapping[str, Any]) -> str:
    """Format of a torchao recipe: quant_type is a name, or {default: {_type: class name}}."""
    kind = recipe.get("quant_type")
    if isinstance(kind, Mapping):
        kind = (kind.get("default") or {}).get("_type")
    found = TORCHAO.get(str(kind).lower().removesuffix("config"))
    if found is None:
        raise UnknownQuantization(f"torchao {kind} is not known")
    return found


QUARK_TYPES = {"fp8_e4m3": "fp8", "fp4": "mxfp4", "int8": "int8", "int4": "gptq", "uint4": "awq"}
"""AMD Quark's dtype of weights -> format key."""


def quark_format(recipe: Mapping[str, Any]) -> str:
    """Format of an AMD Quark recipe, from its global weights."""
    weight: Any = (recipe.get("global_quant_config") or {}).get("weight") or {}
    if isinstance(weight, list):
        weight = weight[0] if weight else {}
    found = QUARK_TYPES.get(str(weight.get("dtype")))
    if found is None:
        raise UnknownQuantization(f"quark weights of {weight.get('dtype')} are not known")
    return found


def weight_scheme(weights: Mapping[str, Any]) -> str:
    bits, group = weights.get("num_bits"), weights.get("group_size")
    if weights.get("type") == "int":
        if bits == 8:
            return "gptq-int8" if group else "int8"
        if bits == 4:
            return "gptq" if weights.get("symmetric", True) else "awq"
    elif weights.get("strategy") == "block" and bits == 8:
        return "fp8-block"
    elif bits == 8:
        return "mxfp8" if group == MX_GROUP else "fp8"
    elif bits == 4 and group in FOUR_BIT_FLOATS:
        return FOUR_BIT_FLOATS[group]
    raise UnknownQuantization(f"weights of {bits} bits, {weights.get('type')}, group {group} are not known")


def mixed_formats(recipe: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    """Format of every group in a recipe that names its layers one by one, or stores experts apart."""
    if config.get("expert_dtype") == "fp4" and "quantized_layers" not in recipe:
        return {"experts": "mxfp4"}
    layers = recipe.get("quantized_layers")
    if not isinstance(layers, Mapping):
        return schemes_by_group(recipe)
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for name, facts in layers.items():
        algorithm = str(facts.get("quant_algo", "")).upper() if isinstance(facts, Mapping) else ""
        if algorithm in ALGORITHMS:
            votes[group_of(name)][ALGORITHMS[algorithm]] += 1
    return {group: counts.most_common(1)[0][0] for group, counts in votes.items() if group}


def schemes_by_group(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Formats of a compressed-tensors recipe with several schemes, each aimed at modules by name."""
    aimed = sorted(targets(recipe), key=lambda pair: pair[0] not in MODULE_CLASSES)
    named = {group: weight_scheme(weights) for target, weights in aimed for group in aimed_at(target)}
    return named if len(set(named.values())) > 1 else {}


def targets(recipe: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every target of a compressed-tensors recipe with its weights."""
    schemes = [group for group in (recipe.get("config_groups") or {}).values() if isinstance(group, Mapping)]
    return [
        (str(target), scheme["weights"])
        for scheme in schemes
        if isinstance(scheme.get("weights"), Mapping)
        for target in scheme.get("targets") or ()
    ]


def untargeted(recipe: Mapping[str, Any]) -> set[str]:
    """Groups that no scheme of a compressed-tensors recipe is aimed at."""
    aimed = {group for target, _ in targets(recipe) for group in aimed_at(target)}
    return set(QUANTIZED_BY_DEFAULT) - aimed if aimed else set()


def aimed_at(target: str) -> Iterator[str]:
    """Groups that a target means: a class of modules means all, a name or pattern the one it belongs to."""
    if target in MODULE_CLASSES:
        yield from QUANTIZED_BY_DEFAULT
    elif group := group_of(target):
        yield group


MODULE_CLASSES = ("Linear", "FusedMoE", "RoutedExperts")
"""Targets of compressed-tensors that name a class instead of modules."""
