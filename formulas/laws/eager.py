"""Terms of engines that run PyTorch step by step: logits of a prefill, encoder layers, and the warm-up budget."""

from sympy import Min, ceiling, floor

from formulas.law import Law
from formulas.laws.activations import forward_bytes, intermediate_size
from formulas.symbols import (
    activation_bytes,
    batch,
    element_bytes,
    hidden_size,
    max_batched_tokens,
    overhead_bytes,
    quantity,
    visible_bytes,
    vocab_size,
    weights_bytes,
)

encoder_token_bytes = quantity(
    "encoder_token_bytes", "bytes", "activations of one position in an encoder layer", real=True
)
ENCODER_TOKEN = Law(
    name="encoder_token_bytes",
    result=encoder_token_bytes,
    expression=element_bytes * (intermediate_size + 4 * hidden_size),
    holds="encoder layers without a score matrix (fused attention)",
    source="transformers models/bert, models/whisper: feed-forward output, residual, q, k and v alive together",
)

logit_size = quantity("logit_size", "bytes", "bytes of one logit, copies included")
logit_rows = quantity("logit_rows", "1", "tokens for which logits are computed in one step")
logits_bytes = quantity("logits_bytes", "bytes", "logits of one step")
LOGITS = Law(
    name="logits_bytes",
    result=logits_bytes,
    expression=logit_rows * vocab_size * logit_size,
    holds="PyTorch engines: 16-bit logits and an fp32 copy of them",
    source="transformers generation/utils.py: next_token_logits; TGI models/flash_causal_lm.py: prefill logprobs",
)

EAGER_STEP = Law(
    name="eager_step_bytes",
    result=forward_bytes,
    expression=ceiling(
        max_batched_tokens * quantity("eager_token_bytes", "bytes", "activations of one token run eagerly", real=True)
    ),
    holds="one step of so many tokens",
    source="sum over the tokens of a step at the widest layer",
)

free_fraction = quantity(
    "free_fraction", "ratio", "share of the memory left after a dry run that the cache may take", real=True
)
free_share_usable = quantity(
    "free_share_usable", "bytes", "memory in use when the cache takes its share of what was left"
)
FREE_SHARE = Law(
    name="free_share_usable_bytes",
    result=free_share_usable,
    expression=Min(
        visible_bytes,
        floor(
            free_fraction * visible_bytes + (1 - free_fraction) * (weights_bytes + activation_bytes + overhead_bytes)
        ),
    ),
    holds="engines whose cache takes a share of free memory, not of the card",
    source="TensorRT-LLM _torch/pyexecutor/_util.py: _cal_max_memory; TGI 1 and 2, models/flash_causal_lm.py: warmup",
)

slack_share = quantity("slack_share", "ratio", "reserved but unused share of PyTorch's allocator", real=True)
cached_bytes = quantity("cached_bytes", "bytes", "cache that PyTorch's allocator holds")
context_bytes = quantity("context_bytes", "bytes", "CUDA context and libraries")
ALLOCATOR = Law(
    name="allocator_overhead_bytes",
    result=overhead_bytes,
    expression=context_bytes + ceiling(slack_share * (activation_bytes + cached_bytes)),
    holds="transformers: buffers are allocated and freed as a sequence grows",
    source="PyTorch CUDACachingAllocator: blocks are split and rounded; 5 to 10 % in practice",
)

copied_bytes = quantity("copied_bytes", "bytes", "cache of the largest layer, old and new while tokens are appended")
layer_token_bytes = quantity("layer_token_bytes", "bytes", "cache of one token in the largest layer")
longest_kept = quantity("longest_kept", "tokens", "tokens that the largest layer keeps")
APPEND = Law(
    name="append_copy_bytes",
    result=copied_bytes,
    expression=batch * longest_kept * layer_token_bytes,
    holds="transformers DynamicCache: torch.cat makes a new tensor before the old one is freed",
    source="transformers cache_utils.py: DynamicLayer.update",
)
