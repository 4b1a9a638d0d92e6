"""Dual encoders: CLIP and SigLIP, a text encoder beside a vision tower; and their vision towers alone."""

from __future__ import annotations

from typing import Any

from catalog.architectures import blocks, towers, vision
from catalog.architectures.config import Config, dtype
from catalog.architectures.encoders import bert_layer
from catalog.architectures.style import LAYER_NORM
from catalog.types import Architecture, Table, Tower

TEXT: dict[str, dict[str, Any]] = {
    "clip": {
        "hidden_size": 512, "num_hidden_layers": 12, "num_attention_heads": 8, "intermediate_size": 2048,
        "vocab_size": 49408, "max_position_embeddings": 77,
    },
    "siglip": {
        "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
        "vocab_size": 32000, "max_position_embeddings": 64,
    },
}  # fmt: skip
VISION: dict[str, dict[str, Any]] = {
    "clip": {
        "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
        "image_size": 224, "patch_size": 32,
    },
    "siglip": {
        "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
        "image_size": 224, "patch_size": 16,
    },
}  # fmt: skip
"""Class defaults of transformers 5.23.0, configuration_clip.py and configuration_siglip.py: configs leave equal values
out."""

SCALES = {"clip": 1, "siglip": 2}
"""Learned temperature, and SigLIP's bias."""
PROJECTION = 512
"""Class default of projection_dim."""


def completed(config: Config, part: str, defaults: dict[str, Any]) -> Config:
    """A nested config over its class defaults."""
    inner = config.part(part)
    given = inner.values if inner else {}
    return Config({**defaults, **{key: value for key, value in given.items() if value is not None}}, parent=config)


def pooling_head(tower: Config) -> int:
    """SigLIP's attention pooling: a probe, one attention, one feed-forward block, a norm."""
    hidden, width = tower.size("hidden_size"), tower.size("intermediate_size")
    attention = 4 * (hidden + 1) * hidden
    return hidden + attention + 2 * hidden * width + width + hidden + LAYER_NORM * hidden


def picture_parameters(family: str, tower: Config, projection: int) -> int:
    """The vision side with what maps it into the shared space."""
    if family == "clip":
        return vision.clip_tower(tower) + tower.size("hidden_size") * projection
    return towers.siglip_tower(tower) + pooling_head(tower) * tower.flag("vision_use_head", default=True)


def dual(config: Config, family: str) -> Architecture:
    """Both sides: the text encoder's layers, the vision side as a tower."""
    text, picture = (
        completed(config, "text_config", TEXT[family]),
        completed(config, "vision_config", VISION[family]),
    )
    hidden, projection = text.size("hidden_size"), config.size("projection_dim", PROJECTION)
    joined = hidden * projection if family == "clip" else (hidden + 1) * text.size("projection_size", hidden)
    longest = text.size("max_position_embeddings")
    tower = Tower(
        parameters=picture_parameters(family, picture, projection),
        hidden_size=picture.size("hidden_size"),
        intermediate_size=picture.size("intermediate_size"),
    )
    return Architecture(
        model_type=config.model_type,
        role="encoder",
        hidden_size=hidden,
        vocab_size=text.size("vocab_size"),
        tie_word_embeddings=True,
        max_position_embeddings=longest,
        lm_head=False,
        tables=(Table(name="positions", rows=longest, columns=hidden),),
        final_parameters=LAYER_NORM * hidden + joined + SCALES[family],
        towers=(tower,),
        dtype=dtype(config),
        **blocks.stack((0,) * blocks.layers(text), lambda key: bert_layer(text)),
    )


def clip(config: Config) -> Architecture:
    return dual(config, "clip")


def siglip(config: Config) -> Architecture:
    return dual(config, "siglip")


READERS = {"clip": clip, "siglip": siglip}
