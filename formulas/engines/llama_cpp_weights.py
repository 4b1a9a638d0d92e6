"""Bytes of a GGUF file's matrices: every one in the type that the file's mixture gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from catalog.types import Architecture, Attention, Moe, NumberFormat, WeightFile
from formulas import compiled
from formulas.deployment import Deployment
from formulas.engines.ik_llama_mixtures import IK_MIXTURES
from formulas.engines.llama_cpp_mixtures import (
    FALLBACK,
    LAYERS_70B,
    LIFTED_VALUES,
    MIXTURES,
    NARROW,
    NARROW_BLOCK,
    Q5,
    WIDE_BLOCK,
    Category,
    Mixture,
    When,
)
from formulas.engines.llama_cpp_tensors import Part, extra_parts, host_parts, layer_parts, output_parts, tower_parts
from formulas.weights import matrix_bytes

PLAIN, SIXTEEN_BITS = "fp32", "fp16"
"""Vectors, routers and convolutions are kept in fp32; rows that no block divides in fp16."""
KEPT: dict[Category, str] = {"plain": PLAIN, "tower": SIXTEEN_BITS}
VOCABULARY_ENTRY_BYTES = 60
"""Of a file, beside its tensors: 7 to 10 MB for vocabularies of 128,000 to 152,000 entries."""
GROUPED_HEADS = 4
EIGHT_EXPERTS, FEW_EXPERTS = 8, 4


@dataclass(frozen=True, slots=True)
class Weights:
    """Bytes of one GGUF file by where they go."""

    layers: tuple[int, ...]
    output: int
    """Output head, tied or not, and last norm."""
    host: int
    """Token embedding and tables, which stay in host memory."""
    extra: int
    """Encoder and towers, on the first GPU."""
    towers: int = 0
    """Of extra, vision and audio towers: a file of their own."""
    experts: tuple[int, ...] = ()
    """Of each layer, its routed experts."""

    @property
    def file(self) -> int:
        """Tensors of the file; what is in it beside them is the vocabulary, 7 to 10 MB."""
        return sum(self.layers) + self.output + self.host


class Place(NamedTuple):
    """Which of how many matrices of its category one is, in a model of these properties."""

    position: int
    of: int
    heads_per_group: int
    experts: int


CONDITIONS: dict[When, Callable[[Place], bool]] = {
    "always": lambda at: True,
    "more_bits": lambda at: (
        at.position < at.of // 8 or at.position >= 7 * at.of // 8 or (at.position - at.of // 8) % 3 == 2
    ),
    "first_2": lambda at: at.position < 2,
    "first_4": lambda at: at.position < 4,
    "first_eighth": lambda at: at.position < at.of // 8,
    "first_sixteenth": lambda at: at.position < at.of // 16,
    "middle": lambda at: at.of // 8 <= at.position < 7 * at.of // 8,
    "grouped": lambda at: at.heads_per_group >= GROUPED_HEADS,
    "grouped_or_experts": lambda at: at.heads_per_group >= GROUPED_HEADS or at.experts >= FEW_EXPERTS,
    "eight_experts": lambda at: at.experts == EIGHT_EXPERTS,
    "experts": lambda at: at.experts >= FEW_EXPERTS,
}
EXPERTS = ("experts_up", "experts_down")
SAME_RULES: dict[Category, Category] = {"experts_up": "ffn_up", "experts_down": "ffn_down"}


def gguf_weights(deployment: Deployment, laws: Any) -> Weights:
    """The deployment's weights as a GGUF file of its format; the repository's own file where it has one."""
    architecture, form = deployment.model.architecture, deployment.weights
    if laws is compiled:
        weights = _cached(architecture, form, tuple(deployment.formats.values()))
    else:
        weights = _weights(architecture, form, deployment.formats, laws)
    if projector := deployment.model.projector:
        weights = replace(weights, extra=projector.bytes, towers=projector.bytes)
    stored = next((file.bytes for file in deployment.model.files if file.format == form.key and is_model(file)), None)
    return weights if stored is None else _as_stored(weights, architecture, stored)


def is_model(file: WeightFile) -> bool:
    return file.role == "model"


def _as_stored(weights: Weights, architecture: Architecture, stored: int) -> Weights:
    """The layers share what the file holds more or less than its mixture says."""
    tied = architecture.tie_word_embeddings and architecture.lm_head
    tensors = sum(weights.layers) + weights.host + (0 if tied else weights.output)
    inside, vocabulary = sum(weights.layers), VOCABULARY_ENTRY_BYTES * architecture.vocab_size
    wanted = max(0, inside + stored - vocabulary - tensors)
    bounds = [wanted * done // inside for done in accumulate(weights.layers, initial=0)]
    layers = tuple(after - before for before, after in pairwise(bounds))
    shares = zip(weights.experts, layers, weights.layers, strict=True)
    return replace(
        weights, layers=layers, experts=tuple(part * after // before for part, after, before in shares if before)
    )


@lru_cache(maxsize=1024)
def _cached(architecture: Architecture, form: NumberFormat, formats: tuple[NumberFormat, ...]) -> Weights:
    return _weights(architecture, form, {known.key: known for known in formats}, compiled)


def _weights(architecture: Architecture, form: NumberFormat, formats: Mapping[str, NumberFormat], laws: Any) -> Weights:
    plain = Mixture(form.key, output=SIXTEEN_BITS, embedding=SIXTEEN_BITS)
    mixture = MIXTURES.get(form.key) or IK_MIXTURES.get(form.key, plain)
    sizes = _Sizes(mixture, formats, architecture, laws)
    return Weights(
        layers=tuple(sizes.layer(index) for index in range(architecture.num_hidden_layers)),
        output=sizes.total(output_parts(architecture)),
        host=sizes.total(host_parts(architecture)),
        extra=sizes.total(extra_parts(architecture)),
        towers=sizes.total(tower_parts(architecture)),
        experts=tuple(sizes.routed(index) for index in range(architecture.num_hidden_layers)),
    )


class _Sizes:
    """Bytes of matrices of one model under one mixture."""

    def __init__(
        self, mixture: Mixture, formats: Mapping[str, NumberFormat], architecture: Architecture, laws: Any
    ) -> None:
        self.mixture, self.formats, self.laws = mixture, formats, laws
        self.architecture = architecture
        self.layer_count = architecture.num_hidden_layers
        self.heads_per_group, self.experts = _heads_per_group(architecture), _experts(architecture)
        self.values_70b = (
            self.layer_count == LAYERS_70B
            and architecture.model_type in ("llama", "qwen2")
            and self.heads_per_group > 1
        )
        self.parts = [tuple(layer_parts(architecture, kind)) for kind in architecture.kinds]
        self.value_layers = [index for index, kind in enumerate(architecture.order) if self._has_values(kind)]

    def layer(self, index: int) -> int:
        """Bytes of one layer."""
        return self.total(self.parts[self.architecture.order[index]], index)

    def routed(self, index: int) -> int:
        """Bytes of the routed experts of one layer."""
        parts = self.parts[self.architecture.order[index]]
        return self.total((part for part in parts if part.category in EXPERTS), index)

    def total(self, parts: Iterable[Part], index: int = 0) -> int:
        return sum(self.matrix(part, self._type(part.category, index)) for part in parts if part.rows * part.columns)

    def matrix(self, part: Part, key: str) -> int:
        """Bytes of equal matrices in this type, or in the one that their row length allows."""
        form = self.formats[fitting_type(key, part.columns)]
        return part.copies * matrix_bytes(part.rows, part.columns, form, self.laws)

    def _has_values(self, kind: int) -> bool:
        return any(part.category == "attn_v" for part in self.parts[kind])

    def _type(self, category: Category, index: int) -> str:
        mixture = self.mixture
        tied = self.architecture.tie_word_embeddings and self.architecture.lm_head
        if category in KEPT:
            return KEPT[category]
        if category == "output" or (category == "embedding" and tied):
            return mixture.output
        if category == "embedding":
            return mixture.embedding or mixture.base
        if mixture.experts and category in SAME_RULES:
            return mixture.experts
        return self._ruled(SAME_RULES.get(category, category), index)

    def _ruled(self, category: Category, index: int) -> str:
        at = self._place(category, index)
        if self.mixture.lifts_experts and at.experts == EIGHT_EXPERTS and category in ("attn_v", "attn_k"):
            return "q8_0"
        rules = (rule.type for rule in self.mixture.rules if rule.category == category and CONDITIONS[rule.when](at))
        chosen = next(rules, self.mixture.base)
        lifted = self.values_70b and category == "attn_v" and self.mixture.lifts_experts and chosen in LIFTED_VALUES
        return Q5 if lifted else chosen

    def _place(self, category: Category, index: int) -> Place:
        if category == "attn_v":
            return Place(self.value_layers.index(index), len(self.value_layers), self.heads_per_group, self.experts)
        return Place(index, self.layer_count, self.heads_per_group, self.experts)


def fitting_type(key: str, columns: int) -> str:
    """The type itself, or the fallback for rows that its blocks do not divide."""
    if key in (PLAIN, SIXTEEN_BITS, "bf16") or not _quantized(key):
        return key
    if key not in NARROW and columns % WIDE_BLOCK and columns > 1:
        key = FALLBACK.get(key, "iq4_nl")
    return SIXTEEN_BITS if columns % NARROW_BLOCK and columns > NARROW_BLOCK else key


def _quantized(key: str) -> bool:
    return key in NARROW or key in FALLBACK or key.startswith("iq")


def _heads_per_group(architecture: Architecture) -> int:
    mixers = (layer.mixer for layer in architecture.kinds)
    return next((m.num_attention_heads // m.num_key_value_heads for m in mixers if isinstance(m, Attention)), 1)


def _experts(architecture: Architecture) -> int:
    return max(
        (layer.feed_forward.num_experts for layer in architecture.kinds if isinstance(layer.feed_forward, Moe)),
        default=0,
    )
