"""Sizing by the deployment guide's formulas, for questions that ask for them (`guide: llama-2-7b fp16 ...`).

Headline total: (weights + KV cache + activations) * 1.15, as the guide's worked cases do. Their activations follow no
formula, so the median of the cases stands in: 3 % of weights and KV cache. The guide's stated activation formula
(factor 4 to 8), its simplified total and its rules of thumb are given beside. Where the guide errs in the
architecture (head_dim, GQA, encoders, Whisper's decoder) the real one is used, and a caveat says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from catalog.types import Architecture, Attention, LatentAttention, Layer, Mixer
from formulas import compiled
from formulas.deployment import Deployment
from formulas.estimate import Memory, Pool
from formulas.kv_cache import element_bits
from formulas.tensors import parameter_count

CASE_ACTIVATION_PERCENT = 3
"""Median over the guide's 22 cases of activations / (weights + KV cache), as printed."""
OVERHEAD_PERCENT = 15
"""Overhead of every case; the guide's range is 10 to 20."""
ACTIVATION_FACTORS = (4, 8)
"""The guide's range for its activation formula."""
UTILIZATION_PERCENT = 90
"""Share of a card that the guide plans with."""
KV_BYTES = 2
"""The guide keeps the KV cache in 16 bits."""
GB = 10**9
BYTE_BITS = 8

