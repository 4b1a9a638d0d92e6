"""One vLLM deployment worked out: per pipeline stage, what a step needs and what the cache pool holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.vllm_activations import Step, activation_peak, default_batch, forward_bytes
from formulas.engines.vllm_cache import CachePlan, Reserve, cache_plan, empty_plan
from formulas.engines.vllm_cache_rules import CacheRules, cache_rules
from formulas.engines.vllm_classes import band_classes, graph_class, non_torch_classes, uses_runner_v2, weights_class
from formulas.engines.vllm_kept import cached_as, kept_layers
from formulas.engines.vllm_v4 import CompressedPlan, compressed_plan, is_compressed
from formulas.engines.vllm_weights import stage_weights
from formulas.estimate import Memory, Pool
from formulas.fitted import Constant, Fitted, fitted
from formulas.kv_cache import layer_caches
from formulas.layout import stage_bounds, stage_layers

TELLS_SPREAD = 3
"""Start-ups from which their differences say something; a constant of fewer is as uncertain as it is large."""
DRAFTS = 8
"""More draft layers than any checkpoint has; they belong to the last stage."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One pipeline stage: its weights and its share of the cache pool on one GPU."""

    weights: int
    overhead: int
    """CUDA graphs, non-torch memory and the null page."""
    cache: CachePlan | CompressedPlan


