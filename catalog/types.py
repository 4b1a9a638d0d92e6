"""The shape of every fact: models and what they are built of, GPUs, number formats, and "not found".

Objects compare by identity: the catalog hands out one object per row, so they are cheap dictionary keys.
All sizes are whole numbers; names are those of a Hugging Face config.json where it has one.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 2
"""Part of every cache key: raise it when a shape below changes."""

Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=0)]


class Fact(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), defer_build=True)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


# --------------------------------------------------------------------------- token mixers


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


# --------------------------------------------------------------------------- channel mixers


class Mlp(Fact):
    """Dense feed-forward block."""

    kind: Literal["mlp"] = "mlp"
    intermediate_size: Count
    gated: bool = True
    bias: bool = False


class Moe(Fact):
    """Mixture of experts: all experts are resident, num_experts_per_tok are read per token."""

    kind: Literal["moe"] = "moe"
    num_experts: Count
    num_experts_per_tok: Count
    moe_intermediate_size: Count
    gated: bool = True
    expert_bias: bool = False
    router_bias: bool = False
    shared_expert_intermediate_size: Size = 0
    """Total width of the shared experts."""
    shared_expert_gate: bool = False
    latent_size: Size = 0
    """Experts work on this width instead of hidden_size (Nemotron-3 Super); 0: on hidden_size."""


FeedForward = Annotated[Mlp | Moe, Field(discriminator="kind")]


# --------------------------------------------------------------------------- models


class Layer(Fact):
    """One kind of block."""

    mixer: Mixer | None = None
    second_mixer: Mixer | None = None
    """A mixer run in parallel with the first (Falcon-H1: attention beside Mamba)."""
    feed_forward: FeedForward | None = None
    cross_attention: Attention | None = None
    """Attention over the encoder's output (decoders of Whisper, T5, BART)."""
    norm_parameters: Size = 0
    """Norm weights, norm biases and other vectors of the block that no projection holds."""
    other_parameters: Size = 0
    """16-bit matrices that fit nowhere above (per-layer embedding gates and the like)."""


class Table(Fact):
    """A lookup table beside the token embedding: positions, token types, per-layer embeddings."""

    name: str
    rows: Count
    columns: Count


class Encoder(Fact):
    """The encoder of an encoder-decoder model."""

    kinds: tuple[Layer, ...]
    order: tuple[int, ...]
    positions: Count | None = None
    """Encoder positions after any down-sampling: 1,500 for Whisper's 30 s; None: as long as the input."""
    other_parameters: Size = 0
    """Convolutions, norms and positions of the encoder."""


class Tower(Fact):
    """A vision or audio tower beside the language model, kept in 16 bits by the engines."""

    name: Literal["vision", "audio"] = "vision"
    parameters: Count
    """All weights of the tower and its projector."""
    hidden_size: Count | None = None
    intermediate_size: Count | None = None
    shards: bool = False
    """Tensor parallelism divides it; False: every GPU holds all of it."""


class Architecture(Fact):
    """What a model is built of; layers are kinds[order[0]], kinds[order[1]], ... from the first to the last."""

    model_type: str
    role: Literal["decoder", "encoder", "encoder_decoder"] = "decoder"
    hidden_size: Count
    vocab_size: Count
    tie_word_embeddings: bool
    max_position_embeddings: Count | None = None
    kinds: tuple[Layer, ...]
    order: tuple[int, ...]
    embedding_size: Count | None = None
    """Width of the token embedding where it is not hidden_size."""
    lm_head: bool = True
    """False for encoders and embedding models without an output head."""
    lm_head_bias: bool = False
    tables: tuple[Table, ...] = ()
    encoder: Encoder | None = None
    towers: tuple[Tower, ...] = ()
    final_parameters: Size = 0
    """Norms, pooler and classification head outside the layers."""
    num_nextn_predict_layers: Size = 0
    """Multi-token-prediction layers in the checkpoint (not loaded unless speculation is on)."""
    nextn_layer: Layer | None = None
    """The block of one such layer; None where the checkpoint has none."""
    nextn_extras: Size = 0
    """Weights of one such layer beside its block: joining projection, norms, own copies of embedding and head."""
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"

    @cached_property
    def counts(self) -> tuple[tuple[Layer, int], ...]:
        """Every kind of layer with how many there are."""
        return tuple((self.kinds[index], count) for index, count in sorted(Counter(self.order).items()))

    @cached_property
    def mixers(self) -> frozenset[str]:
        """Kinds of token mixers that occur."""
        found = (mixer for layer in self.kinds for mixer in (layer.mixer, layer.second_mixer))
        return frozenset(mixer.kind for mixer in found if mixer is not None)

    def has_mixer(self, *kinds: str) -> bool:
        """Whether any of these kinds of token mixers occurs."""
        return not self.mixers.isdisjoint(kinds)

    @cached_property
    def has_experts(self) -> bool:
        return any(isinstance(layer.feed_forward, Moe) for layer in self.kinds)

    @cached_property
    def has_index(self) -> bool:
        """Whether latent attention is sparse: some layers keep an index, the others borrow it."""
        return any(isinstance(layer.mixer, LatentAttention) and layer.mixer.indexer for layer in self.kinds)

    @property
    def num_hidden_layers(self) -> int:
        return len(self.order)


