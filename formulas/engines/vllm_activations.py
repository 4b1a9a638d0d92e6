"""The activation peak of vLLM's profile run: forward pass, sampler, compile benchmark, expert workspace."""

from __future__ import annotations

from typing import Any, NamedTuple

from catalog.types import Architecture, LatentAttention, Moe
from formulas.deployment import Deployment
from formulas.engines import vllm_versions as releases
from formulas.engines.eager_step import element_bytes
from formulas.engines.vllm_classes import uses_runner_v2, uses_v0
from formulas.engines.vllm_towers import encoder_cache, tower_peak
from formulas.engines.vllm_widths import expert_width, gathered_ranks, per_token
from formulas.units import GIB


class Step(NamedTuple):
    """Scheduler limits of one step."""

    max_batched_tokens: int
    max_sequences: int
    sequence_tokens: int
    """Longest sequence; it sizes the MLA workspace."""

    @classmethod
    def of(cls, deployment: Deployment, *, sequence_tokens: int, batch: int) -> Step:
        """Stated limits, else the release's defaults for this card, capped as the engine caps them."""
        settings, default = deployment.settings, default_batch(deployment, sequence_tokens)
        sequences = settings.max_sequences or default.max_sequences
        tokens = settings.max_batched_tokens
        if tokens is None:
            if deployment.model.architecture.role == "encoder":
                tokens = batch * sequence_tokens
            else:
                tokens = min(default.max_batched_tokens, sequences * sequence_tokens)
        return cls(tokens, min(sequences, tokens), sequence_tokens)


def default_batch(deployment: Deployment, sequence_tokens: int) -> releases.Batch:
    """max_num_batched_tokens and max_num_seqs of `vllm serve` when the command states none."""
    release, gpu = deployment.engine_version, deployment.gpu
    if uses_v0(deployment):
        if sequence_tokens > releases.V0_CHUNK_ABOVE:
            return releases.Batch(releases.V0_CHUNK.at(release), 256)
        return releases.Batch(max(sequence_tokens, 2048), 256)
    return releases.SERVER_BATCH.at(release)[_card_class(gpu.name, gpu.visible_bytes / GIB, unified=gpu.unified_memory)]


def _card_class(name: str, gib: float, *, unified: bool) -> str:
    if gib >= releases.HUGE_GIB:
        return "huge"
    if gib < releases.LARGE_GIB or unified:
        return "other"
    return "a100" if "A100" in name else "large"


def activation_peak(deployment: Deployment, step: Step, laws: Any) -> int:
    """Bytes above the weights at the widest moment of one profiled step."""
    architecture, release = deployment.model.architecture, deployment.engine_version
    eager = deployment.settings.enforce_eager or uses_v0(deployment)
    workspace = laws.kernel_workspace(
        moe_workspace=moe_workspace(deployment, step, laws), index_workspace=index_workspace(deployment, step, laws)
    )
    forward = forward_bytes(deployment, step, laws)
    generates = architecture.role != "encoder" and architecture.lm_head
    pictures = architecture.towers and not deployment.settings.language_model_only
    compiled = generates and not eager and not pictures and release >= releases.COMPILE_COPY
    copy = compile_copy(deployment, laws) if compiled else 0
    return int(
        laws.activation_peak(
            forward_bytes=forward,
            sampler_peak=sampler_peak(deployment, step, laws) if generates else 0,
            compile_copy=copy,
            kernel_workspace=workspace,
            tower_peak=tower_peak(deployment, laws),
            encoder_cache=encoder_cache(deployment, step.max_batched_tokens, laws),
            linear_workspace=releases.cublas_workspace(deployment.gpu),
        )
    )


def forward_bytes(deployment: Deployment, step: Step, laws: Any) -> int:
    """Bytes of the forward pass of one profiled step."""
    eager = deployment.settings.enforce_eager or uses_v0(deployment)
    return int(
        laws.forward_bytes(
            max_batched_tokens=step.max_batched_tokens,
            per_token=per_token(deployment, laws, eager=eager),
            latent_workspace=latent_workspace(deployment, step, laws),
        )
    )


def compile_copy(deployment: Deployment, laws: Any) -> int:
    """Copy of the embedding shard while combo kernels are benchmarked.

    With pictures or audio the embedding is looked up outside the compiled graph (gpu_model_runner.py passes
    inputs_embeds), and no copy is made.
    """
    architecture = deployment.model.architecture
    return int(
        laws.compile_copy_bytes(
            element_bytes=element_bytes(deployment),
            vocab_size=architecture.vocab_size,
            hidden_size=architecture.hidden_size,
            tensor_parallel=deployment.layout.tensor_parallel,
        )
    )


