"""The budget: what the engine may take, what is left for the cache, and what that holds."""

from sympy import ceiling, floor

from formulas.law import Law
from formulas.symbols import (
    activation_bytes,
    cache_groups,
    overhead_bytes,
    page_bytes,
    pages_per_request,
    pool_bytes,
    pool_pages,
    quantity,
    sequence_tokens,
    utilization,
    visible_bytes,
    weights_bytes,
)

usable_bytes = quantity("usable_bytes", "bytes", "memory that the engine may take on one GPU")
USABLE = Law(
    name="usable_bytes",
    result=usable_bytes,
    expression=floor(visible_bytes * utilization),
    holds="engines that take a share of the whole card",
    source="vLLM v1/worker/gpu_worker.py: requested memory = total * gpu_memory_utilization",
)

cache_bytes = quantity("cache_size", "bytes", "KV cache of all sequences in flight on one GPU")
total_bytes = quantity("total_bytes", "bytes", "everything that the question needs on the fullest GPU")
TOTAL = Law(
    name="total_bytes",
    result=total_bytes,
    expression=weights_bytes + cache_bytes + activation_bytes + overhead_bytes,
    holds="every engine; the question fits when the total is at most the usable memory",
    source="sum of the four parts",
)

POOL = Law(
    name="pool_bytes",
    result=pool_bytes,
    expression=usable_bytes - weights_bytes - activation_bytes - overhead_bytes,
    holds="engines that give the rest of their budget to the KV cache; the null page is counted in overhead",
    source="vLLM v1/worker/gpu_worker.py: determine_available_memory",
)
POOL_PAGES = Law(
    name="pool_pages",
    result=pool_pages,
    expression=floor(pool_bytes / page_bytes),
    holds="paged KV cache",
    source="vLLM v1/core/kv_cache_utils.py: get_num_blocks",
)

largest_batch = quantity("largest_batch", "sequences", "most sequences of this length that the pool holds")
LARGEST_BATCH = Law(
    name="largest_batch",
    result=largest_batch,
    expression=floor(pool_pages / pages_per_request),
    holds="paged KV cache, one replica",
    source="inverse of weights + batch * pages * page_bytes + activations + overhead <= usable",
)

printed_tokens = quantity("printed_tokens", "tokens", "KV cache size that the engine prints at start-up")
PRINTED_BY_REQUESTS = Law(
    name="printed_tokens_by_requests",
    result=printed_tokens,
    expression=floor(pool_pages * sequence_tokens / pages_per_request),
    holds="vLLM 0.20.1 and later: concurrency at max_model_len times max_model_len",
    source="vLLM v1/core/kv_cache_utils.py: get_kv_cache_capacity",
)
page_tokens = quantity("page_tokens", "tokens", "tokens of one page of the smallest group")
PRINTED_BY_PAGES = Law(
    name="printed_tokens_by_pages",
    result=printed_tokens,
    expression=floor(pool_pages / cache_groups) * page_tokens,
    holds="vLLM up to 0.20.0",
    source="vLLM v1/core/kv_cache_utils.py: _report_kv_cache_config",
)

least_utilization = quantity("least_utilization", "ratio", "smallest utilization at which the question fits", real=True)
LEAST_UTILIZATION = Law(
    name="least_utilization",
    result=least_utilization,
    expression=total_bytes / visible_bytes,
    holds="engines that take a share of the whole card",
    source="inverse of total <= visible * utilization",
)
least_gpus = quantity("least_gpus", "GPUs", "lower bound of GPUs by tensor parallelism")
sharded_bytes = quantity("sharded_bytes", "bytes", "weights and cache that tensor parallelism divides")
LEAST_GPUS = Law(
    name="least_gpus",
    result=least_gpus,
    expression=ceiling(sharded_bytes / (usable_bytes - activation_bytes - overhead_bytes)),
    holds="bound before head counts and replication are looked at; the answer tries each valid layout",
    source="inverse of sharded / GPUs + activations + overhead <= usable",
)
