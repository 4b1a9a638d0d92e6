"""The deployment guide's own formulas, as it states them; `holds` says where each is right and where it is not."""

from sympy import Expr, Integer, Rational, ceiling, floor

from formulas.law import Law
from formulas.laws.budget import total_bytes, usable_bytes
from formulas.laws.kv_cache import cache_size
from formulas.symbols import (
    activation_bytes,
    batch,
    element_bytes,
    head_dim,
    hidden_size,
    num_hidden_layers,
    num_key_value_heads,
    overhead_bytes,
    pool_bytes,
    quantity,
    sequence_tokens,
    tensor_parallel,
    weights_bytes,
)

KEYS_AND_VALUES = Integer(2)
SIMPLIFIED_FACTOR = Rational(6, 5)
DEVELOPMENT_FACTOR = Rational(3, 2)
SINGLE_REQUEST_FACTOR = Rational(13, 10)
PERCENT = Integer(100)

parameters = quantity("parameters", "parameters", "weights of the model, counted once each")
bytes_per_parameter = quantity(
    "bytes_per_parameter", "bytes", "bytes of one weight in the guide's precision table", real=True
)
num_attention_heads = quantity("num_attention_heads", "heads", "query heads of one layer")
activation_factor = quantity("activation_factor", "1", "the guide's activation factor, 4 to 8")
overhead_percent = quantity("overhead_percent", "1", "overhead in percent of the other three terms, 10 to 20")
utilization_percent = quantity("utilization_percent", "1", "share of the card that may be used, in percent")
marketed_bytes = quantity("marketed_bytes", "bytes", "memory on the card's box, in units of 10^9 bytes")
request_cache_size = quantity("request_cache_size", "bytes", "KV cache of one sequence")

WEIGHTS = Law(
    name="guide_weights",
    result=weights_bytes,
    expression=ceiling(parameters * bytes_per_parameter),
    holds="weights in one format throughout; quantized ones add scales and keep embeddings and norms in 16 bits",
    source="guide, Components 1: Model Weights",
)

WEIGHTS_PER_GPU = Law(
    name="guide_weights_per_gpu",
    result=weights_bytes,
    expression=ceiling(parameters * bytes_per_parameter / tensor_parallel),
    holds="tensor parallelism, replicated norms and routers left out",
    source="guide, Production strategies 2: Tensor Parallelism",
)


def _attention_cache(width: Expr) -> Expr:
    """Keys and values of every layer, sequence and token, width numbers each."""
    return ceiling(KEYS_AND_VALUES * num_hidden_layers * batch * sequence_tokens * width * element_bytes)


KV_CACHE = Law(
    name="guide_kv_cache",
    result=cache_size,
    expression=_attention_cache(hidden_size),
    holds="multi-head attention whose heads * head_dim is hidden_size (Llama 2 7B, 13B); too large for GQA, MQA, MLA",
    source="guide, Components 2: KV Cache",
)

KV_CACHE_GQA = Law(
    name="guide_kv_cache_gqa",
    result=cache_size,
    expression=_attention_cache(num_key_value_heads * head_dim),
    holds="MHA, GQA and MQA with full attention in every layer; too large where layers are windowed, latent or linear",
    source="guide, vLLM production: exact formula with GQA",
)

HEAD_DIM = Law(
    name="guide_head_dim",
    result=head_dim,
    expression=hidden_size / num_attention_heads,
    holds="configs without head_dim; wrong for Qwen3-32B (80, real 128), Gemma 3 27B (168, real 128), gpt-oss",
    source="guide, vLLM production: exact formula with GQA",
)

EMBEDDING_KV_CACHE = Law(
    name="guide_embedding_kv_cache",
    result=cache_size,
    expression=_attention_cache(hidden_size),
    holds="nothing: encoders run one pass and cache no keys or values; the true figure is 0",
    source="guide, cases 13 to 15 and Embedding and Reranker Models",
)

audio_frames = quantity("audio_frames", "1", "mel frames of the audio, 3,000 for 30 s")
encoder_layers = quantity("encoder_layers", "layers", "encoder layers of an encoder-decoder model")
decoder_layers = quantity("decoder_layers", "layers", "decoder layers of an encoder-decoder model")
text_tokens = quantity("text_tokens", "tokens", "tokens of one transcript")
WHISPER_ENCODER_KV_CACHE = Law(
    name="guide_whisper_encoder_kv_cache",
    result=cache_size,
    expression=KEYS_AND_VALUES * encoder_layers * batch * audio_frames * hidden_size * element_bytes,
    holds="nothing: the encoder runs once per window and keeps no cache; the true figure is 0",
    source="guide, case 16: encoder KV cache",
)

WHISPER_DECODER_KV_CACHE = Law(
    name="guide_whisper_decoder_kv_cache",
    result=cache_size,
    expression=KEYS_AND_VALUES * decoder_layers * batch * text_tokens * hidden_size * element_bytes,
    holds="Whisper's self-attention, given the real decoder layers (large-v3-turbo has 4, the guide says 32)",
    source="guide, case 16: decoder KV cache",
)

