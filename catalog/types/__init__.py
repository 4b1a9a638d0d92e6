"""The shape of every fact: models and what they are built of, cards, number formats, and "not found".

Objects compare by identity: the catalog hands out one object per row, so they are cheap dictionary keys.
All sizes are whole numbers; names are those of a Hugging Face config.json where it has one.
"""

from catalog.types.architecture import Architecture, Encoder, FeedForward, Layer, Mlp, Moe, Table, Tower
from catalog.types.fact import SCHEMA_VERSION, Count, Fact, Size
from catalog.types.hardware import Gpu, Machine, NumberFormat
from catalog.types.mixers import (
    Attention,
    CompressedAttention,
    GatedDeltaNet,
    Indexer,
    KimiDeltaAttention,
    LatentAttention,
    Mamba1,
    Mamba2,
    Mixer,
    ShortConv,
)
from catalog.types.model import SCHEME_GROUPS, WEIGHT_GROUPS, Model, Quantization, WeightFile, WeightGroup
from catalog.types.not_found import NotFound

__all__ = [
    "SCHEMA_VERSION",
    "SCHEME_GROUPS",
    "WEIGHT_GROUPS",
    "Architecture",
    "Attention",
    "CompressedAttention",
    "Count",
    "Encoder",
    "Fact",
    "FeedForward",
    "GatedDeltaNet",
    "Gpu",
    "Indexer",
    "KimiDeltaAttention",
    "LatentAttention",
    "Layer",
    "Machine",
    "Mamba1",
    "Mamba2",
    "Mixer",
    "Mlp",
    "Model",
    "Moe",
    "NotFound",
    "NumberFormat",
    "Quantization",
    "ShortConv",
    "Size",
    "Table",
    "Tower",
    "WeightFile",
    "WeightGroup",
]
