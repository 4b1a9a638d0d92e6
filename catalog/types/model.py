"""One checkpoint: how its weights are stored, its files, who it is and where that was read."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Literal, get_args

from catalog.types.architecture import Architecture
from catalog.types.fact import Count, Fact, Size

WeightGroup = Literal["attention", "linear_attention", "dense_mlp", "experts", "shared_experts", "lm_head"]
WEIGHT_GROUPS: tuple[str, ...] = get_args(WeightGroup)
"""Groups of linears that a recipe quantizes or keeps as one; all other weights are never quantized."""

SCHEME_GROUPS: dict[str, tuple[str, ...]] = {
    "all_linears": WEIGHT_GROUPS,
    "experts": ("experts",),
    "experts_and_shared": ("experts", "shared_experts"),
}


class Quantization(Fact):
    """How a checkpoint's weights are stored, from its quantization_config."""

    weights: str
    """A format key of formats.toml."""
    scheme: Literal["all_linears", "experts", "experts_and_shared"] = "all_linears"
    """Which linears are quantized; embeddings, norms and routers never are."""
    keeps: tuple[WeightGroup, ...] = ()
    """Groups that the recipe's ignore list keeps in 16 bits (lm_head is kept unless quantizes_lm_head)."""
    keeps_layers: tuple[int, ...] = ()
    """Layers that the ignore list keeps whole."""
    others: tuple[tuple[WeightGroup, str], ...] = ()
    """Groups that a mixed recipe stores in another format than `weights`."""
    quantizes_lm_head: bool = False
    group_size: Size = 0
    """Numbers that share a scale where the recipe differs from the format's own; 0: as the format has it."""
    kv_cache: str | None = None
    """KV format that the checkpoint asks for."""

    def format_of(self, group: str, layer: int | None = None) -> str | None:
        """Format key of one group's linears in one layer; None where they stay in 16 bits."""
        if layer in self.keeps_layers or group in self.keeps or group not in WEIGHT_GROUPS:
            return None
        if group == "lm_head" and not self.quantizes_lm_head:
            return None
        others: dict[str, str] = dict(self.others)
        return others.get(group) or (self.weights if group in SCHEME_GROUPS[self.scheme] else None)


class WeightFile(Fact):
    """One set of weights among a repository's files: a GGUF file, its parts summed up, or an adapter."""

    name: str
    """Path in the repository, of the first part where there are several."""
    format: str
    """Format key as the name says it, in lower case; empty where it says none."""
    bytes: Count
    parts: Count = 1
    role: Literal["model", "mmproj"] = "model"
    """mmproj: the vision or audio tower beside the model."""


class Model(Fact):
    """One checkpoint: who it is, what it is built of, how it is stored, and where that was read."""

    id: str
    """Hugging Face id."""
    revision: str = "main"
    family: str
    aliases: tuple[str, ...] = ()
    vague_aliases: tuple[str, ...] = ()
    """Names that several models share: this one is the usual reading, and is reported as an assumption."""
    architecture: Architecture
    quantization: Quantization | None = None
    published_parameters: Count | None = None
    """Parameter total that the publisher's files or card state."""
    parameters_source: str = ""
    parameters_note: str = ""
    """Why that total differs from the count by dimensions; empty where they are equal."""
    parameters_beyond: int = 0
    """Elements of that total that are no weight (scales, buffers, copies); below zero: weights left out."""
    context: Count | None = None
    """Longest sequence the model is made for, where it differs from max_position_embeddings."""
    stored_bytes: Count | None = None
    """Bytes of the checkpoint's tensors as an engine loads them (fp32 weights as 16 bits); None where only
    the dimensions are known."""
    files: tuple[WeightFile, ...] = ()
    """GGUF files of the repository."""
    pooled: bool = False
    """A request ends with its prompt: it embeds, ranks or scores, and generates nothing."""
    source: str
    checked: date
    note: str = ""

    @cached_property
    def projector(self) -> WeightFile | None:
        """The file of the vision or audio tower that is taken of several: 16 bits, else the smallest."""
        towers = {file.format: file for file in reversed(self.files) if file.role == "mmproj"}
        usual = next((towers[key] for key in ("fp16", "bf16") if key in towers), None)
        return usual or next(iter(reversed(towers.values())), None)

    @property
    def max_length(self) -> int | None:
        return self.context or self.architecture.max_position_embeddings
