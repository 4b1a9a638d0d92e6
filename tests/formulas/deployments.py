"""Deployments for the tests: real architectures by their public dimensions, and random ones."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from catalog.architectures import read
from catalog.load import load
from catalog.quantization import read_quantization
from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Load, Settings, version

GIB = 2**30

QWEN3_32B = {
    "model_type": "qwen3", "hidden_size": 5120, "num_hidden_layers": 64, "num_attention_heads": 64, "num_key_value_heads": 8,
    "head_dim": 128, "intermediate_size": 25600, "vocab_size": 151936, "tie_word_embeddings": False,
    "max_position_embeddings": 40960, "torch_dtype": "bfloat16",
}  # fmt: skip
GEMMA_3_27B = {
    "model_type": "gemma3_text", "hidden_size": 5376, "num_hidden_layers": 62, "num_attention_heads": 32,
    "num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 21504, "vocab_size": 262208, "tie_word_embeddings": True,
    "sliding_window": 1024, "sliding_window_pattern": 6, "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
}  # fmt: skip
LLAMA_3_1_8B = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "head_dim": 128, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
    "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
}  # fmt: skip
LLAMA_2_7B = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
    "intermediate_size": 11008, "vocab_size": 32000, "tie_word_embeddings": False, "max_position_embeddings": 4096,
    "torch_dtype": "float16",
}  # fmt: skip
DEEPSEEK_R1 = {
    "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128,
    "num_key_value_heads": 128, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "v_head_dim": 128, "intermediate_size": 18432, "moe_intermediate_size": 2048, "n_routed_experts": 256,
    "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3, "moe_layer_freq": 1, "vocab_size": 129280,
    "tie_word_embeddings": False, "max_position_embeddings": 163840, "torch_dtype": "bfloat16",
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128], "fmt": "e4m3"},
}  # fmt: skip
QWEN3_NEXT_80B = {
    "model_type": "qwen3_next", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 16,
    "num_key_value_heads": 2, "head_dim": 256, "intermediate_size": 5120, "moe_intermediate_size": 512, "num_experts": 512,
    "num_experts_per_tok": 10, "shared_expert_intermediate_size": 512, "decoder_sparse_step": 1, "full_attention_interval": 4,
    "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4, "vocab_size": 151936, "tie_word_embeddings": False, "max_position_embeddings": 262144,
    "torch_dtype": "bfloat16",
}  # fmt: skip
GPT_OSS_120B = {
    "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 36, "num_attention_heads": 64, "num_key_value_heads": 8,
    "head_dim": 64, "intermediate_size": 2880, "num_local_experts": 128, "num_experts_per_tok": 4, "sliding_window": 128,
    "layer_types": ["sliding_attention", "full_attention"] * 18, "vocab_size": 201088, "tie_word_embeddings": False,
    "attention_bias": True, "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
    "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]},
}  # fmt: skip
E5_LARGE = {
    "model_type": "xlm-roberta", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    "intermediate_size": 4096, "vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1,
    "hidden_act": "gelu", "torch_dtype": "float32", "architectures": ["XLMRobertaModel"],
}  # fmt: skip
WHISPER_TURBO = {
    "model_type": "whisper", "d_model": 1280, "encoder_layers": 32, "decoder_layers": 4, "encoder_attention_heads": 20,
    "decoder_attention_heads": 20, "encoder_ffn_dim": 5120, "decoder_ffn_dim": 5120, "vocab_size": 51866,
    "max_source_positions": 1500, "max_target_positions": 448, "num_mel_bins": 128, "torch_dtype": "float16",
    "is_encoder_decoder": True,
}  # fmt: skip

CONFIGS = {
    "qwen3-32b": QWEN3_32B,
    "gemma-3-27b": GEMMA_3_27B,
    "llama-3.1-8b": LLAMA_3_1_8B,
    "llama-2-7b": LLAMA_2_7B,
    "deepseek-r1": DEEPSEEK_R1,
    "qwen3-next-80b": QWEN3_NEXT_80B,
    "gpt-oss-120b": GPT_OSS_120B,
    "e5-large": E5_LARGE,
    "whisper-turbo": WHISPER_TURBO,
}
"""Published dimensions by a short name; the source of each is the model's config.json."""

_MODELS: dict[str, Model] = {}


def model(name: str) -> Model:
    """One of CONFIGS as a model, the same object each time."""
    if name not in _MODELS:
        config = CONFIGS[name]
        _MODELS[name] = Model(
            id=f"test/{name}",
            family="test",
            architecture=read(config),
            quantization=read_quantization(config),
            source="config.json",
            checked=date(2026, 11, 23),
        )
    return _MODELS[name]


def card(gib: float, *, capability: float = 9.0, name: str = "test card") -> Gpu:
    """A card with so much visible memory."""
    return Gpu(
        name=name,
        vendor="NVIDIA",
        marketed_gb=round(gib),
        visible_bytes=round(gib * GIB),
        visible_basis="stated",
        compute_capability=capability,
        source="test",
        checked=date(2026, 11, 23),
    )


H100 = card(79.19, name="H100")
A100 = card(79.25, capability=8.0, name="A100 80GB")


def deploy(
    name: str,
    *,
    weights: str | None = None,
    kv_cache: str = "bf16",
    gpu: Gpu = H100,
    batch: int = 1,
    tokens: int = 8192,
    release: str = "0.33.0",
    layout: Layout | None = None,
    **settings: Any,
) -> Deployment:
    """A vLLM deployment of one of CONFIGS, in the checkpoint's own format unless stated."""
    chosen, formats = model(name), load().formats
    own = chosen.quantization.weights if chosen.quantization else "bf16"
    return Deployment(
        model=chosen,
        weights=formats[weights or own],
        kv_cache=formats[kv_cache],
        formats=formats,
        gpu=gpu,
        engine="vllm",
        engine_version=version(release),
        layout=layout or Layout(),
        settings=Settings(**settings),
        load=Load(batch=batch, sequence_tokens=tokens),
    )


@st.composite
def deployments(draw: st.DrawFn) -> Deployment:
    """Any of the architectures in any format, on any card, under any load."""
    name = draw(st.sampled_from(sorted(CONFIGS)))
    weights = draw(st.sampled_from(["bf16", "fp8", "int4", None]))
    tensor = draw(st.sampled_from([1, 2, 4]))
    return deploy(
        name,
        weights=weights,
        kv_cache=draw(st.sampled_from(["bf16", "fp8"])),
        gpu=card(draw(st.floats(20, 400)), capability=draw(st.sampled_from([8.0, 8.9, 9.0, 10.0]))),
        batch=draw(st.integers(1, 64)),
        tokens=draw(st.integers(1, 40000)),
        release=draw(st.sampled_from(["0.8.5", "0.11.0", "0.19.0", "0.24.0", "0.33.0"])),
        layout=Layout(tensor_parallel=tensor, pipeline_parallel=draw(st.sampled_from([1, 2]))),
    )
