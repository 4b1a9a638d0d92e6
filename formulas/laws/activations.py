"""Activations: the largest transient memory of one scheduled step, as the engine's profile run meets it."""

from sympy import Max, Min, ceiling

from formulas.law import Law
from formulas.symbols import (
    activation_bytes,
    element_bytes,
    hidden_size,
    max_batched_tokens,
    max_sequences,
    quantity,
    sequence_tokens,
    tensor_parallel,
    vocab_size,
)

per_token = quantity(
    "per_token", "bytes", "activations of one scheduled token at the widest point of a layer", real=True
)
intermediate_size = quantity("intermediate_size", "1", "width of the feed-forward block")
projections = quantity("projections", "1", "input projections of the feed-forward block: 2 when gated, else 1")
resident_streams = quantity("resident_streams", "1", "residual-wide tensors alive beside the feed-forward block")
MLP_COMPILED = Law(
    name="mlp_compiled_per_token",
    result=per_token,
    expression=element_bytes
    * (
        hidden_size
        + Max(
            hidden_size + projections * intermediate_size / tensor_parallel,
            (projections + 1) * intermediate_size / tensor_parallel,
        )
    ),
    holds="dense feed-forward under torch.compile: the input is freed once both halves are computed",
    source="vLLM v1/worker/gpu_model_runner.py: profile_run; matches logged peaks of dense models",
)
MLP_EAGER = Law(
    name="mlp_eager_per_token",
    result=per_token,
    expression=element_bytes
    * ((projections + 1) * intermediate_size / tensor_parallel + resident_streams * hidden_size),
    holds="dense feed-forward run eagerly: python keeps gate and up alive through the down projection",
    source="vLLM worker/model_runner.py: profile_run (V0); Qwen2.5-1.5B at 32,768 tokens: 2.02 GiB logged and computed",
)

num_experts_per_tok = quantity("num_experts_per_tok", "1", "experts that each token visits")
gathered_ranks = quantity("gathered_ranks", "1", "data-parallel replicas whose tokens the experts of one GPU compute")
num_experts = quantity("num_experts", "1", "routed experts")
local_expert_width = quantity("local_expert_width", "1", "inner width of one expert on this GPU")
expert_hidden = quantity("expert_hidden", "1", "input width of the experts")
router_bytes = quantity("router_bytes", "bytes", "fp32 logits, weights and indices of the router, per expert")
MOE = Law(
    name="moe_per_token",
    result=per_token,
    expression=element_bytes
    * (
        gathered_ranks
        * num_experts_per_tok
        * (Max(projections * local_expert_width, expert_hidden) + local_expert_width)
        + (2 + gathered_ranks) * hidden_size
    )
    + router_bytes * num_experts,
    holds="mixture-of-experts layers with fused expert kernels",
    source="vLLM model_executor/layers/fused_moe/fused_moe.py: intermediate caches 1 to 3; "
    "distributed/device_communicators/all2all.py: hidden states of all replicas are gathered",
)

qkv_width = quantity("qkv_width", "1", "outputs of the query, key and value projections on this GPU")
ATTENTION = Law(
    name="attention_per_token",
    result=per_token,
    expression=element_bytes * (3 * hidden_size + 2 * qkv_width),
    holds="every attention layer with a fused kernel: no score matrix is stored",
    source="vLLM model_executor/layers/attention; Dao 2022 (FlashAttention)",
)

mixer_width = quantity("mixer_width", "1", "outputs of a linear-attention or state-space input projection on all GPUs")
LINEAR_ATTENTION = Law(
    name="linear_attention_per_token",
    result=per_token,
    expression=element_bytes * (2 * hidden_size + 3 * mixer_width / tensor_parallel),
    holds="gated delta net and Mamba-2 layers",
    source="vLLM model_executor/layers/mamba: projection, convolution output and chunk scan alive together",
)

inner_width = quantity("inner_width", "1", "inner width of a Mamba-2 layer: heads times their width")
group_width = quantity("group_width", "1", "groups of a Mamba-2 layer times its state width")
gate_bytes = quantity("gate_bytes", "bytes", "fp32 copies of the gate and of the gated output, per inner number")
MAMBA2_EAGER = Law(
    name="mamba2_eager_per_token",
    result=per_token,
    expression=element_bytes * (4 * hidden_size + 4 * (inner_width + group_width) / tensor_parallel)
    + gate_bytes * inner_width / tensor_parallel,
    holds="Mamba-2 run eagerly: projection, convolution and scan are alive while the output is gated in fp32",
    source="vLLM 0.10.0 model_executor/layers/mamba/mamba_mixer2.py: forward_cuda, Mixer2RMSNormGated.forward_native; "
    "Nemotron-Nano-9B-v2 from 4,096 to 8,192 tokens: 208 kB a token computed and logged",
)

forward_bytes = quantity("forward_bytes", "bytes", "activations of the forward pass")
latent_workspace = quantity("latent_workspace", "bytes", "up-projected keys and values of MLA chunked prefill")
FORWARD = Law(
    name="forward_bytes",
    result=forward_bytes,
    expression=ceiling(max_batched_tokens * per_token) + latent_workspace,
    holds="one profiled step of max_batched_tokens",
    source="vLLM v1/worker/gpu_model_runner.py: profile_run, _dummy_run",
)

