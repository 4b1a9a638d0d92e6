"""By which rules a release fills its cache pool: hybrid manager, state pages, groups, tokens in flight."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

from catalog.types import Architecture
from formulas.deployment import Deployment, version
from formulas.engines.vllm_classes import uses_runner_v2, uses_v0
from formulas.since import Since

BLOCK_SIZE = 16
LATENT_BLOCK: Since[dict[str, int]] = Since(
    {
        "0.0": {"hopper": 64, "blackwell": 64, "other": BLOCK_SIZE},
        "0.18.0": {"hopper": BLOCK_SIZE, "blackwell": 32, "other": BLOCK_SIZE},
    },
    source="platforms/cuda.py: check_and_update_config (0.8.5 to 0.17.0 read); from 0.18.0 v1/attention/backend.py: "
    "get_preferred_block_size; tokens printed for DeepSeek-R1 by 0.11.0 to 0.20.0",
)
SPARSE_BLOCK = 64
"""The only page of FlashMLA's sparse kernel; FlashInfer's, on Blackwell, takes that of dense latent attention."""

HYBRID_MANAGER = version("0.9.2")
"""Before, windowed layers beside full attention are allocated like it: v1/core/kv_cache_coordinator.py."""
CHUNKS_WITHOUT_MANAGER = (version("0.10.2"), version("0.14.0"))
"""First release, and first no more, that turns the hybrid manager off for chunked attention (Llama 4): 0.10.2 to 0.13.0
read, VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE."""

GROUP_TOLERANCE: Since[float] = Since(
    {"0.0": 1.0, "0.12.0": 1.25, "0.18.0": 1.5},
    source="v1/core/kv_cache_utils.py: _get_kv_cache_groups_uniform_page_size, read in 0.11.2 to 0.33.0",
)
IN_FLIGHT = version("0.26.0")
"""From here out-of-window pages of every batch in flight are reserved: config/vllm.py max_in_flight_tokens (not in
0.25.0)."""

STATES_CACHED: Since[bool] = Since(
    {"0.0": False, "0.28.0": True},
    source="engine/arg_utils.py: default_prefix_caching of hybrid models; opt-in in 0.26.0 and 0.27.1, on in 0.28.0",
)
STATE_CACHING_ALIGNED = version("0.16.0")
"""First release read whose prefix caching keeps states of any kind (mamba_cache_mode align)."""
MAMBA_ALIGNED = version("0.28.0")
"""Before, prefix caching keeps the Mamba state of every page (mode all): models/config.py, 0.27.1 against 0.28.0."""
MAMBA_CHECKPOINT, DELTA_NET_CHECKPOINT = version("0.32.0"), version("0.33.0")
"""From here one page more holds the state at the end of a prefill: get_kv_cache_spec of mamba_mixer2.py, and of
qwen_gdn_linear_attn.py with FlashInfer's prefill kernel (compute capability 9.0 and later)."""
DELTA_NET_CHECKPOINT_TOKENS = 64
"""v1/attention/backends/gdn_attn.py: FLASHINFER_GDN_CHECKPOINT_ALIGNMENT, of which pages are multiples then."""

STATE_ALIGNMENT = 16
STATE_ALIGNED_TO_BLOCK = version("0.20.0")
"""Pages of hybrid models are multiples of the stated block size too: _align_hybrid_block_size, not in 0.19.1."""
LATENT_STATE_ALIGNMENT: Since[int] = Since(
    {"0.0": 64, "0.27.0": 128},
    source="platforms/interface.py: _align_hybrid_block_size with MLA; 0.19.1 and 0.27.1 read",
)


@dataclass(frozen=True, slots=True)
class CacheRules:
    """How one deployment's pool is laid out."""

    block_size: int
    hybrid_manager: bool
    states_in_pool: bool
    group_tolerance: float
    state_alignment: int
    """Pages of hybrid models hold a multiple of so many tokens."""
    state_pages: int
    """Pages of one state layer group that a request holds whatever its length."""
    state_every_page: bool
    """A state is kept for every page of the sequence too."""
    in_flight_batches: int


