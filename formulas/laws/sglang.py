"""SGLang: the share of the card that weights and cache may take, and how a pool is divided between kinds of layers."""

from sympy import Max, Min, Rational, ceiling, floor

from formulas.law import Law
from formulas.laws.kv_cache import sliding_window
from formulas.symbols import batch, pool_bytes, quantity, sequence_tokens, tensor_parallel
from formulas.units import GIB, MIB

prefill_chunk = quantity("prefill_chunk", "tokens", "tokens of one prefill chunk (chunked_prefill_size)")
graph_batch = quantity("graph_batch", "sequences", "largest batch with a captured CUDA graph")
prefill_graph_mib = quantity("prefill_graph_mib", "1", "MiB set aside for captured prefill graphs")
graph_mib = 2 * graph_batch + prefill_graph_mib
pipeline_parallel = quantity("pipeline_parallel", "GPUs", "pipeline stages")
least_reserve = quantity("least_reserve", "bytes", "reserve that large cards keep at least")
draft_reserve = quantity("draft_reserve", "bytes", "memory for the draft of speculative decoding and its graphs")
runtime_reserve = quantity("runtime_reserve", "bytes", "memory for activations and CUDA graphs")
RESERVE = Law(
    name="sglang_reserve_bytes",
    result=runtime_reserve,
    expression=draft_reserve
    + Max(
        least_reserve,
        ceiling(
            MIB
            * (512 + Rational(3, 2) * Max(prefill_chunk, 2048) + 128 * tensor_parallel * pipeline_parallel + graph_mib)
        ),
    ),
    holds="SGLang from 0.5.3: default of --mem-fraction-static, without DP attention and DeepEP",
    source="SGLang 0.5.23 srt/arg_groups/memory_hook.py: handle_gpu_memory_settings, reserve_for_graph_mb; 0.5.3 to "
    "0.5.17 srt/server_args.py: _handle_gpu_memory_settings",
)

card_reserve = quantity("card_reserve", "bytes", "reserve of this size of card on no GPU at all")
rank_reserve = quantity("rank_reserve", "bytes", "more of it a GPU that shares the model")
CARD_RESERVE = Law(
    name="sglang_card_reserve_bytes",
    result=runtime_reserve,
    expression=card_reserve + rank_reserve * tensor_parallel * pipeline_parallel + draft_reserve,
    holds="SGLang 0.4.8 to 0.5.2: default of --mem-fraction-static, without DP attention",
    source="SGLang 0.4.8, 0.4.9.post6, 0.5.2 srt/server_args.py: __post_init__",
)

reported_bytes = quantity("reported_bytes", "bytes", "memory of the card as nvidia-smi or rocm-smi reports it")
static_fraction = quantity("static_fraction", "ratio", "share of the free card for weights and cache", real=True)
STATIC_FRACTION = Law(
    name="sglang_static_fraction",
    result=static_fraction,
    expression=floor(1000 * (reported_bytes - runtime_reserve) / reported_bytes + Rational(1, 2)) / 1000,
    holds="SGLang 0.5: default, rounded to a thousandth",
    source="SGLang 0.5.23 srt/arg_groups/memory_hook.py: mem_fraction_static",
)

small_fraction = quantity("small_fraction", "ratio", "share that a card of 80 GB gives", real=True)
LARGE_FRACTION = Law(
    name="sglang_large_card_fraction",
    result=static_fraction,
    expression=Min(
        small_fraction + 48 * GIB * (1 - small_fraction) / reported_bytes, (reported_bytes - 18 * GIB) / reported_bytes
    ),
    holds="SGLang 0.4.6 and 0.4.7 on cards beyond 96 GiB",
    source="SGLang 0.4.6.post5, 0.4.7 srt/server_args.py: __post_init__",
)

cell_bytes = quantity("cell_bytes", "bytes", "cache of one token over all layers on one GPU", real=True)
cache_page = quantity("cache_page", "tokens", "tokens of one page (page_size)")
pool_tokens = quantity("pool_tokens", "tokens", "tokens that the pool holds (max_total_num_tokens)")
POOL_TOKENS = Law(
    name="sglang_pool_tokens",
    result=pool_tokens,
    expression=floor(pool_bytes / cell_bytes / cache_page) * cache_page,
    holds="SGLang: pool of the layers that attend to everything",
    source="SGLang 0.5.23 srt/model_executor/pool_configurator.py: DefaultPoolConfigurator.calculate_pool_sizes",
)

REQUEST_TOKENS = Law(
    name="sglang_request_tokens",
    result=pool_tokens,
    expression=batch * ceiling(sequence_tokens / cache_page) * cache_page,
    holds="SGLang: tokens that these requests hold in layers that attend to everything",
    source="SGLang srt/mem_cache/allocator.py: pages are taken as a sequence grows",
)

window_held = quantity("window_held", "tokens", "tokens that one request holds in a windowed layer")
window_share = quantity(
    "window_share", "ratio", "windowed tokens a token of the full pool (swa_full_tokens_ratio)", real=True
)
request_tokens = quantity("request_tokens", "tokens", "tokens that all requests hold in full layers")
WINDOWED_TOKENS = Law(
    name="sglang_windowed_tokens",
    result=pool_tokens,
    expression=Max(request_tokens, ceiling(batch * window_held / window_share)),
    holds="SGLang: full pool that also brings enough windowed tokens",
    source="SGLang 0.5.23 srt/model_executor/pool_configurator.py: HybridSWAPoolConfigurator",
)

full_cell = quantity("full_cell", "bytes", "cache of one token over the layers that attend to everything")
window_cell = quantity("window_cell", "bytes", "cache of one token over the windowed layers", real=True)
WINDOWED_CELL = Law(
    name="sglang_windowed_cell_bytes",
    result=cell_bytes,
    expression=full_cell + window_share * window_cell,
    holds="SGLang: models with a pool of their own for windowed layers",
    source="SGLang 0.5.23 srt/model_executor/pool_configurator.py: _recompute_cell_size",
)

