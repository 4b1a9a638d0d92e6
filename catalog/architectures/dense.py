"""Dense decoders: Llama and the families that differ from it by norms, biases, windows and the feed-forward block."""

from __future__ import annotations

from functools import partial

from catalog.architectures import blocks
from catalog.architectures.config import Config
from catalog.architectures.style import LAYER_NORM, Style, read_styled, styled_readers
from catalog.types import Architecture

TWO_LAYER_NORMS = 2 * LAYER_NORM
LLAMA = Style()
ALL_BIASES = Style(
    norms=TWO_LAYER_NORMS,
    final_norms=LAYER_NORM,
    qkv_bias=True,
    output_bias=True,
    mlp_bias=True,
    gated=False,
    tied=True,
)
"""Layer norms and a bias on every linear: GPT-2 and what grew from it."""


def head_norms(config: Config) -> int:
    """Separate norm weights for every query and key head, where use_qk_norm or qk_layernorm asks for them."""
    if not (config.flag("use_qk_norm") or config.flag("qk_layernorm")):
        return 0
    return (config.size("num_attention_heads") + blocks.kv_heads(config)) * blocks.head_dim(config)


STYLES: dict[str, Style] = {
    **dict.fromkeys(("llama", "mistral", "ministral", "baichuan", "xverse", "aquila", "exaone"), LLAMA),
    **dict.fromkeys(("granite", "helium", "yi", "minicpm"), LLAMA),
    "smollm3": Style(tied=True),
    "phi3": LLAMA,
    "orion": Style(norms=TWO_LAYER_NORMS, final_norms=LAYER_NORM),
    "internlm": Style(qkv_bias="bias", output_bias="bias", mlp_bias=False, bias_default=True),
    "internlm2": Style(qkv_bias="bias", output_bias="bias"),
    "internlm3": Style(qkv_bias="qkv_bias", output_bias="bias", mlp_bias="bias"),
    "qwen": Style(qkv_bias=True, output_bias=False, width_scale=0.5),
    "qwen2": Style(qkv_bias=True, output_bias=False),
    "qwen3": Style(qk_norm="head"),
    "mimo": Style(output_bias=False, mlp_bias=False, bias_default=True),
    "seed_oss": Style(output_bias="attention_out_bias", bias_default=False),
    "hunyuan_v1_dense": Style(qk_norm="head"),
    "ernie4_5": Style(qkv_bias="use_bias", output_bias="use_bias", mlp_bias="use_bias", tied=True),
    "glm": Style(output_bias=False),
    "glm4": Style(norms=4, output_bias=False),
    "gemma": Style(tied=True),
    "gemma2": Style(norms=4, tied=True, window_period=2),
    "gemma3_text": Style(norms=4, tied=True, qk_norm="head", window_period=6),
    "olmo": Style(norms=0, final_norms=0),
    "olmo2": Style(qk_norm="full"),
    "olmo3": Style(qk_norm="full", window_period=4),
    "exaone4": Style(qk_norm="head", window_period=4),
    "cohere": Style(norms=1, tied=True, extra_vectors=head_norms),
    "cohere2": Style(norms=1, tied=True, window_period=4),
    "nemotron": Style(norms=TWO_LAYER_NORMS, final_norms=LAYER_NORM, gated=False),
    "arcee": Style(gated=False),
    "apertus": Style(qk_norm="head", gated=False, extra_vectors=lambda config: 2),
    "starcoder2": Style(
        norms=TWO_LAYER_NORMS, final_norms=LAYER_NORM, qkv_bias="use_bias", output_bias="use_bias", mlp_bias="use_bias",
        bias_default=True, gated=False, tied=True,
    ),
    "phi3small": Style(
        norms=TWO_LAYER_NORMS, final_norms=LAYER_NORM, qkv_bias=True, output_bias=True, mlp_bias=True, tied=True
    ),
    "phi": Style(
        norms=LAYER_NORM, final_norms=LAYER_NORM, qkv_bias=True, output_bias=True, mlp_bias=True, gated=False,
        lm_head_bias=True,
    ),
    **dict.fromkeys(
        ("gptj", "codegen"),
        Style(norms=LAYER_NORM, final_norms=LAYER_NORM, mlp_bias=True, gated=False, lm_head_bias=True, width_factor=4),
    ),
    "gpt_neox": Style(
        norms=TWO_LAYER_NORMS, final_norms=LAYER_NORM, bias_default=True, mlp_bias=True, gated=False, width_factor=4
    ),
    "gpt2": Style(**{**vars(ALL_BIASES), "positions_from": 0, "width_factor": 4}),
    "bloom": Style(**{**vars(ALL_BIASES), "final_norms": 2 * LAYER_NORM, "width_factor": 4}),
}  # fmt: skip