def sampler_peak(deployment: Deployment, step: Step, laws: Any) -> int:
    """Logits and sampling buffers of the dummy sampler run."""
    table = releases.LOGIT_BYTES_V2 if uses_runner_v2(deployment) else releases.LOGIT_BYTES
    logit_bytes = table.at(deployment.engine_version)
    if deployment.settings.flashinfer_sampler and not uses_v0(deployment):
        logit_bytes = min(logit_bytes, releases.FLASHINFER_LOGIT_BYTES)
    if deployment.settings.speculative_tokens and not uses_runner_v2(deployment):
        logit_bytes += releases.DUMMY_DRAFT_LOGIT_BYTES.at(deployment.engine_version)
    architecture = deployment.model.architecture
    return int(
        laws.sampler_bytes(
            logit_bytes=logit_bytes,
            max_sequences=step.max_sequences,
            vocab_size=architecture.vocab_size,
            element_bytes=element_bytes(deployment),
            max_batched_tokens=step.max_batched_tokens,
            hidden_size=architecture.hidden_size,
        )
    )


def latent_workspace(deployment: Deployment, step: Step, laws: Any) -> int:
    """Up-projected keys and values of MLA chunked prefill; none with sparse attention."""
    if uses_v0(deployment):
        return 0
    sizes = [_workspace(deployment, step, mixer, laws) for mixer in dense_latent_mixers(deployment.model.architecture)]
    return max(sizes, default=0)


def dense_latent_mixers(architecture: Architecture) -> list[LatentAttention]:
    """MLA mixers of a model without sparse attention; with it, some layers borrow an index and have none themselves."""
    mixers = [layer.mixer for layer in architecture.kinds if isinstance(layer.mixer, LatentAttention)]
    return [] if any(mixer.indexer for mixer in mixers) else mixers


def _workspace(deployment: Deployment, step: Step, mixer: LatentAttention, laws: Any) -> int:
    width = mixer.num_attention_heads * (mixer.qk_nope_head_dim + mixer.v_head_dim) // deployment.layout.tensor_parallel
    return int(
        laws.latent_workspace(
            workspace_chunks=releases.MLA_WORKSPACE_CHUNKS,
            sequence_tokens=step.sequence_tokens,
            workspace_rows=releases.MLA_WORKSPACE_ROWS,
            max_sequences=step.max_sequences,
            workspace_limit=releases.MLA_WORKSPACE_LIMIT,
            local_latent_width=width,
            element_bytes=2,
        )
    )


INDEX_ROWS_PER_TOKEN = 40
"""vllm/v1/attention/backends/mla/indexer.py: get_max_prefill_buffer_size, 0.18.0 to 0.33.0 read."""
INDEX_KEY_BYTES = 132
"""128 fp8 numbers and an fp32 scale."""


def index_workspace(deployment: Deployment, step: Step, laws: Any) -> int:
    """Index keys that sparse attention gathers for a prefill."""
    if not deployment.model.architecture.has_index:
        return 0
    rows = INDEX_ROWS_PER_TOKEN * step.sequence_tokens
    return int(laws.index_workspace_bytes(index_rows=rows, index_key_bytes=INDEX_KEY_BYTES))


NO_WORKSPACE_FORMATS = frozenset({"nvfp4", "mxfp4"})
"""FlashInfer and TRT-LLM expert kernels keep their scratch elsewhere, those for experts without gate too."""


def moe_workspace(deployment: Deployment, step: Step, laws: Any) -> int:
    """Expert scratch that stays allocated from 0.14, with Triton and DeepGEMM kernels."""
    architecture, gpu = deployment.model.architecture, deployment.gpu
    blackwell_fp8 = deployment.weights.key.startswith("fp8") and 10 <= (gpu.compute_capability or 0) < 12
    elsewhere = deployment.weights.key in NO_WORKSPACE_FORMATS or blackwell_fp8 or architecture.has_mixer("compressed")
    if deployment.engine_version < releases.MOE_WORKSPACE or elsewhere:
        return 0
    experts = [layer.feed_forward for layer in architecture.kinds if isinstance(layer.feed_forward, Moe)]
    gated = (kind for kind in experts if kind.gated)
    return max((_expert_scratch(deployment, step, kind, laws) for kind in gated), default=0)


def _expert_scratch(deployment: Deployment, step: Step, experts: Moe, laws: Any) -> int:
    tokens = step.max_batched_tokens * gathered_ranks(deployment)
    rows = min(tokens, releases.MOE_ROWS_LIMIT) * experts.num_experts_per_tok
    if deployment.weights.key == "fp8-block" and deployment.gpu.compute_capability == 9.0:
        rows += experts.num_experts * releases.DEEPGEMM_ALIGNMENT // deployment.layout.expert_ranks
    return int(
        laws.moe_workspace_bytes(
            expert_rows=rows,
            local_expert_width=expert_width(deployment, experts),
            hidden_size=deployment.model.architecture.hidden_size,
            element_bytes=2,
        )
    )