WHISPER_CROSS_ATTENTION = Law(
    name="guide_whisper_cross_attention",
    result=cache_size,
    expression=decoder_layers * batch * text_tokens * audio_frames * element_bytes,
    holds="nothing: a score matrix without heads; kept are K and V of 1,500 encoder positions per decoder layer",
    source="guide, case 16: cross-attention cache",
)

ACTIVATIONS = Law(
    name="guide_activations",
    result=activation_bytes,
    expression=ceiling(batch * sequence_tokens * hidden_size * num_hidden_layers * element_bytes * activation_factor),
    holds="runs that keep every layer, as training does; inference keeps one, and the guide's cases take far less",
    source="guide, Components 3: Activations, factor 4 to 8",
)

activation_percent = quantity("activation_percent", "1", "activations in percent of weights and KV cache")
CASE_ACTIVATIONS = Law(
    name="guide_case_activations",
    result=activation_bytes,
    expression=ceiling((weights_bytes + cache_size) * activation_percent / PERCENT),
    holds="as a summary of the guide's cases, which follow no formula: 1 to 20 % of weights and KV cache, median 3 %",
    source="guide, cases 1 to 22: activations",
)

OVERHEAD = Law(
    name="guide_overhead",
    result=overhead_bytes,
    expression=ceiling((weights_bytes + cache_size + activation_bytes) * overhead_percent / PERCENT),
    holds="a margin, not a measurement: real overhead does not grow with the weights; 10 to 20 %, 15 % in the 22 cases",
    source="guide, Components 4: Overhead",
)

TOTAL = Law(
    name="guide_total",
    result=total_bytes,
    expression=weights_bytes + cache_size + activation_bytes + overhead_bytes,
    holds="as a sum, always",
    source="guide, General formula: full",
)

POOL = Law(
    name="guide_pool",
    result=pool_bytes,
    expression=floor(usable_bytes * PERCENT**2 / ((PERCENT + overhead_percent) * (PERCENT + activation_percent)))
    - weights_bytes,
    holds="the total turned round: what a card leaves for the KV cache after weights, activations and overhead",
    source="guide, General formula: full, with the activations of its cases",
)

TOTAL_SIMPLIFIED = Law(
    name="guide_total_simplified",
    result=total_bytes,
    expression=ceiling(weights_bytes + cache_size * SIMPLIFIED_FACTOR),
    holds="rough sizing: the factor stands for activations and overhead, and vanishes with the KV cache",
    source="guide, General formula: simplified",
)

DEVELOPMENT_RULE = Law(
    name="guide_development_rule",
    result=total_bytes,
    expression=ceiling(weights_bytes * DEVELOPMENT_FACTOR),
    holds="trying a model out with short prompts, one at a time",
    source="guide, Conclusion: rules of thumb",
)

SINGLE_REQUEST_RULE = Law(
    name="guide_single_request_rule",
    result=total_bytes,
    expression=ceiling(weights_bytes * SINGLE_REQUEST_FACTOR),
    holds="one request whose KV cache is small beside the weights",
    source="guide, Conclusion: rules of thumb",
)

BATCH_RULE = Law(
    name="guide_batch_rule",
    result=total_bytes,
    expression=ceiling(weights_bytes + request_cache_size * batch * SIMPLIFIED_FACTOR),
    holds="as the simplified total, the KV cache counted per request",
    source="guide, Conclusion: rules of thumb",
)

USABLE = Law(
    name="guide_usable_memory",
    result=usable_bytes,
    expression=floor(marketed_bytes * utilization_percent / PERCENT),
    holds="orientation only: cards report other totals than their box (H100 80GB: 81,559 MiB, A10 24GB: 23,028)",
    source="guide, Production mix on H100-80GB: 90 % of 80 GB is 72 GB",
)

first_share = quantity("first_share", "ratio", "share of the requests with the first length", real=True)
second_share = quantity("second_share", "ratio", "share of the requests with the second length", real=True)
third_share = quantity("third_share", "ratio", "share of the requests with the third length", real=True)
first_tokens = quantity("first_tokens", "tokens", "tokens of a request of the first length")
second_tokens = quantity("second_tokens", "tokens", "tokens of a request of the second length")
third_tokens = quantity("third_tokens", "tokens", "tokens of a request of the third length")
mean_tokens = quantity("mean_tokens", "tokens", "share-weighted mean length of a request")
MEAN_LENGTH = Law(
    name="guide_mean_length",
    result=mean_tokens,
    expression=first_share * first_tokens + second_share * second_tokens + third_share * third_tokens,
    holds="caches in proportion to the length; blocks and windows break it, and peaks exceed the mean",
    source="guide, Production strategies 3: Mixed Batch Processing",
)