workspace_chunks = quantity("workspace_chunks", "1", "multiple of the context that MLA prefill up-projects at once")
workspace_rows = quantity("workspace_rows", "1", "rows per scheduled sequence that MLA prefill up-projects at least")
workspace_limit = quantity("workspace_limit", "tokens", "most tokens that MLA prefill up-projects at once")
local_latent_width = quantity("local_latent_width", "1", "heads on this GPU times up-projected key and value width")
LATENT_WORKSPACE = Law(
    name="latent_workspace",
    result=latent_workspace,
    expression=Min(Max(workspace_chunks * sequence_tokens, workspace_rows * max_sequences), workspace_limit)
    * local_latent_width
    * element_bytes,
    holds="MLA without sparse attention, chunked prefill",
    source="vLLM v1/attention/backends/mla/common.py: determine_chunked_prefill_workspace_size",
)

sampler_peak = quantity("sampler_peak", "bytes", "logits and sampling buffers for every scheduled sequence")
logit_bytes = quantity("logit_bytes", "bytes", "bytes per logit that the sampler keeps at its peak", real=True)
SAMPLER = Law(
    name="sampler_bytes",
    result=sampler_peak,
    expression=ceiling(logit_bytes * max_sequences * vocab_size) + element_bytes * max_batched_tokens * hidden_size,
    holds="the engine's dummy sampler run; every rank holds the full vocabulary",
    source="vLLM v1/worker/gpu_model_runner.py: _dummy_sampler_run; v1/sample/ops/topk_topp_sampler.py",
)

compile_copy = quantity("compile_copy", "bytes", "copy of the embedding shard while kernels are benchmarked")
COMPILE_COPY = Law(
    name="compile_copy_bytes",
    result=compile_copy,
    expression=ceiling(element_bytes * vocab_size * hidden_size / tensor_parallel),
    holds="cold torch.compile with combo kernels, vLLM 0.12 and later, not with --enforce-eager",
    source="fitted form: matches 8 start-up logs at TP1 and TP2 within 0.05 GiB, misses one TP2 (inferred, not traced)",
)

moe_workspace = quantity("moe_workspace", "bytes", "expert scratch that stays allocated")
expert_rows = quantity("expert_rows", "1", "token copies that the expert kernels process at once")
MOE_WORKSPACE = Law(
    name="moe_workspace_bytes",
    result=moe_workspace,
    expression=2 * expert_rows * Max(2 * local_expert_width, hidden_size) * element_bytes,
    holds="Triton and DeepGEMM expert kernels, vLLM 0.14 and later",
    source="vLLM v1/worker/workspace.py and fused_moe/modular_kernel.py (sizes read, persistence inferred)",
)

index_rows = quantity("index_rows", "tokens", "index keys that sparse attention gathers for one prefill")
index_key_bytes = quantity("index_key_bytes", "bytes", "one index key with its scale")
index_workspace = quantity("index_workspace", "bytes", "gathered index keys of one prefill")
INDEX_WORKSPACE = Law(
    name="index_workspace_bytes",
    result=index_workspace,
    expression=index_rows * index_key_bytes,
    holds="sparse latent attention (DeepSeek-V3.2, GLM-5): 40 x max_model_len rows",
    source="vLLM v1/attention/backends/mla/indexer.py: get_max_prefill_buffer_size; GLM-5.2 at 819,200 tokens: 4.0 GiB",
)
kernel_workspace = quantity("kernel_workspace", "bytes", "scratch of expert and sparse-attention kernels that stays")
KERNEL_WORKSPACE = Law(
    name="kernel_workspace",
    result=kernel_workspace,
    expression=Max(moe_workspace, index_workspace),
    holds="one workspace that grows to the largest demand",
    source="vLLM v1/worker/workspace.py: WorkspaceManager",
)

tower_patches = quantity("tower_patches", "1", "patches of the largest picture that the profile run encodes")
tower_width = quantity("tower_width", "1", "width of the vision tower")
tower_inner = quantity("tower_inner", "1", "inner width of the vision tower's feed-forward block")
tower_peak = quantity("tower_peak", "bytes", "activations of the vision tower")
TOWER = Law(
    name="tower_peak",
    result=tower_peak,
    expression=ceiling(tower_patches * element_bytes * (2 * tower_inner / tensor_parallel + 2 * tower_width)),
    holds="one picture of the largest size: block input, residual, and both sides of the feed-forward block; uncertain",
    source="vLLM v1/worker/gpu_model_runner.py: profile_run encodes the largest item; logs of Qwen3-VL-2B, Qwen3.5-9B",
)
encoder_tokens = quantity("encoder_tokens", "tokens", "tokens of encoded pictures that are cached")
encoder_cache = quantity("encoder_cache", "bytes", "encoded pictures kept for the language model")
ENCODER_CACHE = Law(
    name="encoder_cache_bytes",
    result=encoder_cache,
    expression=encoder_tokens * hidden_size * element_bytes,
    holds="models with a vision tower, while the rest of the step is profiled",
    source="vLLM v1/worker/gpu_model_runner.py: profile_run, encoder_cache",
)

linear_workspace = quantity("linear_workspace", "bytes", "cuBLAS workspace")
PEAK = Law(
    name="activation_peak",
    result=activation_bytes,
    expression=Max(
        Max(forward_bytes - kernel_workspace, sampler_peak, compile_copy) + encoder_cache, tower_peak - kernel_workspace
    )
    + kernel_workspace
    + linear_workspace,
    holds="the profile run: tower, forward pass, sampler and compile benchmark do not overlap",
    source="vLLM v1/worker/gpu_worker.py: determine_available_memory",
)
