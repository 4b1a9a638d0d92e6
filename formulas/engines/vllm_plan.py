"""One vLLM deployment worked out: per pipeline stage, what a step needs and what the cache pool holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.vllm_activations import Step, activation_peak
from formulas.engines.vllm_cache import BLOCK_SIZE, CachePlan, Reserve, cache_plan
from formulas.engines.vllm_classes import graph_class, non_torch_class, uses_runner_v2
from formulas.engines.vllm_v4 import CompressedPlan, compressed_plan, is_compressed
from formulas.engines.vllm_weights import stage_weights
from formulas.estimate import Memory, Pool
from formulas.kv_cache import Cached, layer_caches
from formulas.layout import stage_layers
from formulas.state import Held


@dataclass(frozen=True, slots=True)
class Stage:
    """One pipeline stage: its weights and its share of the cache pool on one GPU."""

    weights: int
    overhead: int
    """CUDA graphs, non-torch memory and the null page."""
    cache: CachePlan | CompressedPlan


class VllmPlan:
    """Memory by load. Public: usable, band, memory(), pool(); the rest is shown by explain."""

    def __init__(self, deployment: Deployment, laws: Any) -> None:
        self.deployment = deployment
        self.laws = laws
        self.release = deployment.engine_version
        self._peaks: dict[Step, int] = {}
        utilization = deployment.settings.utilization
        if utilization is None:
            utilization = releases.UTILIZATION.at(self.release)
        self.utilization = utilization
        self.usable = int(laws.usable_bytes(visible_bytes=deployment.gpu.visible_bytes, utilization=utilization))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stage(stage) for stage in range(self.deployment.layout.pipeline_parallel))

    @cached_property
    def band(self) -> Mapping[str, int]:
        """One band on what the profile run measures: activations and overhead together."""
        least, share = releases.BAND_ONE_GPU if self.deployment.layout.gpu_count == 1 else releases.BAND_MANY_GPUS
        return {"activations_and_overhead": max(least, round(share * self.deployment.gpu.visible_bytes))}

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on the fullest GPU for batch sequences per replica."""
        step = self.step(sequence_tokens, batch)
        activations, reserve = self._peak(step), self._reserve(step)
        stages = [self._stage_memory(stage, batch, sequence_tokens, activations, reserve) for stage in self.stages]
        return stages[0] if len(stages) == 1 else max(stages, key=_total)

    def pool(self, *, sequence_tokens: int) -> Pool:
        """Bytes and printed tokens of a server with max_model_len = sequence_tokens; the tightest stage decides."""
        step = self.step(sequence_tokens)
        activations = self._peak(step)
        pages, left = [], []
        for stage in self.stages:
            free = self.laws.pool_bytes(
                usable_bytes=self.usable,
                weights_bytes=stage.weights,
                activation_bytes=activations,
                overhead_bytes=stage.overhead,
            )
            left.append(int(free) + stage.cache.page_bytes)
            if stage.cache.page_bytes:
                pages.append(max(0, int(self.laws.pool_pages(pool_bytes=left[-1], page_bytes=stage.cache.page_bytes))))
        if not pages:
            return Pool(bytes=max(0, min(left)), tokens=0)
        return Pool(bytes=max(0, min(left)), tokens=self._printed(min(pages), step))

    def step(self, sequence_tokens: int, batch: int = 1) -> Step:
        """Scheduler limits that a server for such sequences profiles with."""
        return Step.of(self.deployment, sequence_tokens=sequence_tokens, batch=batch)

    # ------------------------------------------------------------------ parts

    def _stage(self, index: int) -> Stage:
        deployment = self.deployment
        cache = self._cache(index)
        graphs = self._graphs(index)
        overhead = self.laws.overhead_bytes(
            graph_bytes=graphs,
            non_torch_bytes=self._non_torch(),
            null_page_bytes=int(self.laws.null_page_bytes(page_bytes=cache.page_bytes)),
        )
        return Stage(weights=stage_weights(deployment, index, self.laws), overhead=int(overhead), cache=cache)

    def _cache(self, index: int) -> CachePlan | CompressedPlan:
        architecture = self.deployment.model.architecture
        block_size = self.deployment.settings.block_size or BLOCK_SIZE
        if is_compressed(architecture):
            return compressed_plan(architecture, release=self.release)
        if architecture.role == "encoder":
            return CachePlan(0, block_size, ())
        layers = stage_layers(architecture, self.deployment.layout.pipeline_parallel, index)
        positions = architecture.encoder.positions or 0 if architecture.encoder else 0
        caches = layer_caches(layers, self._cached, self.laws, encoder_positions=positions)
        return cache_plan(caches, release=self.release, block_size=block_size, laws=self.laws)

    @property
    def _cached(self) -> Cached:
        held = Held(self.deployment.layout.tensor_parallel, 2, 0, self.deployment.model.architecture.hidden_size)
        return Cached(self.deployment.kv_cache, held)

    def _graphs(self, index: int) -> int:
        deployment, architecture = self.deployment, self.deployment.model.architecture
        if deployment.settings.enforce_eager or architecture.role == "encoder" or not self._counts_graphs:
            return 0
        layers = sum(count for _, count in stage_layers(architecture, deployment.layout.pipeline_parallel, index))
        limits = self.step(deployment.load.sequence_tokens)
        return int(
            self.laws.cuda_graph_bytes(
                graph_base_bytes=releases.GRAPH_BASE,
                graph_layer_bytes=releases.GRAPH_LAYER[graph_class(architecture)],
                num_hidden_layers=layers,
                captured_sizes=releases.capture_sizes(
                    self.release, max_sequences=limits.max_sequences, gpu=deployment.gpu
                ),
                reference_sizes=releases.GRAPH_SIZES_REFERENCE,
            )
        )

    @property
    def _counts_graphs(self) -> bool:
        silent = uses_runner_v2(self.deployment) and self.release < releases.RUNNER_V2_ALL
        return self.release >= releases.GRAPHS_COUNTED and not silent

    def _non_torch(self) -> int:
        tower = releases.NON_TORCH_TOWER if self.deployment.model.architecture.towers else 0
        return releases.NON_TORCH[non_torch_class(self.deployment)] + tower

    def _peak(self, step: Step) -> int:
        if step not in self._peaks:
            self._peaks[step] = activation_peak(self.deployment, step, self.laws)
        return self._peaks[step]

    def _reserve(self, step: Step) -> Reserve:
        batches = 1 if self.release < releases.IN_FLIGHT else self.deployment.layout.pipeline_parallel + 1
        return Reserve(batches, step.max_batched_tokens)

    def _stage_memory(
        self, stage: Stage, batch: int, sequence_tokens: int, activations: int, reserve: Reserve
    ) -> Memory:
        pages = stage.cache.pages(sequence_tokens, reserve, self.laws)
        cache = self.laws.cache_bytes(batch=batch, pages_per_request=pages, page_bytes=stage.cache.page_bytes)
        return Memory(weights=stage.weights, kv_cache=int(cache), activations=activations, overhead=stage.overhead)

    def _printed(self, pages: int, step: Step) -> int:
        cache, sequence_tokens = self.stages[0].cache, step.sequence_tokens
        if self.release >= releases.PRINTS_REQUESTS:
            need = cache.pages(sequence_tokens, self._reserve(step), self.laws)
            return int(
                self.laws.printed_tokens_by_requests(
                    pool_pages=pages, pages_per_request=need, sequence_tokens=sequence_tokens
                )
            )
        return int(
            self.laws.printed_tokens_by_pages(
                pool_pages=pages, cache_groups=cache.group_count, page_tokens=cache.block_size
            )
        )


def _total(memory: Memory) -> int:
    return memory.total
