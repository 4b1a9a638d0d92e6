"""GPTQModel's `dynamic` rules, of which those that begin with "-:" leave modules in 16 bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

LEAVES = "-:"
"""What a rule that leaves modules alone begins with (GPTQModel quantization/config.py, vLLM quantization/utils)."""
PREFIXES = ("model.layers", "model.language_model.layers")
"""What the names of layers begin with, in text models and beside a tower."""
MODULES = {
    "attention": "self_attn.q_proj",
    "linear_attention": "linear_attn.in_proj_qkv",
    "experts": "mlp.experts.0.gate_proj",
    "shared_experts": "mlp.shared_expert.gate_proj",
    "dense_mlp": "mlp.gate_proj",
}
"""A module of each group of linears."""


def left_out(recipe: Mapping[str, Any], present: tuple[frozenset[str], ...]) -> Iterator[str]:
    """Names of modules that the recipe leaves alone, one for every group and layer.

    Rules are regular expressions that match from the start of a name; of these, "." and ".*" are read.
    """
    rules = [_glob(str(rule)) for rule in recipe.get("dynamic") or () if str(rule).startswith(LEAVES)]
    for layer, held in enumerate(present if rules else ()):
        for group in held:
            names = [f"{prefix}.{layer}.{MODULES[group]}" for prefix in PREFIXES]
            if any(fnmatchcase(name, rule) for rule in rules for name in names):
                yield names[0]


def _glob(rule: str) -> str:
    plain = rule.removeprefix(LEAVES).replace(".*", "*").replace("\\.", ".")
    return plain[:-1] if plain.endswith("$") else plain + "*"
