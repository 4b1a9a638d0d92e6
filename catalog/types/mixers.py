"""Token mixers: the kinds of attention and of recurrent state that a layer may have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from catalog.types.fact import Count, Fact, Size


class Indexer(Fact):
    """Sparse-attention key index beside latent attention (DeepSeek-V3.2, GLM-5): one small key per token and layer."""

    index_n_heads: Count
    index_head_dim: Count


class Attention(Fact):
    """Softmax attention with grouped keys and values (MHA, GQA and MQA)."""

    kind: Literal["attention"] = "attention"
    num_attention_heads: Count
    num_key_value_heads: Count
    head_dim: Count
    v_head_dim: Count | None = None
    """Width of one value head; None where it equals head_dim."""
    sliding_window: Count | None = None
    """Tokens a layer looks back on; None for full attention."""
    attention_chunk_size: Count | None = None
    """Local chunk of Llama 4; None for full attention."""
    qkv_bias: bool = False
    output_bias: bool = False
    qk_norm: Literal["none", "head", "full"] = "none"
    """Norm weights on queries and keys: none, one head_dim vector each, or full width each."""
    output_gate: bool = False
    """The query projection is twice as wide (Qwen3-Next, Qwen3.5)."""
    key_is_value: bool = False
    """One projection serves as key and value (Gemma 4 global layers); both are still cached."""
    shares_cache: bool = False
    """Reads the cache of an earlier layer and stores none (Gemma 3n and 4 small models)."""


class LatentAttention(Fact):
    """Multi-head latent attention (MLA): one compressed key-value vector per token, whatever the heads."""

    kind: Literal["mla"] = "mla"
    num_attention_heads: Count
    q_lora_rank: Count | None = None
    kv_lora_rank: Count
    qk_nope_head_dim: Count
    qk_rope_head_dim: Size
    v_head_dim: Count
    indexer: Indexer | None = None


class CompressedAttention(Fact):
    """DeepSeek-V4 attention: a short window plus keys compressed 4:1 or 128:1."""

    kind: Literal["compressed"] = "compressed"
    num_attention_heads: Count
    head_dim: Count
    q_lora_rank: Count
    qk_rope_head_dim: Size
    o_lora_rank: Count
    o_groups: Count
    compress_ratio: Size
    """Tokens per compressed key: 4, 128, or 0 for the window alone."""
    sliding_window: Count
    indexer: Indexer | None = None


class GatedDeltaNet(Fact):
    """Linear attention with a fixed-size state (Qwen3-Next, Qwen3.5)."""

    kind: Literal["gated_delta_net"] = "gated_delta_net"
    linear_num_key_heads: Count
    linear_num_value_heads: Count
    linear_key_head_dim: Count
    linear_value_head_dim: Count
    linear_conv_kernel_dim: Count
    state_dtype: Literal["float32", "auto"] = "auto"
    """auto: the engine keeps the state in the model's dtype."""


class KimiDeltaAttention(Fact):
    """Kimi-Linear's delta attention: separate convolutions for q, k and v, state in fp32."""

    kind: Literal["kimi_delta"] = "kimi_delta"
    num_heads: Count
    head_dim: Count
    conv_kernel: Count


class Mamba1(Fact):
    """Selective state space layer (Mamba, Jamba, Falcon-Mamba)."""

    kind: Literal["mamba1"] = "mamba1"
    inner_size: Count
    state_size: Count
    conv_kernel: Count
    time_step_rank: Count
    inner_norms: bool = False
    """Norms on dt, B and C (Jamba)."""


class Mamba2(Fact):
    """Selective state space layer with heads (Nemotron-H, Granite 4, Falcon-H1)."""

    kind: Literal["mamba2"] = "mamba2"
    num_heads: Count
    head_dim: Count
    n_groups: Count
    state_size: Count
    conv_kernel: Count
    state_dtype: Literal["float32", "auto"] = "auto"
    gated_norm: bool = True


class ShortConv(Fact):
    """Gated short convolution (LFM2)."""

    kind: Literal["short_conv"] = "short_conv"
    conv_kernel: Count
    bias: bool = False


Mixer = Annotated[
    Attention
    | LatentAttention
    | CompressedAttention
    | GatedDeltaNet
    | KimiDeltaAttention
    | Mamba1
    | Mamba2
    | ShortConv,
    Field(discriminator="kind"),
]