WeightGroup = Literal["attention", "linear_attention", "dense_mlp", "experts", "shared_experts", "lm_head"]
WEIGHT_GROUPS: tuple[str, ...] = get_args(WeightGroup)
"""Groups of linears that a recipe quantizes or keeps as one; all other weights are never quantized."""

SCHEME_GROUPS: dict[str, tuple[str, ...]] = {
    "all_linears": WEIGHT_GROUPS,
    "experts": ("experts",),
    "experts_and_shared": ("experts", "shared_experts"),
}


class Quantization(Fact):
    """How a checkpoint's weights are stored, from its quantization_config."""

    weights: str
    """A format key of formats.toml."""
    scheme: Literal["all_linears", "experts", "experts_and_shared"] = "all_linears"
    """Which linears are quantized; embeddings, norms and routers never are."""
    keeps: tuple[WeightGroup, ...] = ()
    """Groups that the recipe's ignore list keeps in 16 bits (lm_head is kept unless quantizes_lm_head)."""
    keeps_layers: tuple[int, ...] = ()
    """Layers that the ignore list keeps whole."""
    others: tuple[tuple[WeightGroup, str], ...] = ()
    """Groups that a mixed recipe stores in another format than `weights`."""
    quantizes_lm_head: bool = False
    group_size: Size = 0
    """Numbers that share a scale where the recipe differs from the format's own; 0: as the format has it."""
    kv_cache: str | None = None
    """KV format that the checkpoint asks for."""

    def format_of(self, group: str, layer: int | None = None) -> str | None:
        """Format key of one group's linears in one layer; None where they stay in 16 bits."""
        if layer in self.keeps_layers or group in self.keeps or group not in WEIGHT_GROUPS:
            return None
        if group == "lm_head" and not self.quantizes_lm_head:
            return None
        others: dict[str, str] = dict(self.others)
        return others.get(group) or (self.weights if group in SCHEME_GROUPS[self.scheme] else None)


class WeightFile(Fact):
    """One set of weights among a repository's files: a GGUF file, its parts summed up, or an adapter."""

    name: str
    """Path in the repository, of the first part where there are several."""
    format: str
    """Format key as the name says it, in lower case; empty where it says none."""
    bytes: Count
    parts: Count = 1
    role: Literal["model", "mmproj"] = "model"
    """mmproj: the vision or audio tower beside the model."""