state_slots = quantity("state_slots", "1", "states that are kept, spare ones apart")
spare_slots = quantity("spare_slots", "1", "states beside those that requests hold")
state_bytes = quantity("sequence_state_bytes", "bytes", "state of one sequence over all layers on one GPU")
state_share = quantity("state_share", "ratio", "state memory a byte of KV cache (mamba_full_memory_ratio)", real=True)
attention_bytes = quantity("attention_bytes", "bytes", "cache of the attention layers alone")
draft_tokens = quantity("draft_tokens", "tokens", "tokens that a draft proposes a step, 0 without one")
states_held = quantity("states_held", "1", "states that one running request holds")
verified_requests = quantity("verified_requests", "sequences", "requests whose draft tokens have states of their own")
state_pool = quantity("state_pool", "bytes", "pool of a hybrid model, states included")
with_drafts = 1 + draft_tokens / states_held
verified = (verified_requests + spare_slots) * draft_tokens
STATE_POOL = Law(
    name="sglang_state_pool_bytes",
    result=state_pool,
    expression=Max(
        ceiling((attention_bytes + verified * state_bytes) / (1 - state_share / ((1 + state_share) * with_drafts))),
        ceiling(
            (state_slots * with_drafts + spare_slots * (1 + draft_tokens))
            * state_bytes
            * (1 + state_share)
            / state_share
        ),
    ),
    holds="SGLang: hybrid models divide the pool between states and cache at a fixed ratio; from 0.5.17 one is spare",
    source="SGLang 0.5.23 srt/mem_cache/kv_cache_configurator.py: _handle_max_mamba_cache",
)
STATED_POOL = Law(
    name="sglang_stated_pool_bytes",
    result=state_pool,
    expression=attention_bytes + (state_slots + spare_slots + verified) * state_bytes,
    holds="SGLang: the number of states is stated (--max-mamba-cache-size, or requests without prefix cache)",
    source="SGLang 0.5.23 srt/mem_cache/kv_cache_configurator.py: _handle_max_mamba_cache",
)
POOL_SLOTS = Law(
    name="sglang_state_slots",
    result=state_slots,
    expression=floor(
        (pool_bytes * state_share / (1 + state_share) / state_bytes - spare_slots * (1 + draft_tokens)) / with_drafts
    ),
    holds="SGLang: states that fill their share of the pool, spare ones and those of draft tokens apart",
    source="SGLang 0.5.23 srt/mem_cache/kv_cache_configurator.py: _handle_max_mamba_cache",
)
ATTENTION_POOL = Law(
    name="sglang_attention_pool_bytes",
    result=attention_bytes,
    expression=pool_bytes - (state_slots + spare_slots + verified) * state_bytes,
    holds="SGLang: what states, spare ones and those of draft tokens among them, leave of the pool",
    source="SGLang 0.5.23 srt/mem_cache/kv_cache_configurator.py: _handle_max_mamba_cache",
)

ring_rows = quantity("ring_rows", "1", "rows of compressor state in one ring")
ring_tokens = quantity("ring_tokens", "tokens", "windowed tokens that share one ring")
row_bytes = quantity("row_bytes", "bytes", "one row of compressor state over the layers that keep it")
ring_bytes = quantity("ring_bytes", "bytes", "compressor state a windowed token", real=True)
RING_STATE = Law(
    name="sglang_ring_state_bytes",
    result=ring_bytes,
    expression=ring_rows / ring_tokens * row_bytes,
    holds="SGLang: DeepSeek-V4, states that belong to tokens of the window",
    source="SGLang 0.5.12 to 0.5.23 srt/model_executor/pool_configurator.py: c4_state_ratio, c128_state_ratio",
)

most_requests = quantity("most_requests", "sequences", "requests that run at once (max_running_requests)")
row_alignment = quantity("row_alignment", "1", "rows come in multiples of this")
request_states = quantity("request_states", "bytes", "compressor states that belong to requests")
REQUEST_STATES = Law(
    name="sglang_request_state_bytes",
    result=request_states,
    expression=ceiling(((most_requests + 2) * ring_rows + 1) / row_alignment) * row_alignment * row_bytes,
    holds="SGLang from 0.5.16: DeepSeek-V4, states of the ratio 128",
    source="SGLang 0.5.16 to 0.5.23 srt/model_executor/pool_configurator.py: _get_c128_state_fixed_bytes",
)

eviction_interval = quantity("eviction_interval", "tokens", "tokens between two evictions from the window")
decode_tokens = quantity("decode_tokens", "tokens", "tokens that one request may take ahead of a step")
prefix_tails = quantity("prefix_tails", "1", "cached prefixes a request whose window stays")
chunks_in_flight = quantity("chunks_in_flight", "1", "prefill chunks under way at once")
window_tokens = quantity("window_tokens", "tokens", "tokens of the windowed pool")
REQUEST_WINDOWS = Law(
    name="sglang_request_windows",
    result=window_tokens,
    expression=ceiling(
        (
            most_requests * (sliding_window + eviction_interval * Max(1, draft_tokens) + cache_page + decode_tokens)
            + chunks_in_flight * prefill_chunk
            + cache_page
            + prefix_tails * most_requests * (sliding_window + cache_page)
        )
        / cache_page
    )
    * cache_page,
    holds="SGLang from 0.5.21: DeepSeek-V4 with --max-running-requests stated",
    source="SGLang 0.5.21, 0.5.23 srt/model_executor/pool_configurator.py: compute_swa_request_cap, "
    "_resolve_swa_cap_tokens",
)
