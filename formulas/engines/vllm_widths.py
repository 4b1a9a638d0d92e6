"""Activation bytes of one scheduled token at the widest point of a layer."""

from __future__ import annotations

from typing import Any

from catalog.types import Attention, CompressedAttention, GatedDeltaNet, LatentAttention, Layer, Mamba2, Mixer, Mlp, Moe
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.eager_step import ROUTER_BYTES, element_bytes


def per_token(deployment: Deployment, laws: Any, *, eager: bool) -> float:
    """Bytes of one scheduled token at the widest point of any layer."""
    return max(
        width
        for layer in deployment.model.architecture.kinds
        for width in _widths(deployment, layer, laws, eager=eager)
    )


def _widths(deployment: Deployment, layer: Layer, laws: Any, *, eager: bool) -> list[float]:
    mixers = [mixer for mixer in (layer.mixer, layer.second_mixer) if mixer is not None]
    found = [_mixer_width(deployment, mixer, laws) for mixer in mixers]
    if eager:
        found += [_mamba2_eager(deployment, mixer, laws) for mixer in mixers if isinstance(mixer, Mamba2)]
    if isinstance(layer.feed_forward, Moe):
        found.append(_moe_width(deployment, layer.feed_forward, laws))
        if shared := layer.feed_forward.shared_expert_intermediate_size:
            found.append(_mlp_width(deployment, shared, layer.feed_forward.gated, laws, eager=eager))
    elif isinstance(layer.feed_forward, Mlp):
        found.append(
            _mlp_width(deployment, layer.feed_forward.intermediate_size, layer.feed_forward.gated, laws, eager=eager)
        )
    return found


def _mlp_width(deployment: Deployment, intermediate: int, gated: bool, laws: Any, *, eager: bool) -> float:
    shared = {
        "element_bytes": element_bytes(deployment),
        "hidden_size": deployment.model.architecture.hidden_size,
        "intermediate_size": intermediate,
        "projections": 2 if gated else 1,
        "tensor_parallel": deployment.layout.tensor_parallel,
    }
    if eager:
        return float(
            laws.mlp_eager_per_token(resident_streams=releases.EAGER_STREAMS.at(deployment.engine_version), **shared)
        )
    return float(laws.mlp_compiled_per_token(**shared))


def gathered_ranks(deployment: Deployment) -> int:
    """Replicas whose tokens the experts of one GPU compute: all where experts are spread over them."""
    return deployment.layout.data_parallel if deployment.layout.expert_parallel else 1


def expert_width(deployment: Deployment, experts: Moe) -> int:
    """Inner width of one expert on one GPU."""
    if deployment.layout.expert_parallel:
        return experts.moe_intermediate_size
    return -(-experts.moe_intermediate_size // deployment.layout.tensor_parallel)


def _moe_width(deployment: Deployment, experts: Moe, laws: Any) -> float:
    hidden = deployment.model.architecture.hidden_size
    return float(
        laws.moe_per_token(
            element_bytes=element_bytes(deployment),
            num_experts_per_tok=experts.num_experts_per_tok,
            gathered_ranks=gathered_ranks(deployment),
            projections=2 if experts.gated else 1,
            local_expert_width=expert_width(deployment, experts),
            expert_hidden=experts.latent_size or hidden,
            hidden_size=hidden,
            router_bytes=ROUTER_BYTES,
            num_experts=experts.num_experts,
        )
    )


def _mixer_width(deployment: Deployment, mixer: Mixer, laws: Any) -> float:
    hidden, tensor, size = (
        deployment.model.architecture.hidden_size,
        deployment.layout.tensor_parallel,
        element_bytes(deployment),
    )
    if isinstance(mixer, Attention | LatentAttention | CompressedAttention):
        return float(
            laws.attention_per_token(element_bytes=size, hidden_size=hidden, qkv_width=qkv_width(mixer, tensor))
        )
    if isinstance(mixer, GatedDeltaNet):
        keys = mixer.linear_num_key_heads * mixer.linear_key_head_dim
        values = mixer.linear_num_value_heads * mixer.linear_value_head_dim
        inner = 2 * keys + 2 * values
    elif isinstance(mixer, Mamba2):
        inner = 2 * mixer.num_heads * mixer.head_dim + 2 * mixer.n_groups * mixer.state_size
    else:
        inner = 0
    return float(
        laws.linear_attention_per_token(
            element_bytes=size, hidden_size=hidden, mixer_width=inner, tensor_parallel=tensor
        )
    )


GATE_BYTES = 8
"""The gate and the gated output of Mamba-2, in fp32."""


def _mamba2_eager(deployment: Deployment, mixer: Mamba2, laws: Any) -> float:
    return float(
        laws.mamba2_eager_per_token(
            element_bytes=element_bytes(deployment),
            hidden_size=deployment.model.architecture.hidden_size,
            inner_width=mixer.num_heads * mixer.head_dim,
            group_width=mixer.n_groups * mixer.state_size,
            gate_bytes=GATE_BYTES,
            tensor_parallel=deployment.layout.tensor_parallel,
        )
    )


def qkv_width(mixer: Attention | LatentAttention | CompressedAttention, tensor_parallel: int) -> float:
    """Outputs of the query, key and value projections on one GPU."""
    heads = mixer.num_attention_heads / tensor_parallel
    if isinstance(mixer, LatentAttention):
        query = heads * (mixer.qk_nope_head_dim + mixer.qk_rope_head_dim)
        return (
            2 * query
            + heads * (mixer.qk_nope_head_dim + mixer.v_head_dim)
            + (mixer.q_lora_rank or 0)
            + mixer.kv_lora_rank
        )
    if isinstance(mixer, CompressedAttention):
        return heads * mixer.head_dim + 2 * mixer.head_dim
    key_value = max(mixer.num_key_value_heads, tensor_parallel) / tensor_parallel
    return heads * mixer.head_dim * (2 if mixer.output_gate else 1) + 2 * key_value * mixer.head_dim
