"""Parameter counts of towers that several wrappers share, by the tower's own model_type, and of what joins them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from catalog.architectures import vision
from catalog.architectures.config import Config, UnknownArchitecture
from catalog.architectures.seq2seq import CONVOLUTION_WIDTH
from catalog.architectures.style import LAYER_NORM
from catalog.architectures.vision import blocks, clip_tower, patch_projection, two_linears

BLOCK_VECTORS = 2 * LAYER_NORM
LAYER_SCALES = 2
"""Learned scales of an InternViT block, one behind each half."""


def flat_sizes(tower: Config) -> Config:
    """The same config with picture and patch as one side each, where it gives height and width."""
    sides = {key: tower.values.get(key) for key in ("image_size", "patch_size")}
    squared = {key: value[0] for key, value in sides.items() if isinstance(value, list) and value}
    return Config({**tower.values, **squared}, parent=tower.parent)


def siglip_tower(tower: Config) -> int:
    """SigLIP without its pooling head; Idefics 3 and SmolVLM use the same blocks."""
    hidden = tower.size("hidden_size")
    inside = blocks(tower, hidden=hidden, width=tower.size("intermediate_size"))
    return inside + patch_projection(tower, hidden, bias=True) + (vision.patches(tower) + LAYER_NORM) * hidden


def pixtral_tower(tower: Config) -> int:
    hidden, width = tower.size("hidden_size"), tower.size("intermediate_size")
    inside = blocks(tower, hidden=hidden, width=width, gated=True, attention_bias=0, mlp_bias=False, norms=2)
    return inside + patch_projection(tower, hidden) + hidden


def intern_vit(tower: Config) -> int:
    """InternViT-300M: layer norms, a scale behind each half of a block, class token, no last norm."""
    hidden, width = tower.size("hidden_size"), tower.size("intermediate_size")
    biases = 4 if tower.flag("qkv_bias", tower.flag("attention_bias", default=True)) else 1
    inside = blocks(
        tower, hidden=hidden, width=width, attention_bias=biases, norms=BLOCK_VECTORS + LAYER_SCALES
    )  # fmt: skip
    return inside + patch_projection(tower, hidden, bias=True) + (vision.patches(tower, class_token=True) + 1) * hidden


TOWERS: dict[str, Callable[[Config], int]] = {
    **dict.fromkeys(("clip_vision_model", "clip"), clip_tower),
    **dict.fromkeys(("siglip_vision_model", "idefics3", "idefics3_vision", "smolvlm_vision"), siglip_tower),
    "pixtral": pixtral_tower,
    **dict.fromkeys(("intern_vit_6b", "intern_vit_300m", "internvl_vision"), intern_vit),
}
"""Tower without projector, by its model_type."""


def body(tower: Config, usual: str) -> int:
    """Weights of a tower without what joins it to the language model."""
    count = TOWERS.get(tower.model_type or usual)
    if count is None:
        raise UnknownArchitecture(tower.parent.model_type if tower.parent else "", strange=(tower.model_type,))
    return count(tower)


# --------------------------------------------------------------------------- joined to a language model


def llava(tower: Config, text: int, *, newline: bool) -> int:
    """LLaVA: two linears; later ones hold a learned end of line."""
    outer = tower.parent or tower
    bias = outer.flag("multimodal_projector_bias", default=True)
    joined = two_linears(tower.size("hidden_size"), text, bias=bias)
    return body(flat_sizes(tower), "clip_vision_model") + joined + newline * text


def paligemma(tower: Config, text: int) -> int:
    out = tower.size("projection_dim", text)
    return body(tower, "siglip_vision_model") + (tower.size("hidden_size") + 1) * out


SHUFFLE = 2
"""Class default of scale_factor: pixels of a square that become one token."""


def idefics3(tower: Config, text: int) -> int:
    scale = tower.parent.size("scale_factor", SHUFFLE) if tower.parent else SHUFFLE
    return siglip_tower(tower) + tower.size("hidden_size") * scale**2 * text


def internvl(tower: Config, text: int) -> int:
    """InternVL: four merged patches through a norm and two linears."""
    merged = 4 * tower.size("hidden_size")
    return body(flat_sizes(tower), "intern_vit_6b") + LAYER_NORM * merged + two_linears(merged, text)


SIGLIP_SIDE = 384
"""Picture side of siglip_so400m_patch14_384, which DeepSeek-VL2 names instead of describing."""


def deepseek_vl2(tower: Config, text: int) -> int:
    """DeepSeek-VL2: SigLIP under timm's names, four merged patches through two linears, two separators."""
    hidden = tower.size("width")
    width = int(hidden * tower.number("mlp_ratio", 4))
    named = {"hidden_size": hidden, "num_hidden_layers": tower.size("layers"), "intermediate_size": width}
    inside = siglip_tower(Config({**tower.values, **named, "image_size": tower.size("image_size", SIGLIP_SIDE)}))
    return inside + two_linears(4 * hidden, text) + 2 * text