class Model(Fact):
    """One checkpoint: who it is, what it is built of, how it is stored, and where that was read."""

    id: str
    """Hugging Face id."""
    revision: str = "main"
    family: str
    aliases: tuple[str, ...] = ()
    vague_aliases: tuple[str, ...] = ()
    """Names that several models share: this one is the usual reading, and is reported as an assumption."""
    architecture: Architecture
    quantization: Quantization | None = None
    published_parameters: Count | None = None
    """Parameter total that the publisher's files or card state."""
    parameters_source: str = ""
    parameters_note: str = ""
    """Why that total differs from the count by dimensions; empty where they are equal."""
    parameters_beyond: int = 0
    """Elements of that total that are no weight (scales, buffers, copies); below zero: weights left out."""
    context: Count | None = None
    """Longest sequence the model is made for, where it differs from max_position_embeddings."""
    stored_bytes: Count | None = None
    """Bytes of the checkpoint's tensors as an engine loads them (fp32 weights as 16 bits); None where only
    the dimensions are known."""
    files: tuple[WeightFile, ...] = ()
    """GGUF files of the repository."""
    source: str
    checked: date
    note: str = ""

    @cached_property
    def projector(self) -> WeightFile | None:
        """The file of the vision or audio tower that is taken of several: 16 bits, else the smallest."""
        towers = {file.format: file for file in reversed(self.files) if file.role == "mmproj"}
        usual = next((towers[key] for key in ("fp16", "bf16") if key in towers), None)
        return usual or next(iter(reversed(towers.values())), None)

    @property
    def max_length(self) -> int | None:
        return self.context or self.architecture.max_position_embeddings


# --------------------------------------------------------------------------- GPUs and formats


class Gpu(Fact):
    """One card (or one slice, or one chip with unified memory)."""

    name: str
    aliases: tuple[str, ...] = ()
    vague_aliases: tuple[str, ...] = ()
    """Names that several cards share ("h100"): this card is the usual reading, and is reported as an assumption."""
    series: tuple[str, ...] = ()
    """Names that mean this card only together with its memory size ("a100" with "40GB")."""
    vendor: Literal["NVIDIA", "AMD", "Intel", "Apple", "custom"]
    architecture: str = ""
    marketed_gb: float
    """The number on the box, 10^9 or 2^30 bytes as the vendor pleases: never used in a sum."""
    visible_bytes: Count
    """What CUDA (HIP, Metal) reports as the card's total memory."""
    visible_basis: Literal["measured", "derived", "stated"]
    """measured: printed by torch or CUDA; derived: from nvidia-smi or the class; stated: by the question."""
    inline_ecc: Literal["on", "off", ""] = ""
    """State of GDDR ECC that visible_bytes is of; HBM keeps its ECC beside the memory."""
    windows_visible_bytes: Count | None = None
    """What CUDA reports under Windows and WSL, where it differs."""
    compute_capability: float | None = None
    memory_bandwidth_gbs: float | None = None
    bf16_dense_tflops: float | None = None
    fp8_native: bool = False
    nvfp4_native: bool = False
    unified_memory: bool = False
    nvlink: str = ""
    max_per_node: Count = 8
    recommend: bool = True
    """False keeps a card out of "what GPU" answers (laptops, retired cards, cards that no server engine supports)."""
    source: str
    checked: date
    note: str = ""


class NumberFormat(Fact):
    """How one number of a weight matrix or of the KV cache is stored, scales included."""

    key: str
    aliases: tuple[str, ...] = ()
    vague_aliases: tuple[str, ...] = ()
    """Names that leave a choice open ("4bit"): this format is the usual reading, and is reported as an assumption."""
    bits: float
    """Payload bits per number; for GGUF types bits per weight with everything included."""
    block_rows: Size = 0
    """Rows that share one scale; 0: all rows."""
    block_columns: Size = 0
    """Columns that share one scale; 0: all columns."""
    scale_bytes: float = 0.0
    """Bytes of scale and zero point per block of block_rows x block_columns."""
    tensor_bytes: Size = 0
    """Bytes per matrix on top."""
    use: tuple[Literal["weights", "kv_cache"], ...] = ("weights",)
    cache_bits: float | None = None
    """Bits per number of the KV cache, block scales included; set exactly where use names kv_cache."""
    cache_head_bytes: float = 0.0
    """Bytes of scale per token, head and side (key or value) of the KV cache."""
    gguf: bool = False
    """A llama.cpp type; a mixture (q4_k_m) picks a type per tensor."""
    guide_bytes: float | None = None
    """Bytes per parameter in the guide's precision table."""
    min_compute_capability: float | None = None
    """Lowest capability with native arithmetic; below it weights are expanded while computing."""
    source: str
    note: str = ""


class NotFound(Fact):
    """No such name; near names are shown, never used."""

    what: Literal["model", "gpu", "format", "engine"]
    text: str
    suggestions: tuple[str, ...] = ()
