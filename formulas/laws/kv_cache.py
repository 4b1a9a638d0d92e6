"""KV cache: bytes per token of each kind of attention, and pages per request."""

from sympy import Min, ceiling, floor

from formulas.law import Law
from formulas.laws.weights import local_kv_heads
from formulas.symbols import (
    batch,
    block_size,
    cache_groups,
    element_bits,
    head_dim,
    max_batched_tokens,
    max_sequences,
    page_bytes,
    pages_per_request,
    quantity,
    sequence_tokens,
    value_head_dim,
)

token_bytes = quantity("token_bytes", "bytes", "cache of one token in one layer on one GPU")
head_scale_bytes = quantity("head_scale_bytes", "bytes", "scales per head and token of a cache quantized per head")
ATTENTION_TOKEN_BYTES = Law(
    name="attention_token_bytes",
    result=token_bytes,
    expression=local_kv_heads * (ceiling((head_dim + value_head_dim) * element_bits / 8) + head_scale_bytes),
    holds="MHA, GQA and MQA layers, full, windowed or chunked",
    source="vLLM v1/kv_cache_interface.py: AttentionSpec; Ainslie 2023 (GQA), Kwon 2023 (PagedAttention)",
)

kv_lora_rank = quantity("kv_lora_rank", "1", "width of the compressed key-value vector")
qk_rope_head_dim = quantity("qk_rope_head_dim", "1", "width of the shared rotary key")
LATENT_TOKEN_BYTES = Law(
    name="latent_token_bytes",
    result=token_bytes,
    expression=ceiling((kv_lora_rank + qk_rope_head_dim) * element_bits / 8),
    holds="multi-head latent attention (MLA); not divided by tensor parallelism",
    source="vLLM v1/kv_cache_interface.py: MLAAttentionSpec; DeepSeek-V2 2024",
)

SPARSE_LATENT_TOKEN_BYTES = Law(
    name="sparse_latent_token_bytes",
    result=token_bytes,
    expression=kv_lora_rank + 4 * ceiling(kv_lora_rank / 128) + 2 * qk_rope_head_dim,
    holds="sparse MLA with an fp8 cache (fp8_ds_mla): fp32 scales per 128 numbers, rotary part in 16 bits",
    source="vLLM v1/kv_cache_interface.py: MLAAttentionSpec.real_page_size_bytes, 656 bytes for DeepSeek-V3.2",
)

index_head_dim = quantity("index_head_dim", "1", "width of the sparse-attention index key")
index_scale_group = quantity("index_scale_group", "1", "index key elements that share one fp32 scale")
INDEXER_TOKEN_BYTES = Law(
    name="indexer_token_bytes",
    result=token_bytes,
    expression=index_head_dim + 4 * ceiling(index_head_dim / index_scale_group),
    holds="layers with a DeepSeek sparse-attention indexer: fp8 keys and fp32 scales",
    source="vLLM model_executor/models/deepseek_v2.py: DeepseekV32IndexerCache",
)

FULL_PAGES = Law(
    name="full_pages",
    result=pages_per_request,
    expression=ceiling(sequence_tokens / block_size),
    holds="layers that attend to the whole sequence",
    source="vLLM v1/kv_cache_interface.py: FullAttentionSpec.max_memory_usage_bytes",
)

sliding_window = quantity("sliding_window", "tokens", "tokens that a windowed layer looks back on")
in_flight_batches = quantity("in_flight_batches", "1", "scheduled batches whose blocks are not yet released")
WINDOW_PAGES = Law(
    name="window_pages",
    result=pages_per_request,
    expression=ceiling(Min(sliding_window - 1 + in_flight_batches * max_batched_tokens, sequence_tokens) / block_size)
    + 1,
    holds="sliding-window layers, as the engine reserves them at admission",
    source="vLLM v1/kv_cache_interface.py: SlidingWindowSpec.max_memory_usage_bytes",
)

WINDOW_TABLE_PAGES = Law(
    name="window_table_pages",
    result=pages_per_request,
    expression=Min(ceiling(sequence_tokens / block_size), floor(sliding_window / block_size) + 2),
    holds="the V0 engine, models whose every layer has a window: pages behind it are freed",
    source="vLLM core/block_manager.py: SelfAttnBlockSpaceManager.max_block_sliding_window, 0.6.6 to 0.8.5 read",
)

attention_chunk_size = quantity("attention_chunk_size", "tokens", "length of one local-attention chunk")
CHUNK_PAGES = Law(
    name="chunk_pages",
    result=pages_per_request,
    expression=ceiling(
        Min(attention_chunk_size + in_flight_batches * max_batched_tokens, sequence_tokens) / block_size
    ),
    holds="chunked local attention (Llama 4)",
    source="vLLM v1/kv_cache_interface.py: ChunkedLocalAttentionSpec.max_memory_usage_bytes",
)

encoder_positions = quantity("encoder_positions", "tokens", "positions that the encoder hands to the decoder")
CROSS_PAGES = Law(
    name="cross_pages",
    result=pages_per_request,
    expression=ceiling(encoder_positions / block_size),
    holds="cross attention of encoder-decoder models; fixed length per request",
    source="vLLM v1/kv_cache_interface.py: CrossAttentionSpec",
)

scheduled_pages = quantity("scheduled_pages", "blocks", "pages that all requests of the scheduled steps hold at once")
POOLED_PAGES = Law(
    name="pooled_pages",
    result=scheduled_pages,
    expression=Min(
        batch * pages_per_request,
        cache_groups * (ceiling(in_flight_batches * max_batched_tokens / block_size) + Min(batch, max_sequences))
        + pages_per_request,
    ),
    holds="causal models that embed, rank or score: a request ends with its prompt, one prompt may be half read",
    source="vLLM v1/core/sched/scheduler.py: schedule, update_from_output; chunked prefill: vllm-project/vllm#26526",
)

cache_size = quantity("cache_size", "bytes", "KV cache of all sequences in flight on one GPU")
CACHE_BYTES = Law(
    name="cache_bytes",
    result=cache_size,
    expression=batch * pages_per_request * page_bytes,
    holds="paged KV cache of one replica",
    source="vLLM v1/core/kv_cache_utils.py: get_max_concurrency_for_kv_cache_config",
)

layer_bytes = quantity("layer_bytes", "bytes", "cache of one token summed over the layers that share a page")
PAGE_BYTES = Law(
    name="page_bytes",
    result=page_bytes,
    expression=block_size * layer_bytes,
    holds="one group of layers with equal block size",
    source="vLLM v1/core/kv_cache_utils.py: get_kv_cache_config_from_groups",
)

stored_tokens = quantity("stored_tokens", "tokens", "tokens that a layer keeps of one sequence")
WINDOW_TOKENS = Law(
    name="window_tokens",
    result=stored_tokens,
    expression=Min(sliding_window, sequence_tokens),
    holds="what a windowed layer must keep in steady state, whatever an engine reserves",
    source="definition of sliding-window attention (Beltagy 2020)",
)

audio_seconds = quantity("audio_seconds", "1", "length of the audio in seconds", real=True)
window_seconds = quantity("window_seconds", "1", "length of one audio window in seconds", real=True)
audio_windows = quantity("audio_windows", "1", "windows that the audio is cut into")
AUDIO_WINDOWS = Law(
    name="audio_windows",
    result=audio_windows,
    expression=ceiling(audio_seconds / window_seconds),
    holds="Whisper: each window is one request of the encoder, one after the other for one stream",
    source="Radford 2022 (Whisper): 30 s windows, 3,000 mel frames, stride 2 to 1,500 positions",
)
