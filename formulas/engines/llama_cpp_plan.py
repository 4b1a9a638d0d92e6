"""One llama.cpp deployment worked out: layers over the GPUs, and what each of them allocates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from formulas.deployment import Deployment
from formulas.engines import llama_cpp_versions as builds
from formulas.engines.llama_cpp_cache import Formats, Kept, Slots, cache_bytes, layer_keeps
from formulas.engines.llama_cpp_compute import Card, compute_buffer
from formulas.engines.llama_cpp_weights import Weights, gguf_weights
from formulas.estimate import Memory, Pool
from formulas.solve import LONGEST_TOKENS, largest

EXPERT_MATRICES = 3
"""Of one size in each layer: gate, up and down."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one GPU holds."""

    weights: int
    keeps: tuple[tuple[Kept, ...], ...]
    card: Card
    copied: int = 0
    """The largest matrix of experts in host memory: prompts are computed on the GPU, one such matrix at a time."""


@dataclass(frozen=True, slots=True)
class Offload:
    """A server with part of the layers on the GPU (-ngl)."""

    gpu_layers: int
    """Value of -ngl: the output head comes first, then layers from the last to the first."""
    memory: Memory
    host: int
    """Weights and cache in host memory, bytes."""


class LlamaCppPlan:
    """Memory by load. Public: usable, utilization, band, memory(), pool(), offload()."""

    def __init__(self, deployment: Deployment, laws: Any) -> None:
        self.deployment = deployment
        self.laws = laws
        self.usable = usable_bytes(deployment)
        self.utilization = self.usable / deployment.gpu.visible_bytes

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """What every GPU holds: the last of the layers that -ngl states, or all of them."""
        layers = self.deployment.model.architecture.num_hidden_layers
        stated = self.deployment.settings.gpu_layers
        count = layers + 1 if stated is None else min(stated, layers + 1)
        host = min(layers, layers + 1 - count)
        return tuple(
            self._share(host + first, host + last, starts=host + first == 0, ends=host + last == layers and count > 0)
            for first, last in layer_bounds(layers - host, gpus(self.deployment))
        )

    @cached_property
    def band(self) -> Mapping[str, int]:
        """The cache is exact; compute buffers and the driver's context are not."""
        load = self.deployment.load
        slots = self._slots(self.deployment.batch_per_replica, load.sequence_tokens)
        compute = max(compute_buffer(self.deployment, share.card, slots, self.laws) for share in self.shares)
        copied = max(share.copied for share in self.shares)
        return {
            "activations": max(builds.COMPUTE_BAND_LEAST, round(builds.COMPUTE_BAND * compute)) + copied,
            "overhead": builds.CONTEXT_BAND,
        }

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch slots of sequence_tokens each (-np batch, -c batch * sequence_tokens)."""
        return max(self.by_gpu(batch=batch, sequence_tokens=sequence_tokens), key=lambda memory: memory.total)

    def by_gpu(self, *, batch: int, sequence_tokens: int) -> tuple[Memory, ...]:
        """Bytes on every GPU, in the order of the layers."""
        slots = self._slots(batch, sequence_tokens)
        return tuple(self._memory(share, slots) for share in self.shares)

    def pool(self, *, sequence_tokens: int) -> Pool:
        """The largest context (n_ctx) of one slot, or of all slots in common; sequence_tokens does not matter."""
        if not any(any(share.keeps) for share in self.shares):
            return Pool(bytes=0, tokens=0)

        def fits(cells: int) -> bool:
            return self.memory(batch=1, sequence_tokens=256 * cells).total <= self.usable

        tokens = 256 * largest(fits, LONGEST_TOKENS // 256)
        return Pool(bytes=self.memory(batch=1, sequence_tokens=tokens).kv_cache, tokens=tokens)

    def offload(self) -> Offload:
        """As many layers on one GPU as the load allows; the others stay in host memory with their caches."""
        layers, load = self.deployment.model.architecture.num_hidden_layers, self.deployment.load
        slots = self._slots(self.deployment.batch_per_replica, load.sequence_tokens)

        def memory(count: int) -> Memory:
            first = max(0, layers + 1 - count)
            return self._memory(self._share(first, layers, starts=first == 0, ends=count > 0), slots)

        count = largest(lambda number: memory(number).total <= self.usable, layers + 1)
        whole = gguf_weights(self.deployment, self.laws)
        everything = whole.file + whole.extra + cache_bytes(self._keeps, slots, self.laws)
        here = memory(count)
        return Offload(count, here, everything - here.weights - here.kv_cache)

    # ------------------------------------------------------------------ parts

    @cached_property
    def _keeps(self) -> tuple[tuple[Kept, ...], ...]:
        deployment, settings = self.deployment, self.deployment.settings
        architecture = deployment.model.architecture
        if architecture.role == "encoder" and not builds.ENCODERS_CACHED.at(deployment.engine_version):
            return ((),) * architecture.num_hidden_layers
        values = deployment.formats[settings.value_cache] if settings.value_cache else deployment.kv_cache
        formats = Formats(deployment.kv_cache, values)
        return tuple(layer_keeps(architecture, formats, self.laws, windows=not settings.full_windows))

    def _slots(self, batch: int, sequence_tokens: int) -> Slots:
        """Encoders compute whole inputs at once, so their micro batch is the input."""
        settings = self.deployment.settings
        micro = settings.max_batched_tokens or builds.MICRO_BATCH
        if self.deployment.model.architecture.role == "encoder":
            micro = max(micro, sequence_tokens)
        if settings.shared_slots:
            slots = max(batch, settings.shared_slots)
            return Slots.of(slots, batch * sequence_tokens, micro, self.laws, unified=True)
        return Slots.of(batch, sequence_tokens, micro, self.laws)

    def _share(self, first: int, last: int, *, starts: bool, ends: bool) -> Share:
        architecture = self.deployment.model.architecture
        weights = gguf_weights(self.deployment, self.laws)
        size = sum(weights.layers[first:last]) + weights.output * ends + self._beside(weights) * starts
        on_host = self._host_experts(weights, first, last)
        if starts and self.deployment.gpu.unified_memory:
            size += weights.host
        kinds = tuple(architecture.kinds[kind] for kind in dict.fromkeys(architecture.order[first:last]))
        card = Card(kinds, ends, several=gpus(self.deployment) > 1)
        copied = max(on_host, default=0) // EXPERT_MATRICES
        return Share(size - sum(on_host), self._keeps[first:last], card, copied)

    def _host_experts(self, weights: Weights, first: int, last: int) -> tuple[int, ...]:
        """Of each of these layers, the experts that stay in host memory."""
        if self.deployment.gpu.unified_memory:
            return ()
        return weights.experts[first : min(last, self.deployment.settings.host_experts or 0)]

    def _beside(self, weights: Weights) -> int:
        """Encoder, and towers unless only the language model is loaded."""
        return weights.extra - (weights.towers if self.deployment.settings.language_model_only else 0)

    def _memory(self, share: Share, slots: Slots) -> Memory:
        return Memory(
            weights=share.weights,
            kv_cache=cache_bytes(share.keeps, slots, self.laws),
            activations=compute_buffer(self.deployment, share.card, slots, self.laws) + share.copied,
            overhead=builds.CONTEXT_BYTES,
        )


def gpus(deployment: Deployment) -> int:
    """GPUs over which the layers of one replica are spread, whatever parallelism was named."""
    return deployment.layout.tensor_parallel * deployment.layout.pipeline_parallel


def layer_bounds(layers: int, count: int) -> list[tuple[int, int]]:
    """First and last+1 layer of every GPU with equal free memory; the output head takes the place of one layer more.

    Source: llama.cpp src/llama-model.cpp, load_tensors: splits and get_layer_buft_list.
    """
    starts = [-(-index * (layers + 1) // count) for index in range(count)]
    return [(start, min(end, layers)) for start, end in zip(starts, [*starts[1:], layers], strict=True)]


def usable_bytes(deployment: Deployment) -> int:
    """What --fit may fill of one card: what Metal lends of unified memory, less what others use, less the margin."""
    gpu, settings = deployment.gpu, deployment.settings
    total = round(gpu.visible_bytes * builds.METAL_SHARE) if gpu.vendor == "Apple" else gpu.visible_bytes
    if settings.utilization is not None:
        return min(total, int(gpu.visible_bytes * settings.utilization), settings.free_bytes or total)
    return max(0, min(total, settings.free_bytes or total) - builds.FIT_MARGIN)
