"""What a model is built of: feed-forward blocks, layers, tables, encoders and towers."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from catalog.types.fact import Count, Fact, Size
from catalog.types.mixers import Attention, LatentAttention, Mixer


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
