"""Groups of linears that names and patterns of modules mean, in ignore lists and recipes."""

from __future__ import annotations

import re

from catalog.types import WEIGHT_GROUPS

GROUP_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "",
        r"norm|bias|indexer|rotary|embed|vision|visual|audio|multi_modal|mm_projector|patch|router|conv1d|in_proj_[ab]",
    ),
    ("", r"(^|\.)(block_sparse_moe|mlp|ffn|feed_forward|moe)\.gate$|shared_expert_gate$|\.gate\.|^gate$"),
    ("lm_head", r"lm_head|^head$|\bhead$"),
    ("shared_experts", r"shared_?expert"),
    ("experts", r"experts"),
    ("linear_attention", r"linear_attn|mixer|mamba|\bssm\b"),
    ("attention", r"self_attn|attention|\.attn\b|\battn\."),
    ("dense_mlp", r"mlp|ffn|feed_forward"),
)
"""First pattern that a module's name contains tells its group; the empty group is never quantized anyway."""


QUANTIZED_BY_DEFAULT = tuple(group for group in WEIGHT_GROUPS if group != "lm_head")


def group_of(name: str) -> str:
    """Group of linears to which a module's name or pattern belongs; empty if to none."""
    plain = name.removeprefix("re:").replace("\\.", ".").replace(".*", "*").rstrip("*")
    return next((group for group, pattern in GROUP_PATTERNS if re.search(pattern, plain)), "")
