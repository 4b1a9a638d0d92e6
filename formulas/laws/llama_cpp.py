"""llama.cpp: cache cells, and the compute buffer that its graph allocator reserves."""

from sympy import Max, Min, ceiling

from formulas.law import Law
from formulas.laws.kv_cache import sliding_window, token_bytes
from formulas.symbols import activation_bytes, batch, hidden_size, quantity, sequence_tokens, vocab_size

CELL_PADDING = 256
"""Cells of a cache come in steps of 256: llama.cpp src/llama-context.cpp, src/llama-kv-cache-iswa.cpp (GGML_PAD)."""
FLOAT_BYTES = 4
"""Activations are fp32: llama.cpp src/llama-graph.cpp."""

micro_batch = quantity("micro_batch", "tokens", "tokens computed at once (n_ubatch)")
cells = quantity("cells", "tokens", "cells of one sequence in a layer that attends to everything")
CELLS = Law(
    name="llama_cells",
    result=cells,
    expression=CELL_PADDING * ceiling(sequence_tokens / CELL_PADDING),
    holds="llama.cpp: context of one slot (n_ctx / n_parallel)",
    source="llama.cpp src/llama-context.cpp: n_ctx_seq = GGML_PAD(n_ctx / n_seq_max, 256)",
)

stored_cells = quantity("stored_cells", "tokens", "cells of one sequence that a layer keeps")
WINDOW_CELLS = Law(
    name="llama_window_cells",
    result=stored_cells,
    expression=CELL_PADDING * ceiling(Min(cells, sliding_window + micro_batch) / CELL_PADDING),
    holds="llama.cpp: windowed and chunked layers without --swa-full, one stream a slot",
    source="llama.cpp src/llama-kv-cache-iswa.cpp: size_swa",
)
compress_ratio = quantity("compress_ratio", "tokens", "tokens that share one compressed key")
COMPRESSED_CELLS = Law(
    name="llama_compressed_cells",
    result=stored_cells,
    expression=ceiling(cells / compress_ratio),
    holds="llama.cpp: DeepSeek-V4 layers with compressed keys",
    source="llama.cpp src/llama-kv-cache-dsv4.cpp: dsv4_comp_size",
)

layer_cache_bytes = quantity("layer_cache_bytes", "bytes", "cache of all sequences in one layer")
LAYER_CACHE = Law(
    name="llama_layer_cache_bytes",
    result=layer_cache_bytes,
    expression=batch * stored_cells * token_bytes,
    holds="llama.cpp: one stream a slot; the cache is allocated whole at start",
    source="llama.cpp src/llama-kv-cache.cpp: k and v of n_embd_gqa x kv_size x n_stream; 15 of 19 logs within 0.2 %",
)

mask_bytes = quantity("mask_bytes", "bytes", "one element of the attention mask, all copies that live at once")
graph_copies = quantity("graph_copies", "1", "copies of a graph's inputs that a pipeline over several GPUs keeps")
mask_size = quantity("mask_size", "bytes", "attention mask of one micro batch")
MASK = Law(
    name="llama_mask_bytes",
    result=mask_size,
    expression=graph_copies * micro_batch * cells * mask_bytes,
    holds="llama.cpp: every layer's view of the cache, per micro batch",
    source="llama.cpp src/llama-graph.cpp: build_attn_inp_kq_mask",
)

num_attention_heads = quantity("num_attention_heads", "heads", "query heads of one layer")
score_size = quantity("score_size", "bytes", "attention scores of one micro batch")
SCORES = Law(
    name="llama_score_bytes",
    result=score_size,
    expression=num_attention_heads * micro_batch * cells * FLOAT_BYTES,
    holds="llama.cpp without flash attention",
    source="llama.cpp src/llama-graph.cpp: build_attn_mha; Llama-3-8B at 131,072: 8.28 GiB logged and computed",
)

float_width = quantity("float_width", "1", "fp32 numbers alive per token at the widest point of a layer")
attention_width = quantity("attention_width", "1", "fp32 numbers alive per token in the widest attention layer")
feed_width = quantity("feed_width", "1", "fp32 numbers alive per token in the widest feed-forward or state layer")
kept_mask_size = quantity("kept_mask_size", "bytes", "attention mask that lives on between the attention layers")
graph_bytes = quantity("compute_graph_bytes", "bytes", "compute buffer of the layers on one GPU")
LAYER_GRAPH = Law(
    name="llama_layer_graph_bytes",
    result=graph_bytes,
    expression=Max(
        mask_size + score_size + micro_batch * attention_width * FLOAT_BYTES,
        kept_mask_size + micro_batch * feed_width * FLOAT_BYTES,
    ),
    holds="llama.cpp: the allocator reuses memory, so the larger of attention and feed-forward counts",
    source="llama.cpp ggml/src/ggml-alloc.c; buffers logged for Llama-3-8B, Mistral-7B, Phi-3 and Qwen3.5-9B",
)

outputs = quantity("outputs", "1", "tokens of a micro batch for which logits are kept")
output_size = quantity("output_graph_bytes", "bytes", "compute buffer at the output head")
OUTPUT_GRAPH = Law(
    name="llama_output_graph_bytes",
    result=output_size,
    expression=outputs * vocab_size * FLOAT_BYTES + micro_batch * hidden_size * FLOAT_BYTES,
    holds="llama.cpp: the GPU that holds the output head",
    source="llama.cpp src/llama-context.cpp: graph_reserve; Llama-3-8B: 250.5 + 8 = 258.5 MiB logged and computed",
)

staging_bytes = quantity(
    "staging_bytes", "bytes", "16-bit copy of one layer's quantized cache while flash attention reads it"
)
COMPUTE_BUFFER = Law(
    name="llama_compute_bytes",
    result=activation_bytes,
    expression=Max(graph_bytes, output_size) + staging_bytes,
    holds="llama.cpp: compute buffer of one GPU",
    source="llama.cpp src/llama-context.cpp: sched_reserve; ggml/src/ggml-cuda/fattn-common.cuh: K_f16, V_f16",
)
