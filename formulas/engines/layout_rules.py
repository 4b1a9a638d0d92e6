"""What tensor and pipeline parallelism ask of a model, the same for every engine that divides heads."""

from __future__ import annotations

from catalog.types import Architecture
from formulas.deployment import Layout
from formulas.layout import attention_heads


def division_problem(architecture: Architecture, layout: Layout, *, replicates: bool = True) -> str | None:
    """Message key of the first rule that is broken; replicates: key/value heads may be copied to more GPUs."""
    for heads, key_value_heads in attention_heads(architecture):
        if heads % layout.tensor_parallel:
            return "heads_not_divisible"
        copied = replicates and layout.tensor_parallel % key_value_heads == 0
        if key_value_heads % layout.tensor_parallel and not copied:
            return "key_value_heads_not_divisible"
    if layout.pipeline_parallel > architecture.num_hidden_layers:
        return "more_stages_than_layers"
    return None
