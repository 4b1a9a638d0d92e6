"""Language models behind a vision or audio tower: the nested text config has its own reader, the tower is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from catalog.architectures import blocks, registry, towers, vision
from catalog.architectures.config import Config, UnknownArchitecture
from catalog.architectures.rope import PARTS
from catalog.types import Architecture, Attention, Layer, Tower

OUTER_FACTS = ("vocab_size", "tie_word_embeddings", "dtype", "torch_dtype", "architectures")
"""Facts that wrappers state outside and mean for the language model."""


def text_part(config: Config, model_type: str, renamed: Mapping[str, str]) -> Config:
    """The language model's own config, completed from the wrapper; the wrapper itself where it is flat."""
    inner = config.part(*PARTS)
    if inner is None:
        return Config({**config.values, "model_type": model_type}, parent=config.parent)
    outer = {key: config.values[key] for key in OUTER_FACTS if config.values.get(key) is not None}
    named = inner.values.get("model_type") or model_type
    named = renamed.get(named, named)
    return Config({**outer, **inner.values, "model_type": named}, parent=config)


def wrapped(
    config: Config, *, text: str, kind: str, shards: bool = True, renamed: Mapping[str, str] | None = None
) -> Architecture:
    """A language model with a tower of `kind`; its model_type as the part names it, `text` where it does not."""
    found = _language_model(text_part(config, text, renamed or {}))
    parts = {kind: config.part("vision_config"), f"{kind}_audio": config.part("audio_config")}
    beside = tuple(
        vision.tower(name, part, found.hidden_size, COUNTERS[name], shards=shards)
        for name, part in parts.items()
        if part and name in COUNTERS
    )
    return joined(config, found, beside)


def _language_model(inner: Config) -> Architecture:
    reader = registry.readers().get(inner.model_type)
    if reader is None:
        raise UnknownArchitecture(inner.model_type)
    return reader(inner)


def joined(config: Config, found: Architecture, beside: tuple[Tower, ...]) -> Architecture:
    """A language model under its wrapper's name, with these towers."""
    longest = found.max_position_embeddings or config.optional("max_position_embeddings")
    return found.model_copy(
        update={"model_type": config.model_type, "towers": beside, "max_position_embeddings": longest}
    )


COUNTERS = {**vision.COUNTERS, **towers.COUNTERS}


def unwrapped(config: Mapping[str, Any]) -> Architecture | None:
    """The language model of a wrapper that has no reader, by the reader of its part; None where it names no part.

    Its towers are left out: their parameters are what the published total has beside the language model.
    """
    view = Config(config)
    flat = FLAT.get(view.model_type)
    if flat:
        return joined(view, registry.read({**config, "model_type": flat}), ())
    if view.part(*PARTS) is None:
        return None
    return joined(view, _language_model(text_part(view, "", {})), ())


FLAT = {"phi4mm": "phi3", "minicpmv": "qwen2", "minicpmo": "qwen2"}
"""Wrappers whose config states the language model's fields beside its own, and whose layers these are."""


def thinker(config: Config, *, text: str, kind: str) -> Architecture:
    """The part of Qwen's Omni models that engines serve: text, pictures and sound in, text out."""
    part = config.part("thinker_config")
    if part is None:
        return wrapped(config, text=text, kind=kind)
    named = Config({**part.values, "model_type": config.model_type}, parent=config)
    return wrapped(named, text=text, kind=kind)


def wrapper(text: str, kind: str, **options: Any) -> Callable[[Config], Architecture]:
    return partial(wrapped, text=text, kind=kind, **options)


def mllama_text(config: Config) -> Architecture:
    """Llama 3.2 Vision's language model: some layers look at the picture instead of the text."""
    crossing = set(config.sizes("cross_attention_layers"))
    hidden = config.size("hidden_size")

    def build(key: bool) -> Layer:
        mixer: Attention = blocks.attention(config, qk_norm="head" if key else "none")
        placed = {"cross_attention": mixer} if key else {"mixer": mixer}
        return Layer(**placed, feed_forward=blocks.mlp(config), norm_parameters=2 * hidden + 2 * key)

    keys = tuple(index in crossing for index in range(blocks.layers(config)))
    return blocks.decoder(config, keys, build, final_parameters=hidden + IMAGE_TOKENS * hidden)


IMAGE_TOKENS = 8
"""Extra embedding rows of Llama 3.2 Vision that the head does not have."""

PHI3_CLIP = {
    "model_type": "clip_vision_model", "hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096,
    "image_size": 336, "patch_size": 14,
}  # fmt: skip
"""CLIP ViT-L/14-336, which Phi-3-vision names instead of describing."""


