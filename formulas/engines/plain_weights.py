"""Weights as a checkpoint stores them, divided over the GPUs, without what one engine's kernels pad."""

from __future__ import annotations

from typing import Any

from formulas import weights
from formulas.deployment import Deployment
from formulas.weights import VOCAB_PADDING, Padding, Storage


def stage_weights(
    deployment: Deployment, stage: int, laws: Any, *, copies: bool = False, vocab_padding: int = VOCAB_PADDING
) -> int:
    """Bytes on the fullest GPU of one pipeline stage; copies: latent attention keeps its absorbed matrices too."""
    return weights.stage_weights(storage(deployment, copies=copies, vocab_padding=vocab_padding), stage, laws)


def storage(deployment: Deployment, *, copies: bool, vocab_padding: int = VOCAB_PADDING) -> Storage:
    """How the deployment's weights lie on the GPUs."""
    recipe = deployment.model.quantization
    return Storage(
        model=deployment.model,
        weights=deployment.weights,
        plain=deployment.formats["bf16"],
        others=tuple(deployment.formats[key] for _, key in recipe.others) if recipe else (),
        layout=deployment.layout,
        padding=Padding(vocab=vocab_padding),
        copies=copies,
    )
