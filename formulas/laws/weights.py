"""Weights: bytes of one matrix in any number format, and how tensor parallelism divides it."""

from sympy import Max, ceiling

from formulas.law import Law
from formulas.symbols import num_key_value_heads, quantity, tensor_parallel, vocab_size

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