def cache_rules(deployment: Deployment) -> CacheRules:
    """The rules for this model in this release under these settings."""
    block = deployment.settings.block_size or _block_size(deployment)
    cached, checkpoint = _caches_states(deployment), _checkpoints(deployment)
    every = cached and deployment.engine_version < MAMBA_ALIGNED and _has_mamba(deployment.model.architecture)
    return CacheRules(
        block_size=block,
        hybrid_manager=_hybrid_manager(deployment),
        states_in_pool=not uses_v0(deployment),
        group_tolerance=GROUP_TOLERANCE.at(deployment.engine_version),
        state_alignment=_state_alignment(deployment, block, checkpoint),
        state_pages=deployment.settings.speculative_tokens + (0 if every else 1 + cached + checkpoint),
        state_every_page=every,
        in_flight_batches=_in_flight(deployment),
    )


def _block_size(deployment: Deployment) -> int:
    architecture, capability = deployment.model.architecture, deployment.gpu.compute_capability or 0
    if not architecture.has_mixer("mla") or architecture.has_mixer("kimi_delta") or uses_v0(deployment):
        return BLOCK_SIZE
    kind = "hopper" if capability == 9.0 else "blackwell" if 10 <= capability < 11 else "other"
    if architecture.has_index and kind != "blackwell":
        return SPARSE_BLOCK
    return LATENT_BLOCK.at(deployment.engine_version)[kind]


def _hybrid_manager(deployment: Deployment) -> bool:
    release, stated = deployment.engine_version, deployment.settings.hybrid_manager
    if uses_v0(deployment) or release < HYBRID_MANAGER:
        return False
    if stated is not None:
        return stated
    first, end = CHUNKS_WITHOUT_MANAGER
    return not (first <= release < end and _has_chunks(deployment.model.architecture))


def _has_chunks(architecture: Architecture) -> bool:
    return any(getattr(layer.mixer, "attention_chunk_size", None) for layer in architecture.kinds)


def _has_mamba(architecture: Architecture) -> bool:
    return architecture.has_mixer("mamba1", "mamba2")


def _caches_states(deployment: Deployment) -> bool:
    """Whether prefix caching keeps states, so that a request holds the last and the next one."""
    release, stated = deployment.engine_version, deployment.settings.prefix_caching
    if stated is None:
        return STATES_CACHED.at(release)
    return stated and release >= STATE_CACHING_ALIGNED


def _checkpoints(deployment: Deployment) -> bool:
    if not _caches_states(deployment):
        return False
    architecture, release = deployment.model.architecture, deployment.engine_version
    return (_has_mamba(architecture) and release >= MAMBA_CHECKPOINT) or _delta_net_checkpoints(deployment)


def _delta_net_checkpoints(deployment: Deployment) -> bool:
    hopper = (deployment.gpu.compute_capability or 0) >= 9.0 and deployment.gpu.vendor != "AMD"
    delta_net = deployment.model.architecture.has_mixer("gated_delta_net")
    return delta_net and hopper and deployment.engine_version >= DELTA_NET_CHECKPOINT


def _state_alignment(deployment: Deployment, block: int, checkpoint: bool) -> int:
    alignment = STATE_ALIGNMENT
    if deployment.engine_version >= STATE_ALIGNED_TO_BLOCK:
        alignment = max(alignment, block)
    if deployment.model.architecture.has_mixer("mla"):
        alignment = max(alignment, LATENT_STATE_ALIGNMENT.at(deployment.engine_version))
    if checkpoint and deployment.model.architecture.has_mixer("gated_delta_net"):
        alignment = lcm(alignment, DELTA_NET_CHECKPOINT_TOKENS)
    return alignment


def _in_flight(deployment: Deployment) -> int:
    """Scheduled batches whose tokens are not settled; async scheduling adds one, with pipelines in runner V2 alone."""
    stages = deployment.layout.pipeline_parallel
    if deployment.engine_version < IN_FLIGHT:
        return 1
    if uses_runner_v2(deployment):
        return stages + 1
    return 2 if stages == 1 else stages
