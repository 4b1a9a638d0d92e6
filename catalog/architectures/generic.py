"""Readings of a config whose model_type has no reader: decoders of the common design, for its totals to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Literal

from catalog.architectures import blocks
from catalog.architectures.config import Config, UnknownArchitecture
from catalog.architectures.moe import all_layers, qwen_experts, stepped, wide_experts
from catalog.architectures.style import Style, read_styled
from catalog.types import Architecture

NEEDED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size")
"""Facts without which nothing may be assumed; the width of the feed-forward block is one more."""

_STRANGE = re.compile(
    r"lora_rank|ssm|mamba|rwkv|conv|recurr|linear_(attn|key|value|num)|state_size|retention|cross_attention|encoder|decoder_"
    r"|compress|block_config|hybrid|per_layer|altup|shared_kv|vision|audio|visual|laurel|mtp|nextn|index_",
    re.I,
)
"""Keys that tell of parts which the common design does not have."""

FULL, WINDOWED = "full_attention", "sliding_attention"


def candidates(config: Mapping[str, Any]) -> Iterator[Architecture]:
    """Every reading of this config as a decoder of the common design.

    Raises UnknownArchitecture where it lacks a fact that is needed, or tells of parts that such decoders do not have.
    """
    view = Config(config)
    _check(view)
    sparse = view.optional("num_experts") is not None
    experts = ((all_layers, wide_experts), (blocks.sparse_layers, blocks.moe), (stepped, qwen_experts))
    norm_kinds: tuple[Literal["none", "head"], ...] = ("none", "head")
    for bias, norm, norms, gated, tied in product((False, True), norm_kinds, (2, 4), (True, False), (False, True)):
        plain = {"qkv_bias": bias, "output_bias": False, "qk_norm": norm, "norms": norms, "gated": gated, "tied": tied}
        for layers, block in experts if sparse else ((None, None),):
            routed = {"sparse": layers, "experts": block} if layers else {}
            try:
                yield read_styled(view, Style(**{**plain, **routed}))  # type: ignore[arg-type]
            except UnknownArchitecture:
                continue


def _check(view: Config) -> None:
    missing = [name for name in NEEDED if view.raw(name) is None]
    if view.raw("intermediate_size") is None and view.raw("moe_intermediate_size") is None:
        missing.append("intermediate_size")
    strange = [key for key, value in view.values.items() if value and _STRANGE.search(key)]
    strange += [kind for kind in dict.fromkeys(map(str, view.items("layer_types"))) if kind not in (FULL, WINDOWED)]
    if missing:
        raise UnknownArchitecture(view.model_type, missing=tuple(missing))
    if strange:
        raise UnknownArchitecture(view.model_type, strange=tuple(strange[:MOST_NAMED]))


MOST_NAMED = 4
"""Strange keys named in a refusal."""