class VllmPlan:
    """Memory by load. Public: usable, band, memory(), pool(); the rest is shown by explain."""

    def __init__(self, deployment: Deployment, laws: Any, constants: Fitted | None = None) -> None:
        """constants other than those in force are for fitting them."""
        self.deployment = deployment
        self.laws = laws
        self.fitted = constants or fitted()
        self.release = deployment.engine_version
        self._peaks: dict[Step, int] = {}
        utilization = deployment.settings.utilization
        if utilization is None:
            utilization = releases.UTILIZATION.at(self.release)
        self.utilization = utilization

    @cached_property
    def usable(self) -> int:
        """Bytes that the engine may take: its share of the card, or what it needs around a cache of stated size."""
        visible = self.deployment.gpu.visible_bytes
        step = self.step(self.deployment.load.sequence_tokens)
        needs = [self._around(stage, step) + size for stage in self.stages if (size := self._stated(stage)) is not None]
        if needs:
            return min(visible, max(needs))
        return int(self.laws.usable_bytes(visible_bytes=visible, utilization=self.utilization))

    def _stated(self, stage: Stage) -> int | None:
        """Cache bytes of a stage that the command states, the null page apart; None where it states none."""
        settings = self.deployment.settings
        if settings.gpu_blocks is not None:
            return (settings.gpu_blocks - 1) * stage.cache.page_bytes
        if settings.kv_cache_memory_bytes is None:
            return None
        return max(0, settings.kv_cache_memory_bytes - stage.cache.page_bytes)

    def _around(self, stage: Stage, step: Step) -> int:
        return stage.weights + self._peak(step) + stage.overhead

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stage(stage) for stage in range(self.deployment.layout.pipeline_parallel))

    @cached_property
    def band(self) -> Mapping[str, int]:
        """Nine of ten start-ups stay within: weights, and all that the profile run measures together.

        The cache itself is exact. Each figure is that of the narrowest class with enough start-ups behind it, and no
        less than the few start-ups behind the memory outside torch leave open.
        """
        share = self.fitted.weights_band[weights_class(self.deployment)].value
        rest = next(self.fitted.band[key] for key in band_classes(self.deployment) if key in self.fitted.band)
        outside = self._outside
        few = outside.p90 if outside.logs >= TELLS_SPREAD else outside.value
        weights = max(stage.weights for stage in self.stages)
        return {"weights": round(share * weights), "activations_and_overhead": round(max(rest.value, few))}

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

    def tokens(self, pool_bytes: int, *, sequence_tokens: int) -> int:
        """Printed tokens of a pool of so many bytes on every GPU, for max_model_len = sequence_tokens."""
        sizes = [stage.cache.page_bytes for stage in self.stages if stage.cache.page_bytes]
        pages = [int(self.laws.pool_pages(pool_bytes=max(0, pool_bytes), page_bytes=size)) for size in sizes]
        return self._printed(min(pages), self.step(sequence_tokens)) if pages else 0

    def step(self, sequence_tokens: int, batch: int = 1) -> Step:
        """Scheduler limits that a server for such sequences profiles with."""
        return Step.of(self.deployment, sequence_tokens=sequence_tokens, batch=batch)

    # ------------------------------------------------------------------ parts

    def _stage(self, index: int) -> Stage:
        deployment = self.deployment
        cache = self._cache(index)
        graphs = self.counted_graphs(index)
        overhead = self.laws.overhead_bytes(
            graph_bytes=graphs,
            non_torch_bytes=self.non_torch,
            null_page_bytes=int(self.laws.null_page_bytes(page_bytes=cache.page_bytes)),
            resident_state_bytes=self._resident_states(index),
        )
        return Stage(weights=stage_weights(deployment, index, self.laws), overhead=int(overhead), cache=cache)

    @cached_property
    def rules(self) -> CacheRules:
        """How this release lays out the pool."""
        return cache_rules(self.deployment)

    @cached_property
    def _whole(self) -> CachePlan:
        """The pool's groups over all pipeline stages."""
        if self.deployment.model.architecture.role == "encoder":
            return empty_plan(self.rules)
        return cache_plan(kept_layers(self.deployment, self.laws), self.rules, self.laws)

    def _cache(self, index: int) -> CachePlan | CompressedPlan:
        architecture, stages = self.deployment.model.architecture, self.deployment.layout.pipeline_parallel
        if is_compressed(architecture):
            return compressed_plan(architecture, release=self.release)
        first, end = stage_bounds(architecture.num_hidden_layers, stages)[index]
        drafts = DRAFTS if index == stages - 1 else 0
        return self._whole if stages == 1 else self._whole.stage(first, end + drafts)

    def _resident_states(self, index: int) -> int:
        """States of the V0 engine, which keeps them outside the pool."""
        architecture = self.deployment.model.architecture
        if self.rules.states_in_pool or architecture.role == "encoder" or is_compressed(architecture):
            return 0
        layers = stage_layers(architecture, self.deployment.layout.pipeline_parallel, index)
        caches = layer_caches(layers, cached_as(self.deployment), self.laws)
        states = sum(cache.size * cache.count for cache in caches if cache.kind == "state")
        if not states:
            return 0
        sequences = self.deployment.settings.max_sequences or default_batch(self.deployment, 1).max_sequences
        return int(self.laws.resident_state_bytes(max_sequences=sequences, state_bytes=states))

    def captured_graphs(self, index: int) -> int:
        """Bytes of the CUDA graphs of one stage; before 0.20 they lie outside the share that the engine keeps to."""
        deployment, architecture = self.deployment, self.deployment.model.architecture
        if deployment.settings.enforce_eager or architecture.role == "encoder":
            return 0
        layers = sum(count for _, count in stage_layers(architecture, deployment.layout.pipeline_parallel, index))
        limits = self.step(deployment.load.sequence_tokens)
        return int(
            self.laws.cuda_graph_bytes(
                graph_base_bytes=self.fitted.graph_base.value,
                graph_layer_bytes=self._graph_layer(graph_class(architecture)).value,
                num_hidden_layers=layers,
                captured_sizes=releases.capture_sizes(
                    self.release,
                    max_sequences=limits.max_sequences * (1 + deployment.settings.speculative_tokens),
                    gpu=deployment.gpu,
                    largest=deployment.settings.max_capture_size,
                ),
                reference_sizes=releases.GRAPH_SIZES_REFERENCE,
            )
        )

    def _graph_layer(self, key: str) -> Constant:
        table = self.fitted.graph_layer
        return table[key if key in table else "any"]

    def counted_graphs(self, index: int) -> int:
        """Bytes that the profile run sets aside for them: its estimate, which is 0 in some releases and runners."""
        silent = uses_runner_v2(self.deployment) and self.release < releases.RUNNER_V2_ALL
        if self.release < releases.GRAPHS_COUNTED or silent:
            return 0
        captured = self.captured_graphs(index)
        return max(captured, self.profiled_step) if captured else 0

    @cached_property
    def profiled_step(self) -> int:
        """Activations of one step that the estimate of the graphs holds, at least."""
        deployment, architecture = self.deployment, self.deployment.model.architecture
        linear = architecture.has_mixer("gated_delta_net", "kimi_delta")
        if self.release < releases.PROFILED_STEP or uses_runner_v2(deployment) or not linear:
            return 0
        return forward_bytes(deployment, self.step(deployment.load.sequence_tokens), self.laws)

    @property
    def non_torch(self) -> int:
        """Bytes outside torch on every GPU: NCCL, FlashInfer workspaces, what the driver adds."""
        towers = self.deployment.model.architecture.towers and not self.deployment.settings.language_model_only
        tower = self.fitted.tower.value if towers else 0
        return round(self._outside.value + tower)

    @property
    def _outside(self) -> Constant:
        classes = non_torch_classes(self.deployment)
        return next(self.fitted.non_torch[key] for key in classes if key in self.fitted.non_torch)

    def _peak(self, step: Step) -> int:
        if step not in self._peaks:
            self._peaks[step] = activation_peak(self.deployment, step, self.laws)
        return self._peaks[step]

    def _reserve(self, step: Step) -> Reserve:
        return Reserve(self.rules.in_flight_batches, step.max_batched_tokens)

    def _stage_memory(
        self, stage: Stage, batch: int, sequence_tokens: int, activations: int, reserve: Reserve
    ) -> Memory:
        pages = stage.cache.pages(sequence_tokens, reserve, self.laws)
        if self.deployment.model.pooled and isinstance(stage.cache, CachePlan) and stage.cache.groups:
            batch, pages = 1, self._scheduled_pages(stage.cache, batch, pages, reserve)
        cache = self.laws.cache_bytes(batch=batch, pages_per_request=pages, page_bytes=stage.cache.page_bytes)
        return Memory(weights=stage.weights, kv_cache=int(cache), activations=activations, overhead=stage.overhead)

    def _scheduled_pages(self, cache: CachePlan, batch: int, pages: int, reserve: Reserve) -> int:
        """Pages of requests that end with their prompts."""
        held = self.laws.pooled_pages(
            batch=batch,
            pages_per_request=pages,
            cache_groups=cache.group_count,
            block_size=cache.block_size,
            in_flight_batches=reserve.in_flight_batches,
            max_batched_tokens=reserve.max_batched_tokens,
            max_sequences=self.step(self.deployment.load.sequence_tokens).max_sequences,
        )
        return int(held)

    def _printed(self, pages: int, step: Step) -> int:
        """Tokens as the engine prints them; it multiplies floats, which may lose the last one."""
        cache, sequence_tokens = self.stages[0].cache, step.sequence_tokens
        if self.release >= releases.PRINTS_REQUESTS:
            need = cache.pages(sequence_tokens, self._reserve(step), self.laws)
            exact = self.laws.printed_tokens_by_requests(
                pool_pages=pages, pages_per_request=need, sequence_tokens=sequence_tokens
            )
            return min(int(exact), int(pages / need * sequence_tokens))
        return int(
            self.laws.printed_tokens_by_pages(
                pool_pages=pages, cache_groups=cache.group_count, page_tokens=cache.block_size
            )
        )


def _total(memory: Memory) -> int:
    return memory.total
