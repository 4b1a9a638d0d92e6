"""Weights: bytes of one matrix in any number format, and how tensor parallelism divides it."""

from sympy import Max, ceiling

from formulas.law import Law
from formulas.symbols import (
    element_bytes,
    hidden_size,
    max_batched_tokens,
    num_key_value_heads,
    quantity,
    tensor_parallel,
    vocab_size,
    weights_bytes,
)

rows = quantity("rows", "1", "output features of a matrix on this GPU")
columns = quantity("columns", "1", "input features of a matrix on this GPU")
payload_bits = quantity("payload_bits", "bits", "bits of one weight without its scale", real=True)
block_rows = quantity("block_rows", "1", "rows that share one scale")
block_columns = quantity("block_columns", "1", "columns that share one scale")
scale_bytes = quantity("scale_bytes", "bytes", "scale and zero point of one block", real=True)
tensor_bytes = quantity("tensor_bytes", "bytes", "constant bytes of a quantized matrix")
matrix_size = quantity("matrix_size", "bytes", "one weight matrix with its scales")

MATRIX_BYTES = Law(
    name="matrix_bytes",
    result=matrix_size,
    expression=ceiling(rows * columns * payload_bits / 8)
    + ceiling(rows / block_rows) * ceiling(columns / block_columns) * scale_bytes
    + tensor_bytes,
    holds="every linear layer, embedding and expert matrix in any format of catalog/formats.toml",
    source="vLLM model_executor/layers/quantization: create_weights of each format",
)

shard = quantity("shard", "1", "the part of one dimension that a GPU holds")
features = quantity("features", "1", "size of the dimension that tensor parallelism divides")
SHARD = Law(
    name="shard_size",
    result=shard,
    expression=ceiling(features / tensor_parallel),
    holds="column-parallel outputs, row-parallel inputs and expert widths",
    source="vLLM model_executor/layers/linear.py: ColumnParallelLinear, RowParallelLinear",
)

padded_vocab_shard = quantity("padded_vocab_shard", "1", "vocabulary rows on one GPU after padding")
vocab_padding = quantity("vocab_padding", "1", "multiple that the engine pads the vocabulary to")
VOCAB_SHARD = Law(
    name="vocab_shard",
    result=padded_vocab_shard,
    expression=ceiling(vocab_size / vocab_padding) * vocab_padding / tensor_parallel,
    holds="token embedding and lm_head; the padding is a multiple of tensor_parallel",
    source="vLLM model_executor/layers/vocab_parallel_embedding.py: pad_vocab_size, DEFAULT_VOCAB_PADDING_SIZE",
)

local_kv_heads = quantity("local_kv_heads", "heads", "key/value heads on one GPU")
LOCAL_KV_HEADS = Law(
    name="local_kv_heads",
    result=local_kv_heads,
    expression=Max(1, ceiling(num_key_value_heads / tensor_parallel)),
    holds="grouped attention; beyond one head per GPU the heads are replicated",
    source="vLLM model_executor/layers/linear.py: QKVParallelLinear num_kv_head_replicas",
)

rotary_positions = quantity("rotary_positions", "tokens", "positions that the rotary table covers")
rotary_width = quantity("rotary_width", "1", "numbers of one position: cosines and sines of the rotated part of a head")
rotary_bytes = quantity("rotary_bytes", "bytes", "one table of cosines and sines")
ROTARY = Law(
    name="rotary_bytes",
    result=rotary_bytes,
    expression=rotary_positions * rotary_width * element_bytes,
    holds="models with rotary positions; one table for each base and width; four times max_position_embeddings for "
    "sectioned positions (Qwen2-VL and later)",
    source="vLLM model_executor/layers/rotary_embedding/base.py, mrope.py; Llama-3.1-8B: 0.031 GiB of the 14.99 logged",
)

buffered_streams = quantity("buffered_streams", "1", "residual-wide streams that have a buffer of one step")
step_buffer_bytes = quantity("step_buffer_bytes", "bytes", "buffers of residual width for one step")
STEP_BUFFERS = Law(
    name="step_buffer_bytes",
    result=step_buffer_bytes,
    expression=buffered_streams * max_batched_tokens * hidden_size * element_bytes,
    holds="Qwen3-VL: image features of three depths; DeepSeek-V4: four residual streams for the draft",
    source="vLLM model_executor/models/qwen3_vl.py: deepstack_input_embeds; models/deepseek_v4: _mtp_hidden_buffer",
)

index_topk = quantity("index_topk", "tokens", "tokens that sparse attention keeps for one query")
index_buffer_bytes = quantity("index_buffer_bytes", "bytes", "chosen positions of every query of one step")
INDEX_BUFFER = Law(
    name="index_buffer_bytes",
    result=index_buffer_bytes,
    expression=4 * max_batched_tokens * index_topk,
    holds="sparse latent attention (DeepSeek-V3.2, GLM-5): 32-bit positions, shared by all layers",
    source="vLLM model_executor/models/deepseek_v2.py: topk_indices_buffer",
)

adapter_slots = quantity("adapter_slots", "1", "LoRA adapters on the GPU at once")
adapter_rank = quantity("adapter_rank", "1", "largest LoRA rank")
adapter_features = quantity("adapter_features", "1", "inputs and outputs of every adapted matrix on this GPU, summed")
adapter_bytes = quantity("adapter_bytes", "bytes", "LoRA adapters on this GPU")
ADAPTERS = Law(
    name="adapter_bytes",
    result=adapter_bytes,
    expression=adapter_slots * adapter_rank * adapter_features * element_bytes,
    holds="LoRA on every attention and dense feed-forward matrix: A over the inputs, B over the outputs",
    source="vLLM lora/layers/base_linear.py: create_lora_weights; lora/layers/column_parallel_linear.py",
)

checkpoint_bytes = quantity("checkpoint_bytes", "bytes", "the model's own weights on this GPU")
draft_bytes = quantity("draft_bytes", "bytes", "weights of the draft layers on this GPU")
buffer_bytes = quantity("buffer_bytes", "bytes", "tables and buffers allocated with the weights")
offloaded_bytes = quantity("offloaded_bytes", "bytes", "weights kept in CPU memory")
LOADED = Law(
    name="loaded_bytes",
    result=weights_bytes,
    expression=Max(checkpoint_bytes + draft_bytes - offloaded_bytes, 0) + buffer_bytes + adapter_bytes,
    holds="what vLLM logs as taken by model loading",
    source="vLLM v1/worker/gpu_model_runner.py: load_model",
)
