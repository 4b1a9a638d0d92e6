"""Overhead: CUDA graphs and memory that is neither weights, cache nor activations. Fitted on start-up logs."""

from sympy import ceiling

from formulas.law import Law
from formulas.symbols import max_sequences, num_hidden_layers, overhead_bytes, page_bytes, quantity

graph_bytes = quantity("graph_bytes", "bytes", "captured CUDA graphs")
graph_base_bytes = quantity("graph_base_bytes", "bytes", "memory of the graph pool itself", real=True)
graph_layer_bytes = quantity(
    "graph_layer_bytes", "bytes", "graph memory of one layer at the reference number of sizes", real=True
)
captured_sizes = quantity("captured_sizes", "1", "batch sizes that are captured")
reference_sizes = quantity("reference_sizes", "1", "batch sizes captured in the logs of the fit")
CUDA_GRAPHS = Law(
    name="cuda_graph_bytes",
    result=graph_bytes,
    expression=ceiling(graph_base_bytes + graph_layer_bytes * num_hidden_layers * captured_sizes / reference_sizes),
    holds="vLLM with CUDA graphs on; zero under --enforce-eager",
    source="fitted on start-up logs: docs/accuracy.md",
)

non_torch_bytes = quantity("non_torch_bytes", "bytes", "CUDA context, NCCL and other memory outside torch's allocator")
null_page_bytes = quantity("null_page_bytes", "bytes", "the page that the engine keeps as its null block")
resident_state_bytes = quantity("resident_state_bytes", "bytes", "states of all sequences, kept outside the pool")
OVERHEAD = Law(
    name="overhead_bytes",
    result=overhead_bytes,
    expression=graph_bytes + non_torch_bytes + null_page_bytes + resident_state_bytes,
    holds="the share of the utilization budget that is neither weights, cache nor activations",
    source="vLLM v1/worker/gpu_worker.py: determine_available_memory; v1/core/block_pool.py: null_block",
)
NULL_PAGE = Law(
    name="null_page_bytes",
    result=null_page_bytes,
    expression=page_bytes,
    holds="vLLM with a KV cache",
    source="vLLM v1/core/block_pool.py: BlockPool.null_block",
)

state_bytes = quantity("state_bytes", "bytes", "state of one sequence in all layers of this GPU")
RESIDENT_STATES = Law(
    name="resident_state_bytes",
    result=resident_state_bytes,
    expression=max_sequences * state_bytes,
    holds="the V0 engine: states of as many sequences as it schedules, allocated in the profile run",
    source="vLLM 0.10.0 model_executor/models/mamba_cache.py: MambaCacheManager",
)