def stablelm(config: Config) -> Architecture:
    """StableLM: layer norms with bias, one of them where the block is parallel."""
    norms = LAYER_NORM if config.flag("use_parallel_residual") else TWO_LAYER_NORMS
    style = Style(
        norms=norms, final_norms=LAYER_NORM, qkv_bias="use_qkv_bias", output_bias=False, extra_vectors=head_norms
    )
    return read_styled(config, style)


def gpt_bigcode(config: Config) -> Architecture:
    """StarCoder: GPT-2 with one key-value head."""
    style = Style(**{**vars(ALL_BIASES), "positions_from": 0, "width_factor": 4})
    single = Config({**config.values, "num_key_value_heads": 1}) if config.flag("multi_query", True) else config
    return read_styled(single, style)


def opt(config: Config) -> Architecture:
    """OPT; the 350M model norms behind its blocks, has no last norm, and embeds tokens in a narrower width."""
    before = config.flag("do_layer_norm_before", default=True)
    final = LAYER_NORM if before and not config.flag("_remove_final_layer_norm") else 0
    found = read_styled(config, Style(**{**vars(ALL_BIASES), "positions_from": 2, "final_norms": final}))
    hidden, width = found.hidden_size, config.size("word_embed_proj_dim", found.hidden_size)
    if width == hidden:
        return found
    projections = found.final_parameters + 2 * width * hidden
    return found.model_copy(update={"embedding_size": width, "final_parameters": projections})


def gpt_neo(config: Config) -> Architecture:
    """GPT-Neo: GPT-2 without bias on queries, keys and values; attention_types names windowed layers."""
    kinds = [
        kind for names, times in config.items("attention_types") for kind in list(names) * blocks.repeats(config, times)
    ]
    types = ["sliding_attention" if kind == "local" else "full_attention" for kind in kinds]
    style = Style(**{**vars(ALL_BIASES), "positions_from": 0, "width_factor": 4, "qkv_bias": False})
    values = {**config.values, "layer_types": types, "sliding_window": config.raw("window_size")}
    return read_styled(Config(values), style)


def falcon(config: Config) -> Architecture:
    """Falcon 7B (one key-value head, one norm), 40B and 180B (grouped heads, two norms), RW (all heads, biases)."""
    new = config.flag("new_decoder_architecture")
    norms = (
        2 if (new and config.size("num_ln_in_parallel_attn", 2) == 2) or not config.flag("parallel_attn", True) else 1
    )
    heads = config.size("num_attention_heads")
    groups = config.size("num_kv_heads", heads) if new else (1 if config.flag("multi_query", True) else heads)
    style = Style(
        norms=norms * LAYER_NORM, final_norms=LAYER_NORM, qkv_bias="bias", output_bias="bias", mlp_bias="bias",
        gated=False, tied=True, width_factor=4,
    )  # fmt: skip
    return read_styled(Config({**config.values, "num_key_value_heads": groups}), style)


def mpt(config: Config) -> Architecture:
    """MPT: weights only, in norms too, feed-forward expansion_ratio times as wide as the model."""
    inner = config.part("attn_config")
    heads = config.size("num_attention_heads")
    groups = inner.size("kv_n_heads", heads) if inner else heads
    style = Style(gated=False, tied=True, width_factor=config.size("expansion_ratio", 4))
    return read_styled(Config({**config.values, "num_key_value_heads": groups}), style)


def chatglm(config: Config) -> Architecture:
    """ChatGLM 2 and 3 and GLM-4: bias on queries, keys and values; grouped heads only if multi_query_attention."""
    style = Style(qkv_bias="add_qkv_bias", output_bias="add_bias_linear", mlp_bias="add_bias_linear")
    heads = config.size("num_attention_heads")
    groups = blocks.kv_heads(config) if config.flag("multi_query_attention") else heads
    return read_styled(Config({**config.values, "num_key_value_heads": groups}), style)


READERS = {
    **styled_readers(STYLES),
    "stablelm": stablelm,
    "gpt_bigcode": gpt_bigcode,
    "gpt_neo": gpt_neo,
    "opt": opt,
    "falcon": falcon,
    "RefinedWeb": falcon,
    "RefinedWebModel": falcon,
    "mpt": mpt,
    "chatglm": chatglm,
    **dict.fromkeys(
        ("qwen2_vl_text", "qwen2_5_vl_text", "qwen2_5_omni_text", "qwen2_audio_text"),
        partial(read_styled, style=STYLES["qwen2"]),
    ),
    "qwen3_vl_text": partial(read_styled, style=STYLES["qwen3"]),
    "glm4v_text": partial(read_styled, style=STYLES["glm4"]),
    "llava_text": partial(read_styled, style=LLAMA),
    "exaone4_5_text": partial(read_styled, style=STYLES["exaone4"]),
}