Caveat = Literal["hidden_dim", "head_dim", "windowed", "latent", "linear", "encoder", "cross_attention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideModel:
    """The numbers that the guide's formulas ask for, taken from the real architecture."""

    parameters: int
    num_hidden_layers: int
    """Decoder layers of an encoder-decoder model."""
    hidden_size: int
    num_key_value_heads: int
    """0 where nothing is cached."""
    head_dim: int
    encoder_positions: int = 0
    """Positions of the cross-attention cache, per sequence."""
    caveats: tuple[Caveat, ...] = ()
    """Where the guide's formulas and the real model part: keys of the caveats in bot/advice.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherFormulas:
    """Bytes on one GPU by the guide's other formulas, to be shown beside the total."""

    kv_cache_hidden: int
    """KV cache by the guide's first formula: hidden_size in place of the KV heads, whatever the model."""
    total_full: tuple[int, int]
    """The full formula with its activation factors 4 and 8."""
    total_simplified: int
    """Weights + KV cache * 1.2."""
    development: int
    """Weights * 1.5."""
    single_request: int
    """Weights * 1.3."""


def guide_model(architecture: Architecture) -> GuideModel:
    """The guide's view of a model, with its real parameter count instead of the rounded one in its name."""
    attention = next((mixer for mixer in _mixers(architecture.kinds) if isinstance(mixer, Attention)), None)
    encodes = architecture.role == "encoder"
    return GuideModel(
        parameters=parameter_count(architecture),
        num_hidden_layers=architecture.num_hidden_layers,
        hidden_size=architecture.hidden_size,
        num_key_value_heads=0 if encodes else attention.num_key_value_heads if attention else 1,
        head_dim=attention.head_dim if attention else architecture.hidden_size,
        encoder_positions=(architecture.encoder.positions or 0) if architecture.encoder else 0,
        caveats=tuple(_caveats(architecture, attention)),
    )


def guide_plan(deployment: Deployment, laws: Any = compiled) -> GuidePlan:
    """The guide's plan for a deployment. Raises ValueError for a weight format that its precision table lacks."""
    if deployment.weights.guide_bytes is None:
        raise ValueError(f"the guide gives no bytes per parameter for {deployment.weights.key}")
    utilization = deployment.settings.utilization
    percent = UTILIZATION_PERCENT if utilization is None else round(utilization * 100)
    return GuidePlan(
        model=guide_model(deployment.model.architecture),
        bytes_per_parameter=deployment.weights.guide_bytes,
        kv_bytes=element_bits(deployment.kv_cache) / BYTE_BITS,
        tensor_parallel=deployment.layout.tensor_parallel,
        pipeline_parallel=deployment.layout.pipeline_parallel,
        utilization=percent / 100,
        usable=guide_usable_bytes(marketed_gb=deployment.gpu.marketed_gb, utilization_percent=percent, laws=laws),
        laws=laws,
    )


def guide_usable_bytes(
    *, marketed_gb: float, utilization_percent: int = UTILIZATION_PERCENT, laws: Any = compiled
) -> int:
    """What the guide plans with on one card: 72 * 10^9 bytes of an "80 GB" card."""
    return int(laws.guide_usable_memory(marketed_bytes=int(marketed_gb * GB), utilization_percent=utilization_percent))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidePlan:
    """What the guide makes of a deployment, on one GPU; a Plan like those of the engines."""

    model: GuideModel
    bytes_per_parameter: float
    kv_bytes: float = KV_BYTES
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    overhead_percent: int = OVERHEAD_PERCENT
    usable: int = 0
    utilization: float = UTILIZATION_PERCENT / 100
    band: Mapping[str, int] = field(default_factory=dict)
    laws: Any = compiled

    @property
    def weights(self) -> int:
        """Weights divided over the GPUs of one replica."""
        gpus = self.tensor_parallel * self.pipeline_parallel
        return int(
            self.laws.guide_weights_per_gpu(
                parameters=self.model.parameters, bytes_per_parameter=self.bytes_per_parameter, tensor_parallel=gpus
            )
        )

    @property
    def layers(self) -> int:
        return int(self.laws.shard_size(features=self.model.num_hidden_layers, tensor_parallel=self.pipeline_parallel))

    def kv_cache(self, *, batch: int, sequence_tokens: int) -> int:
        """The GQA formula with the real heads; an encoder-decoder adds its cross-attention keys and values."""
        if not self.model.num_key_value_heads:
            return 0
        cache = partial(
            self.laws.guide_kv_cache_gqa,
            num_hidden_layers=self.layers,
            batch=batch,
            num_key_value_heads=self.laws.local_kv_heads(
                num_key_value_heads=self.model.num_key_value_heads, tensor_parallel=self.tensor_parallel
            ),
            head_dim=self.model.head_dim,
            element_bytes=self.kv_bytes,
        )
        return int(
            sum(cache(sequence_tokens=length) for length in (sequence_tokens, self.model.encoder_positions) if length)
        )

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """The headline: weights, KV cache, 3 % activations, 15 % overhead."""
        kv_cache = self.kv_cache(batch=batch, sequence_tokens=sequence_tokens)
        activations = self.laws.guide_case_activations(
            weights_bytes=self.weights, cache_size=kv_cache, activation_percent=CASE_ACTIVATION_PERCENT
        )
        return self._memory(kv_cache=kv_cache, activations=int(activations))

    def pool(self, *, sequence_tokens: int) -> Pool:
        """What the card leaves for the KV cache, and the tokens that it holds; no tokens where nothing is cached."""
        left = self.laws.guide_pool(
            usable_bytes=self.usable,
            weights_bytes=self.weights,
            overhead_percent=self.overhead_percent,
            activation_percent=CASE_ACTIVATION_PERCENT,
        )
        size = max(0, int(left))
        sequence = self.kv_cache(batch=1, sequence_tokens=sequence_tokens)
        return Pool(bytes=size, tokens=size * sequence_tokens // sequence if sequence else 0)

    def others(self, *, batch: int, sequence_tokens: int) -> OtherFormulas:
        """The guide's other formulas for the same load."""
        kv_cache = self.kv_cache(batch=batch, sequence_tokens=sequence_tokens)
        load = {
            "num_hidden_layers": self.layers,
            "batch": batch,
            "sequence_tokens": sequence_tokens,
            "hidden_size": self.model.hidden_size,
        }
        activations = [
            int(self.laws.guide_activations(**load, element_bytes=KV_BYTES, activation_factor=factor))
            for factor in ACTIVATION_FACTORS
        ]
        low, high = (self._memory(kv_cache=kv_cache, activations=each).total for each in activations)
        return OtherFormulas(
            kv_cache_hidden=int(self.laws.guide_kv_cache(**load, element_bytes=self.kv_bytes)),
            total_full=(low, high),
            total_simplified=self.laws.guide_total_simplified(weights_bytes=self.weights, cache_size=kv_cache),
            development=self.laws.guide_development_rule(weights_bytes=self.weights),
            single_request=self.laws.guide_single_request_rule(weights_bytes=self.weights),
        )

    def _memory(self, *, kv_cache: int, activations: int) -> Memory:
        overhead = self.laws.guide_overhead(
            weights_bytes=self.weights,
            cache_size=kv_cache,
            activation_bytes=activations,
            overhead_percent=self.overhead_percent,
        )
        return Memory(weights=self.weights, kv_cache=kv_cache, activations=activations, overhead=int(overhead))


def _mixers(layers: tuple[Layer, ...]) -> Iterator[Mixer]:
    for layer in layers:
        yield from (mixer for mixer in (layer.mixer, layer.second_mixer) if mixer is not None)


def _caveats(architecture: Architecture, attention: Attention | None) -> Iterator[Caveat]:
    mixers = tuple(_mixers(architecture.kinds))
    if architecture.role == "encoder":
        yield "encoder"
    elif attention and attention.num_key_value_heads < attention.num_attention_heads:
        yield "hidden_dim"
    if attention and attention.num_attention_heads * attention.head_dim != architecture.hidden_size:
        yield "head_dim"
    if any(isinstance(mixer, Attention) and (mixer.sliding_window or mixer.attention_chunk_size) for mixer in mixers):
        yield "windowed"
    if any(isinstance(mixer, LatentAttention) for mixer in mixers):
        yield "latent"
    if any(not isinstance(mixer, Attention | LatentAttention) for mixer in mixers):
        yield "linear"
    if architecture.role == "encoder_decoder":
        yield "cross_attention"