def phi3_vision(config: Config) -> Architecture:
    """Phi-3 and 3.5 vision: CLIP ViT-L/14-336, a projector over four merged patches, two learned separators."""
    found = registry.read({**config.values, "model_type": "phi3"})
    picture = Config(PHI3_CLIP)
    merged = 4 * picture.size("hidden_size")
    count = vision.clip_tower(picture) + vision.two_linears(merged, found.hidden_size) + 2 * merged
    tower = Tower(parameters=count, hidden_size=1024, intermediate_size=4096)
    return found.model_copy(update={"model_type": config.model_type, "towers": (tower,)})


GEMMA3N_TOWERS = 983_281_504
"""Vision and audio towers of Gemma 3n, which its config names instead of describing: published totals of E2B
(5,439,438,272) and E4B (7,849,978,192) less their language models; equal in both."""
GEMMA3N_VISION = "mobilenetv5_300m_enc"


def gemma3n(config: Config) -> Architecture:
    """Gemma 3n with both towers, which are the same in all its sizes."""
    found = _language_model(text_part(config, "gemma3n_text", {}))
    named = config.part("vision_config")
    if named is None or named.text("architecture", GEMMA3N_VISION) != GEMMA3N_VISION:
        raise UnknownArchitecture(config.model_type, strange=("vision_config",))
    return joined(config, found, (Tower(parameters=GEMMA3N_TOWERS),))


def ministral3(config: Config) -> Architecture:
    """Ministral 3: its text model alone, or Mistral 3's wrapper under the text model's name."""
    if config.part(*PARTS):
        return wrapped(config, text="mistral", kind="pixtral", shards=False, renamed={"ministral3": "mistral"})
    inner = Config({**config.values, "model_type": "mistral"}, parent=config.parent)
    return _language_model(inner).model_copy(update={"model_type": config.model_type})


READERS = {
    "ministral3": ministral3,
    "gemma3n": gemma3n,
    "deepseek_vl_v2": wrapper("deepseek_v2", "deepseek_vl2"),
    "mllama_text_model": mllama_text,
    "mllama": wrapper("mllama_text_model", "mllama"),
    "phi3_v": phi3_vision,
    "llava": wrapper("llava_text", "llava", renamed={"llama": "llava_text"}),
    **dict.fromkeys(
        ("llava_next", "llava_next_video", "llava_onevision"),
        wrapper("llava_text", "llava_next", renamed={"llama": "llava_text"}),
    ),
    "paligemma": wrapper("gemma", "paligemma"),
    **dict.fromkeys(("idefics3", "smolvlm"), wrapper("llama", "idefics3")),
    **dict.fromkeys(("internvl_chat", "internvl"), wrapper("qwen2", "internvl")),
    "kimi_vl": wrapper("deepseek_v3", "kimi_vl", shards=False),
    "qwen2_audio": wrapper("qwen2_audio_text", "qwen2", renamed={"qwen2": "qwen2_audio_text"}),
    "voxtral": wrapper("llama", "voxtral"),
    **dict.fromkeys(("qwen2_5_omni", "qwen2_5_omni_thinker"), partial(thinker, text="qwen2", kind="qwen2_5_omni")),
    **dict.fromkeys(
        ("qwen3_omni_moe", "qwen3_omni_moe_thinker"), partial(thinker, text="qwen3_moe", kind="qwen3_omni")
    ),
    "gemma3": wrapper("gemma3_text", "siglip"),
    "gemma4": wrapper("gemma4_text", "gemma4"),
    "llama4": wrapper("llama4_text", "llama4"),
    "mistral3": wrapper("mistral", "pixtral", shards=False),
    "qwen2_vl": wrapper("qwen2", "qwen2_vl"),
    "qwen2_5_vl": wrapper("qwen2", "qwen2_5_vl"),
    "qwen3_vl": wrapper("qwen3", "qwen3_vl"),
    "qwen3_vl_moe": wrapper("qwen3_moe", "qwen3_vl"),
    "qwen3_5": wrapper("qwen3_5_text", "qwen3_vl"),
    "qwen3_5_moe": wrapper("qwen3_5_moe_text", "qwen3_vl"),
    "glm4v": wrapper("glm4", "glm4v"),
    "glm4v_moe": wrapper("glm4v_moe_text", "glm4v"),
    "exaone4_5": wrapper("exaone4_5_text", "exaone4_5"),
    "kimi_k25": wrapper("kimi_k2", "moonvit", shards=False),
    "kimi_k3": wrapper("kimi_linear", "moonvit", shards=False),
    "step3p7": wrapper("step3p7_text", "step3p7", renamed={"step3p7": "step3p7_text"}),
    "minimax_m3_vl": wrapper("minimax_m3", "minimax_m3", shards=False),
}
