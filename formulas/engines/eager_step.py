"""Activation bytes per token of a step run layer by layer in PyTorch, without a compiler that frees inputs early."""

from __future__ import annotations

from typing import Any

from catalog.types import (
    Architecture,
    Attention,
    CompressedAttention,
    GatedDeltaNet,
    LatentAttention,
    Layer,
    Mamba1,
    Mamba2,
    Mixer,
    Mlp,
    Moe,
)
from formulas.deployment import Deployment

RESIDENT_STREAMS = 4
"""Residual-wide tensors that python keeps alive beside the feed-forward block; peaks in logs of vLLM's eager engine."""
ROUTER_BYTES = 12
"""fp32 logits, softmax and sorting buffers per expert and token."""


def element_bytes(deployment: Deployment) -> int:
    """Bytes of one activation: 4 where the weights are served in fp32, else 2."""
    return 4 if deployment.weights.key == "fp32" else 2


def token_bytes(deployment: Deployment, laws: Any) -> float:
    """Bytes of one token at the widest point of any decoder layer on one GPU."""
    return max(_layer(deployment, layer, laws) for layer in deployment.model.architecture.kinds)


def encoder_token_bytes(architecture: Architecture, laws: Any, *, element_bytes: int) -> float:
    """Bytes of one position at the widest point of an encoder layer: residual streams and the feed-forward block."""
    layers = architecture.encoder.kinds if architecture.encoder else architecture.kinds
    blocks = (layer.feed_forward for layer in layers if isinstance(layer.feed_forward, Mlp))
    width = max((block.intermediate_size for block in blocks), default=0)
    return float(
        laws.encoder_token_bytes(
            element_bytes=element_bytes, intermediate_size=width, hidden_size=architecture.hidden_size
        )
    )


def _layer(deployment: Deployment, layer: Layer, laws: Any) -> float:
    shared = {"element_bytes": element_bytes(deployment), "hidden_size": deployment.model.architecture.hidden_size}
    found = [
        _mixer(mixer, deployment, laws, shared) for mixer in (layer.mixer, layer.second_mixer) if mixer is not None
    ]
    if isinstance(layer.feed_forward, Moe):
        found.append(_experts(layer.feed_forward, deployment, laws, shared))
    elif isinstance(layer.feed_forward, Mlp):
        found.append(_mlp(layer.feed_forward, deployment, laws, shared))
    return max(found, default=0.0)


def _mlp(block: Mlp, deployment: Deployment, laws: Any, shared: dict[str, int]) -> float:
    return float(
        laws.mlp_eager_per_token(
            intermediate_size=block.intermediate_size,
            projections=2 if block.gated else 1,
            tensor_parallel=deployment.layout.tensor_parallel,
            resident_streams=RESIDENT_STREAMS,
            **shared,
        )
    )


def _experts(block: Moe, deployment: Deployment, laws: Any, shared: dict[str, int]) -> float:
    ranks = 1 if deployment.layout.expert_parallel else deployment.layout.tensor_parallel
    return float(
        laws.moe_per_token(
            num_experts_per_tok=block.num_experts_per_tok,
            gathered_ranks=1,
            num_experts=block.num_experts,
            projections=2 if block.gated else 1,
            local_expert_width=-(-block.moe_intermediate_size // ranks),
            expert_hidden=block.latent_size or shared["hidden_size"],
            router_bytes=ROUTER_BYTES,
            **shared,
        )
    )


def _mixer(mixer: Mixer, deployment: Deployment, laws: Any, shared: dict[str, int]) -> float:
    tensor = deployment.layout.tensor_parallel
    if isinstance(mixer, Attention | LatentAttention | CompressedAttention):
        return float(laws.attention_per_token(qkv_width=-(-qkv_width(mixer) // tensor), **shared))
    return float(laws.linear_attention_per_token(mixer_width=_state_width(mixer), tensor_parallel=tensor, **shared))


def qkv_width(mixer: Attention | LatentAttention | CompressedAttention) -> int:
    """Outputs of the query, key and value projections on all GPUs."""
    heads = mixer.num_attention_heads
    if isinstance(mixer, LatentAttention):
        return heads * (2 * (mixer.qk_nope_head_dim + mixer.qk_rope_head_dim) + mixer.v_head_dim)
    if isinstance(mixer, CompressedAttention):
        return heads * mixer.head_dim + 2 * mixer.head_dim
    values = mixer.v_head_dim or mixer.head_dim
    return heads * mixer.head_dim * (2 if mixer.output_gate else 1) + mixer.num_key_value_heads * (
        mixer.head_dim + values
    )


def _state_width(mixer: Mixer) -> int:
    if isinstance(mixer, GatedDeltaNet):
        keys = mixer.linear_num_key_heads * mixer.linear_key_head_dim
        return 2 * keys + 2 * mixer.linear_num_value_heads * mixer.linear_value_head_dim
    if isinstance(mixer, Mamba2):
        return 2 * mixer.num_heads * mixer.head_dim + 2 * mixer.n_groups * mixer.state_size
    return 2 * mixer.inner_size if isinstance(mixer, Mamba1) else 0