MOONVIT_NAMES = {
    "vt_hidden_size": "hidden_size", "vt_intermediate_size": "intermediate_size",
    "vt_num_hidden_layers": "num_hidden_layers",
}  # fmt: skip


def kimi_vl(tower: Config, text: int) -> int:
    """Kimi-VL: MoonViT under plain names."""
    renamed = {new: tower.raw(old) for new, old in MOONVIT_NAMES.items()}
    return vision.moonvit(Config({**tower.values, **renamed}, parent=tower.parent), text)


# --------------------------------------------------------------------------- audio


def whisper_encoder(audio: Config) -> int:
    """Whisper's encoder without positions: two convolutions, blocks without bias on keys, a last norm."""
    hidden, mels = audio.size("hidden_size"), audio.size("num_mel_bins")
    convolutions = CONVOLUTION_WIDTH * hidden * (mels + hidden) + 2 * hidden
    return convolutions + audio_blocks(audio, attention_bias=3) + LAYER_NORM * hidden


def audio_blocks(audio: Config, *, attention_bias: int) -> int:
    """Blocks under the names of an encoder, or under plain ones."""
    names = (
        ("encoder_layers", "encoder_ffn_dim")
        if audio.has("encoder_layers")
        else ("num_hidden_layers", "intermediate_size")
    )
    layers = Config({"num_hidden_layers": audio.count(names[0])})
    return blocks(layers, hidden=audio.size("hidden_size"), width=audio.size(names[1]), attention_bias=attention_bias)


def qwen2_audio(audio: Config, text: int) -> int:
    """Qwen2-Audio: learned positions, one linear."""
    hidden = audio.size("hidden_size")
    return whisper_encoder(audio) + audio.size("max_source_positions") * hidden + (hidden + 1) * text


def qwen2_5_omni_audio(audio: Config, text: int) -> int:
    """Qwen2.5-Omni: computed positions, one linear, marks of begin and end."""
    hidden, out = audio.size("hidden_size"), audio.size("output_dim", text)
    return whisper_encoder(audio) + (hidden + 1) * out + 2 * out


MELS_HALVINGS = 3


def qwen3_omni_audio(audio: Config, text: int) -> int:
    """Qwen3-Omni: three strided convolutions over mel and time, blocks with every bias, two linears."""
    hidden, wide = audio.size("hidden_size"), audio.size("downsample_hidden_size")
    mels = audio.size("num_mel_bins")
    for _ in range(MELS_HALVINGS):
        mels = -(-mels // 2)
    inside = audio_blocks(audio, attention_bias=4)
    convolutions = 9 * wide + wide + 2 * (9 * wide * wide + wide) + wide * mels * hidden
    out = audio.size("output_dim", text)
    return inside + convolutions + LAYER_NORM * hidden + (hidden + 1) * (hidden + out)


FRAMES_JOINED = 4


def voxtral_audio(audio: Config, text: int) -> int:
    """Voxtral: Whisper's encoder, four frames joined through two linears without bias."""
    hidden = audio.size("hidden_size")
    learned = audio.size("max_source_positions") * hidden
    return whisper_encoder(audio) + learned + two_linears(FRAMES_JOINED * hidden, text, bias=False)


COUNTERS: dict[str, vision.Counter] = {
    "llava": partial(llava, newline=False),
    "llava_next": partial(llava, newline=True),
    "paligemma": paligemma,
    "idefics3": idefics3,
    "internvl": internvl,
    "kimi_vl": kimi_vl,
    "deepseek_vl2": deepseek_vl2,
    "qwen2_audio": qwen2_audio,
    "qwen2_5_omni_audio": qwen2_5_omni_audio,
    "qwen3_omni_audio": qwen3_omni_audio,
    "voxtral_audio": voxtral_audio,
}
