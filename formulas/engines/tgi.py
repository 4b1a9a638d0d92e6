"""Hugging Face TGI: a warm-up prefill, then blocks for what it left of the card."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from catalog.types import Gpu, LatentAttention, Model
from formulas.deployment import Deployment, Layout, Version, version
from formulas.engines.eager_step import token_bytes
from formulas.engines.layout_rules import division_problem
from formulas.engines.plain_weights import stage_weights, storage
from formulas.engines.sequence_cache import caches, decompressed, pages, sequence_bytes
from formulas.estimate import Memory, Pool
from formulas.kv_cache import LayerCache
from formulas.layout import stage_layers
from formulas.since import Since
from formulas.tensors import embedding
from formulas.units import GIB
from formulas.weights import tensor_bytes

LATEST = version("3.3.7")
"""Last known release of the 3.3 line; main was read as of January 2026."""

SHARE_OF_CARD = version("3.0.0")
"""From here the cache takes what is left of 90 % of the card; before, 95 % of what is left of all of it.

Source: TGI models/flash_causal_lm.py warmup (both forms read; the release between is inferred)."""
WIGGLE_ROOM: Since[float] = Since({"0.0": 0.95, "3.0.0": 0.90}, source="TGI server models/globals.py: TGI_WIGGLE_ROOM")
BLOCK_TOKENS: Since[int] = Since(
    {"0.0": 16, "3.0.0": 1}, source="TGI models/globals.py: 16 paged, 1 flashinfer (256 flashdecoding)"
)
PREFILL_TOKENS = 4096
"""max_batch_prefill_tokens: launcher default; newer launchers may raise it by the card's speed."""
LOGIT_BYTES = 6
"""16-bit logits and their fp32 log-probabilities."""
LAST_LOGITS_SINCE = version("3.0.0")
"""Before, the warm-up worked out logits of every prefilled token; --enable-prefill-logprobs brings them back.

Source: TGI docs/source/conceptual/chunking.md."""
LATENT_HEAD = 256
"""Latent attention is cached decompressed, heads padded to 256: flash_deepseek_v2_modeling.py, head_pad_size."""
CONTEXT = round(0.5 * GIB)
"""CUDA context of a process: 0.4 GiB of an A100 are gone at vLLM's start, 0.5 GiB of an H200 at TensorRT-LLM's."""
BAND = round(1.4 * GIB)
"""What the warm-up leaves against four public logs (2023 to 2024): 0.2, 0.4, 0.8 and 1.3 GiB off."""


