"""How a checkpoint's weights are stored, read from the quantization_config of its config.json.

Recipes name single modules; here they are summed up by group of linears: a group or a layer is kept in 16 bits when the
recipe's ignore list keeps it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalog.architectures import read
from catalog.architectures.rope import PARTS
from catalog.gptq_rules import left_out
from catalog.module_groups import QUANTIZED_BY_DEFAULT, group_of
from catalog.types import WEIGHT_GROUPS, Architecture, Layer, Moe, Quantization
from catalog.weight_schemes import UnknownQuantization, mixed_formats, untargeted, weight_format

__all__ = ["UnknownQuantization", "find_recipe", "read_quantization"]

PLACES = ("quantization_config", "compression_config")
IGNORE_KEYS = ("ignore", "exclude_modules", "modules_to_not_convert", "ignored_layers", "llm_int8_skip_modules")

LAYER_NUMBER = re.compile(r"layers\\?\.(\d+)\b")
WHOLE_LAYER = re.compile(r"layers\\?\.\d+(\\?\.)?(\*|\.\*)?$")

GROUPED_FORMATS = ("gptq", "awq", "gptq-int8")
"""Formats whose recipes choose how many numbers share a scale."""

EXPERT_METHODS = ("mxfp4", "gpt_oss_mxfp4")
"""Methods that quantize the routed experts and nothing else."""

SOFTMAX_KINDS = ("attention", "mla", "compressed")

MAJORITY = 0.5
"""A group counts as kept when the list names it in more than this share of the layers that hold it."""


def read_quantization(config: Mapping[str, Any], architecture: Architecture | None = None) -> Quantization | None:
    """How the checkpoint of this config.json stores its weights; None for plain 16 or 32 bits."""
    recipe = find_recipe(config)
    if recipe is None:
        return None
    try:
        return from_recipe(recipe, config, architecture or read(config))
    except (AttributeError, LookupError, TypeError) as error:
        raise UnknownQuantization("quantization_config is malformed") from error


def from_recipe(recipe: Mapping[str, Any], config: Mapping[str, Any], architecture: Architecture) -> Quantization:
    """The sum of a recipe over groups of linears."""
    present = groups_by_layer(architecture)
    others = mixed_formats(recipe, config)
    weights = weight_format(recipe, others)
    left = () if is_requantized(recipe) else (*ignored(recipe), *left_out(recipe, present))
    groups, layers = kept(left, present)
    groups |= untargeted(recipe)
    return Quantization(
        weights=weights,
        scheme="experts" if recipe.get("quant_method") in EXPERT_METHODS else "all_linears",
        keeps=tuple(group for group in QUANTIZED_BY_DEFAULT if group in groups and group not in others),
        keeps_layers=layers,
        others=tuple(sorted((group, name) for group, name in others.items() if name != weights)),
        quantizes_lm_head="lm_head" in others or bool(recipe.get("lm_head")),
        group_size=group_size(recipe) if weights in GROUPED_FORMATS else 0,
        kv_cache=kv_format(recipe),
    )


def groups_by_layer(architecture: Architecture) -> tuple[frozenset[str], ...]:
    """Groups of linears that every layer holds."""
    kinds = tuple(frozenset(layer_groups(layer)) for layer in architecture.kinds)
    return tuple(kinds[index] for index in architecture.order)


def layer_groups(layer: Layer) -> Iterator[str]:
    for mixer in (layer.mixer, layer.second_mixer, layer.cross_attention):
        if mixer:
            yield "attention" if mixer.kind in SOFTMAX_KINDS else "linear_attention"
    if isinstance(layer.feed_forward, Moe):
        yield "experts"
        if layer.feed_forward.shared_expert_intermediate_size:
            yield "shared_experts"
    elif layer.feed_forward:
        yield "dense_mlp"


def find_recipe(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The quantization_config, at the top or in the language model's part."""
    for values in (config, *(config[part] for part in PARTS if isinstance(config.get(part), Mapping))):
        for place in PLACES:
            if isinstance(values.get(place), Mapping) and values[place]:
                return values[place]
    return None


# --------------------------------------------------------------------------- what stays in 16 bits


def ignored(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """Names and patterns of the modules that the recipe leaves alone."""
    return tuple(str(name) for key in IGNORE_KEYS for name in recipe.get(key) or ())


def is_requantized(recipe: Mapping[str, Any]) -> bool:
    """An fp8 checkpoint of which some layers were stored smaller later: its ignore list tells what stayed in fp8."""
    return recipe.get("quant_method") == "fp8" and bool(recipe.get("quantized_layers"))


def kept(names: Iterable[str], present: tuple[frozenset[str], ...]) -> tuple[set[str], tuple[int, ...]]:
    """Groups kept in most of the layers that hold them, and other layers of which everything is kept."""
    groups: set[str] = set()
    layers: dict[str, set[int]] = defaultdict(set)
    for name in names:
        number = LAYER_NUMBER.search(name)
        if "mtp" in name:
            continue
        if number and WHOLE_LAYER.search(name):
            for group in WEIGHT_GROUPS:
                layers[group].add(int(number[1]))
        elif group := group_of(name):
            _note(group, int(number[1]) if number else None, groups, layers, present)
    groups |= {group for group in layers if is_majority(layers[group], group, present)}
    rest = [(index, held - groups) for index, held in enumerate(present) if held - groups]
    return groups, tuple(index for index, held in rest if is_named(index, held, layers))


def _note(
    group: str, layer: int | None, groups: set[str], layers: dict[str, set[int]], present: tuple[frozenset[str], ...]
) -> None:
    """Books one name; a dense block beside experts is held as their shared part (Gemma 4)."""
    if layer is None:
        groups.add(group)
    elif group == "dense_mlp" and layer < len(present) and "experts" in present[layer]:
        layers["shared_experts"].add(layer)
    else:
        layers[group].add(layer)


def is_majority(named: set[int], group: str, present: tuple[frozenset[str], ...]) -> bool:
    holders = {index for index, held in enumerate(present) if group in held}
    return bool(holders) and len(named & holders) > MAJORITY * len(holders)


def is_named(index: int, held: frozenset[str], layers: Mapping[str, set[int]]) -> bool:
    """Whether the list names all that a layer holds and that is not kept anyway."""
    return all(index in layers.get(group, ()) for group in held)


def group_size(recipe: Mapping[str, Any]) -> int:
    """Numbers that share a scale where the recipe says so; 0: as the format has it."""
    value = recipe.get("group_size") or recipe.get("q_group_size")
    for group in (recipe.get("config_groups") or {}).values():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        value = value or (weights or {}).get("group_size")
    return value if isinstance(value, int) and value > 0 else 0


def kv_format(recipe: Mapping[str, Any]) -> str | None:
    """KV-cache format that the checkpoint asks for."""
    scheme = recipe.get("kv_cache_scheme") or recipe.get("kv_cache_quant_algo")
    if isinstance(scheme, Mapping):
        return "fp8" if scheme.get("num_bits") == 8 and scheme.get("type") == "float" else None
    name = str(scheme or "").lower()
    return name if name in ("fp8", "nvfp4") else None
