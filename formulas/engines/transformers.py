"""Hugging Face transformers' generate(): one padded batch, a cache that grows with it, and no pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catalog.types import Gpu, LatentAttention, Layer, Model
from formulas.deployment import Deployment, Layout, Version, version
from formulas.engines.eager_step import element_bytes, encoder_token_bytes, token_bytes
from formulas.engines.layout_rules import division_problem
from formulas.engines.plain_weights import stage_weights
from formulas.engines.sequence_cache import caches, decompressed, sequence_bytes
from formulas.estimate import Memory, Pool
from formulas.kv_cache import LayerCache
from formulas.layout import stage_layers
from formulas.since import Since
from formulas.solve import LONGEST_TOKENS, largest
from formulas.units import GIB

LATEST = version("5.23.0")

LAST_LOGITS_ONLY: Since[bool] = Since(
    {"0.0": False, "4.45.0": True},
    source="transformers generation/utils.py: num_logits_to_keep from 4.45, logits_to_keep from 4.48; "
    "before, logits of the whole prompt",
)
LATENT_CACHED: Since[bool] = Since(
    {"0.0": False, "5.20.0": True},
    source="transformers models/deepseek_v3: past_key_values.update of the latents in 5.20.2 (#47761), of expanded "
    "keys and values in July 2026 (#47460); the release itself was not read",
)
LOGIT_BYTES = 6
"""16-bit logits and their fp32 copy."""
CONTEXT = round(0.5 * GIB)
"""CUDA context of a process: 0.25 to 0.7 GiB in public logs, by card and driver; CONTEXT_BAND is about that."""
SLACK, SLACK_BAND = 0.075, 0.025
"""Reserved but unused in PyTorch's allocator: 5 to 10 % of what grows and shrinks."""
CONTEXT_BAND = round(0.2 * GIB)
ACTIVATION_BAND = 0.25
"""Share of the activations: not measured for most models."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Layers on one GPU (device_map)."""

    weights: int
    caches: tuple[LayerCache, ...]