class TgiPlan:
    """Memory by load. Public: usable, utilization, band, memory(), pool()."""

    def __init__(self, deployment: Deployment, laws: Any) -> None:
        self.deployment = deployment
        self.laws = laws
        self.release = deployment.engine_version
        self.visible = min(deployment.gpu.visible_bytes, deployment.settings.free_bytes or deployment.gpu.visible_bytes)

    @cached_property
    def usable(self) -> int:
        """Bytes in use once the blocks are allocated: as many as fit, or as hold the tokens that are stated."""
        share, most = self._share, self.deployment.settings.most_tokens
        if most is None:
            return share
        return min(share, self.weights + self.activations + CONTEXT + pages(most, self._block) * self._cell)

    @property
    def _share(self) -> int:
        fraction = self.deployment.settings.utilization or 1.0
        wiggle = WIGGLE_ROOM.at(self.release)
        if self.release >= SHARE_OF_CARD:
            return int(self.laws.usable_bytes(visible_bytes=self.visible, utilization=fraction * wiggle))
        return int(
            self.laws.free_share_usable_bytes(
                visible_bytes=int(self.visible * fraction),
                free_fraction=wiggle,
                weights_bytes=self.weights,
                activation_bytes=self.activations + self._warm_blocks,
                overhead_bytes=CONTEXT,
            )
        )

    @property
    def utilization(self) -> float:
        """Share of the card in use once the blocks are allocated."""
        return self.usable / self.deployment.gpu.visible_bytes

    @property
    def band(self) -> Mapping[str, int]:
        return {"activations_and_overhead": BAND}

    @cached_property
    def weights(self) -> int:
        """Of one GPU; a tied embedding is read a second time as the head (layers/tensor_parallel.py)."""
        architecture = self.deployment.model.architecture
        once = stage_weights(self.deployment, 0, self.laws)
        if not (architecture.lm_head and architecture.tie_word_embeddings):
            return once
        return once + tensor_bytes(storage(self.deployment, copies=False), embedding(architecture), None, self.laws)

    @cached_property
    def activations(self) -> int:
        """The warm-up prefill, with the logits of all its tokens where the release works them out."""
        tokens = self._prefill_tokens
        step = self.laws.eager_step_bytes(
            max_batched_tokens=tokens, eager_token_bytes=token_bytes(self.deployment, self.laws)
        )
        architecture = self.deployment.model.architecture
        if not architecture.lm_head or self.release >= LAST_LOGITS_SINCE:
            return int(step)
        logits = self.laws.logits_bytes(logit_rows=tokens, vocab_size=architecture.vocab_size, logit_size=LOGIT_BYTES)
        return int(step + logits)

    def memory(self, *, batch: int, sequence_tokens: int) -> Memory:
        """Bytes on one GPU for batch sequences per replica; windows are not read."""
        each = sequence_bytes(self._caches, sequence_tokens, lambda _, tokens: pages(tokens, self._block))
        return Memory(weights=self.weights, kv_cache=batch * each, activations=self.activations, overhead=CONTEXT)

    def pool(self, *, sequence_tokens: int) -> Pool:
        """Bytes and tokens (max batch total tokens) of the blocks; they do not depend on the length."""
        left = max(0, self.usable - self.weights - self.activations - CONTEXT)
        if not self._cell:
            return Pool(bytes=left, tokens=0)
        page = int(self.laws.page_bytes(block_size=self._block, layer_bytes=self._cell))
        return Pool(bytes=left, tokens=int(self.laws.pool_pages(pool_bytes=left, page_bytes=page)) * self._block)

    # ------------------------------------------------------------------ parts

    @cached_property
    def _cell(self) -> int:
        """Bytes of one token over all layers; windows are not read."""
        return sum(entry.size * entry.count for entry in self._caches if entry.kind in ("full", "window", "chunk"))

    @property
    def _block(self) -> int:
        return self.deployment.settings.block_size or BLOCK_TOKENS.at(self.release)

    @property
    def _prefill_tokens(self) -> int:
        return self.deployment.settings.max_batched_tokens or PREFILL_TOKENS

    @property
    def _warm_blocks(self) -> int:
        return sequence_bytes(self._caches, self._prefill_tokens, lambda _, tokens: pages(tokens, self._block))

    @cached_property
    def _caches(self) -> list[LayerCache]:
        layers = stage_layers(self.deployment.model.architecture, 1, 0)
        latent = [(layer.mixer, count) for layer, count in layers if isinstance(layer.mixer, LatentAttention)]
        rest = [pair for pair in layers if not isinstance(pair[0].mixer, LatentAttention)]
        return caches(self.deployment, rest, self.laws) + [self._decompressed(mixer, count) for mixer, count in latent]

    def _decompressed(self, mixer: LatentAttention, count: int) -> LayerCache:
        size = decompressed(self.deployment, mixer, self.laws, key_width=LATENT_HEAD, value_width=LATENT_HEAD)
        return LayerCache("full", size, 0, count)


class Tgi:
    """Text Generation Inference."""

    key = "tgi"
    takes_share = False
    caps_requests = False
    latest = LATEST

    def utilization(self, release: Version) -> float:
        """cuda_memory_fraction 1.0 times the wiggle room."""
        return WIGGLE_ROOM.at(release)

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        """The model's dtype; fp8 only where it is asked for."""
        return "fp16" if model.architecture.dtype == "float16" else "bf16"

    def supports(self, gpu: Gpu) -> bool:
        """NVIDIA from Turing on, AMD Instinct, Intel data-centre cards."""
        return gpu.vendor in ("AMD", "Intel", "custom") or (
            gpu.vendor == "NVIDIA" and (gpu.compute_capability or 0) >= 7.5
        )

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        """Tensor parallelism only."""
        if layout.pipeline_parallel > 1:
            return "no_pipeline_parallelism"
        return division_problem(model.architecture, layout)

    def plan(self, deployment: Deployment, laws: Any) -> TgiPlan:
        """Memory by load on the fullest GPU."""
        return TgiPlan(deployment, laws)


ENGINE = Tgi()
