"""State of linear attention and state-space layers: fixed bytes per sequence, whatever its length."""

from sympy import ceiling

from formulas.law import Law
from formulas.symbols import element_bytes, quantity, tensor_parallel

state_size = quantity("state_size", "bytes", "state of one sequence in one layer on one GPU")
state_element_bytes = quantity("state_element_bytes", "bytes", "bytes of one recurrent state number")
conv_kernel = quantity("conv_kernel", "1", "taps of the causal convolution")
speculative_tokens = quantity("speculative_tokens", "tokens", "draft tokens checked in one step")
num_key_heads = quantity("num_key_heads", "heads", "key heads of a linear-attention layer")
num_value_heads = quantity("num_value_heads", "heads", "value heads of a linear-attention layer")
key_head_dim = quantity("key_head_dim", "1", "width of one linear-attention key head")
linear_value_head_dim = quantity("linear_value_head_dim", "1", "width of one linear-attention value head")

DELTA_NET_STATE = Law(
    name="delta_net_state_bytes",
    result=state_size,
    expression=ceiling((2 * num_key_heads * key_head_dim + num_value_heads * linear_value_head_dim) / tensor_parallel)
    * (conv_kernel - 1 + speculative_tokens)
    * element_bytes
    + ceiling(num_value_heads / tensor_parallel) * linear_value_head_dim * key_head_dim * state_element_bytes,
    holds="gated delta net layers (Qwen3-Next, Qwen3.5)",
    source="vLLM model_executor/layers/mamba/mamba_utils.py: MambaStateShapeCalculator.gated_delta_net_state_shape",
)

KIMI_DELTA_STATE = Law(
    name="kimi_delta_state_bytes",
    result=state_size,
    expression=3
    * ceiling(num_value_heads * linear_value_head_dim / tensor_parallel)
    * (conv_kernel - 1)
    * element_bytes
    + ceiling(num_value_heads / tensor_parallel) * linear_value_head_dim**2 * state_element_bytes,
    holds="Kimi delta attention layers: one convolution each for q, k and v",
    source="vLLM model_executor/layers/mamba/mamba_utils.py: MambaStateShapeCalculator.kda_state_shape",
)

inner_size = quantity("inner_size", "1", "inner width of a state-space layer")
state_width = quantity("state_width", "1", "state numbers per inner channel")
n_groups = quantity("n_groups", "1", "groups of B and C on all GPUs, replicated up to tensor_parallel")
num_state_heads = quantity("num_state_heads", "heads", "heads of a Mamba-2 layer")
state_head_dim = quantity("state_head_dim", "1", "width of one Mamba-2 head")

MAMBA2_STATE = Law(
    name="mamba2_state_bytes",
    result=state_size,
    expression=ceiling((num_state_heads * state_head_dim + 2 * n_groups * state_width) / tensor_parallel)
    * (conv_kernel - 1 + speculative_tokens)
    * element_bytes
    + ceiling(num_state_heads / tensor_parallel) * state_head_dim * state_width * state_element_bytes,
    holds="Mamba-2 layers (Nemotron-H, Granite 4, Falcon-H1)",
    source="vLLM model_executor/layers/mamba/mamba_utils.py: MambaStateShapeCalculator.mamba2_state_shape",
)

MAMBA1_STATE = Law(
    name="mamba1_state_bytes",
    result=state_size,
    expression=ceiling(inner_size / tensor_parallel)
    * ((conv_kernel - 1) * element_bytes + state_width * state_element_bytes),
    holds="Mamba-1 layers (Jamba, Falcon-Mamba)",
    source="vLLM model_executor/layers/mamba/mamba_utils.py: MambaStateShapeCalculator.mamba1_state_shape",
)

conv_width = quantity("conv_width", "1", "channels of a short convolution")
SHORT_CONV_STATE = Law(
    name="short_conv_state_bytes",
    result=state_size,
    expression=ceiling(conv_width / tensor_parallel) * (conv_kernel - 1) * element_bytes,
    holds="gated short convolutions (LFM2)",
    source="vLLM model_executor/layers/mamba/mamba_utils.py: MambaStateShapeCalculator.short_conv_state_shape",
)