class TransformersPlan:
    """Memory by load. Public: usable, utilization, band, memory(), pool(), static_cache()."""

    def __init__(self, deployment: Deployment, laws: Any) -> None:
        self.deployment = deployment
        self.laws = laws
        gpu, settings = deployment.gpu, deployment.settings
        self.utilization = 1.0 if settings.utilization is None else settings.utilization
        visible = min(gpu.visible_bytes, settings.free_bytes or gpu.visible_bytes)
        self.usable = int(laws.usable_bytes(visible_bytes=visible, utilization=self.utilization))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        architecture, count = self.deployment.model.architecture, self.deployment.layout.pipeline_parallel
        return tuple(
            Stage(
                weights=stage_weights(self.deployment, stage, self.laws, vocab_padding=1),
                caches=tuple(self._caches(stage_layers(architecture, count, stage))),
            )
            for stage in range(count)
        )

    def _caches(self, layers: Sequence[tuple[Layer, int]]) -> list[LayerCache]:
        """Latent attention is cached expanded in older releases, with its index keys beside it."""
        deployment = self.deployment
        expands = not LATENT_CACHED.at(deployment.engine_version)
        plain = [pair for pair in layers if not (expands and _is_latent(pair))]
        found = caches(deployment, plain, self.laws, plain_index=True)
        return found + [entry for pair in layers if expands and _is_latent(pair) for entry in self._expanded(*pair)]

    def _expanded(self, layer: Layer, count: int) -> Iterator[LayerCache]:
        mixer = layer.mixer
        assert isinstance(mixer, LatentAttention)
        width = mixer.qk_nope_head_dim + mixer.qk_rope_head_dim
        size = decompressed(self.deployment, mixer, self.laws, key_width=width, value_width=mixer.v_head_dim)
        yield LayerCache("full", size, 0, count)
        if mixer.indexer:
            index = mixer.indexer.index_head_dim * element_bytes(self.deployment)
            yield LayerCache("full", index, 0, count)

    @cached_property
    def band(self) -> Mapping[str, int]:
        """Cache and weights are exact; activations, the allocator's slack and the context are not."""
        load = self.deployment.load
        memory = self.memory(batch=self.deployment.batch_per_replica, sequence_tokens=load.sequence_tokens)
        slack = round(SLACK_BAND * (memory.activations + memory.kv_cache))
        return {
            "activations": round(ACTIVATION_BAND * memory.activations),
            "allocator": slack,
            "overhead": CONTEXT_BAND,
        }

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for one batch whose longest sequence has so many tokens."""
        found = (self._memory(stage, batch, sequence_tokens) for stage in self.stages)
        return max(found, key=lambda memory: memory.total)

    def static_cache(self, *, batch: int, sequence_tokens: int) -> int:
        """Bytes of a StaticCache of this length on the fullest GPU: windowed layers keep their whole window."""
        return max(
            batch
            * sequence_bytes(stage.caches, sequence_tokens, lambda entry, tokens: min(tokens, entry.span or tokens))
            for stage in self.stages
        )

    def pool(self, *, sequence_tokens: int) -> Pool:
        """The longest single sequence that fits; there is no pool, the cache grows as it is used."""
        if not any(stage.caches for stage in self.stages):
            return Pool(bytes=0, tokens=0)

        def fits(tokens: int) -> bool:
            return self.memory(batch=1, sequence_tokens=tokens).total <= self.usable

        tokens = largest(fits, LONGEST_TOKENS)
        return Pool(bytes=self.memory(batch=1, sequence_tokens=tokens).kv_cache if tokens else 0, tokens=tokens)

    # ------------------------------------------------------------------ parts

    def _memory(self, stage: Stage, batch: int, sequence_tokens: int) -> Memory:
        cache = batch * sequence_bytes(stage.caches, sequence_tokens, kept_tokens)
        activations = self._activations(stage, batch, sequence_tokens)
        overhead = self.laws.allocator_overhead_bytes(
            context_bytes=CONTEXT, slack_share=SLACK, activation_bytes=activations, cached_bytes=cache
        )
        return Memory(weights=stage.weights, kv_cache=cache, activations=activations, overhead=int(overhead))

    def _activations(self, stage: Stage, batch: int, sequence_tokens: int) -> int:
        """The larger of the batch's prefill and appending a token to the largest layer; encoders pass once."""
        architecture = self.deployment.model.architecture
        if architecture.role == "encoder":
            return self._encoder(batch * sequence_tokens)
        prefill = self._prefill(batch, sequence_tokens)
        if architecture.encoder:
            prefill = max(prefill, self._encoder(batch * (architecture.encoder.positions or sequence_tokens)))
        return max(prefill, self._append(stage, batch, sequence_tokens))

    def _encoder(self, positions: int) -> int:
        width = encoder_token_bytes(
            self.deployment.model.architecture, self.laws, element_bytes=element_bytes(self.deployment)
        )
        return int(self.laws.eager_step_bytes(max_batched_tokens=positions, eager_token_bytes=width))

    def _prefill(self, batch: int, sequence_tokens: int) -> int:
        tokens, architecture = batch * sequence_tokens, self.deployment.model.architecture
        step = self.laws.eager_step_bytes(
            max_batched_tokens=tokens, eager_token_bytes=token_bytes(self.deployment, self.laws)
        )
        if not architecture.lm_head:
            return int(step)
        rows = batch if LAST_LOGITS_ONLY.at(self.deployment.engine_version) else tokens
        return int(
            step + self.laws.logits_bytes(logit_rows=rows, vocab_size=architecture.vocab_size, logit_size=LOGIT_BYTES)
        )

    def _append(self, stage: Stage, batch: int, sequence_tokens: int) -> int:
        growing = [entry for entry in stage.caches if entry.kind not in ("state", "cross")]
        sizes = (
            self.laws.append_copy_bytes(
                batch=batch, longest_kept=kept_tokens(entry, sequence_tokens), layer_token_bytes=entry.size
            )
            for entry in growing
        )
        return int(max(sizes, default=0))


def _is_latent(pair: tuple[Layer, int]) -> bool:
    return isinstance(pair[0].mixer, LatentAttention)


def kept_tokens(entry: LayerCache, tokens: int) -> int:
    """DynamicCache keeps exact lengths, and one token less than the window: transformers cache_utils.py."""
    return min(tokens, entry.span - 1) if entry.kind == "window" else min(tokens, entry.span or tokens)


class Transformers:
    """generate() on one GPU, or over several with device_map or a tensor-parallel plan."""

    key = "transformers"
    takes_share = False
    caps_requests = False
    latest = LATEST

    def utilization(self, release: Version) -> float:
        """The whole card: nothing is set aside."""
        return 1.0

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """The model's dtype."""
        return {"float16": "fp16", "float32": "fp32"}.get(model.architecture.dtype, "bf16")

    def supports(self, gpu: Gpu) -> bool:
        """NVIDIA and AMD."""
        return gpu.vendor in ("NVIDIA", "AMD", "custom")

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        return division_problem(model.architecture, layout)

    def plan(self, deployment: Deployment, laws: Any) -> TransformersPlan:
        """Memory by load on the fullest GPU."""
        return TransformersPlan(deployment, laws)


ENGINE = Transformers()
