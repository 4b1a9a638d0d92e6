"""Weight bytes on one GPU: every tensor, divided over the GPUs, in the format that the recipe gives its group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from math import lcm
from typing import Any, NamedTuple

from catalog.types import Architecture, Layer, Model, NumberFormat
from formulas import compiled
from formulas.deployment import Layout
from formulas.layout import stage_bounds
from formulas.tensors import (
    Tensor,
    engine_copies,
    holds_embedding_twice,
    layer_tensors,
    nextn_tensors,
    outside_tensors,
)

VOCAB_PADDING = 64
"""Rows that engines pad the vocabulary to: vLLM vocab_parallel_embedding.py DEFAULT_VOCAB_PADDING_SIZE."""
SIXTEEN_BITS = 16


class Padding(NamedTuple):
    """Multiples to which an engine pads matrices: experts', and the vocabulary."""

    hidden: int = 1
    """Of the width that experts read and write."""
    inner_rows: int = 1
    """Of gate and up projection together, on one GPU."""
    inner_columns: int = 1
    """Of the down projection's input, on one GPU."""
    vocab: int = VOCAB_PADDING
    """Of the vocabulary's rows."""


class Storage(NamedTuple):
    """How the weights lie on the GPUs; a key of the caches."""

    model: Model
    weights: NumberFormat
    plain: NumberFormat
    """The format of everything that is not quantized."""
    others: tuple[NumberFormat, ...]
    """Further formats of a mixed recipe."""
    layout: Layout
    padding: Padding
    copies: bool = False
    """Whether the engine keeps some matrices twice (tensors.engine_copies)."""


def stage_weights(storage: Storage, stage: int, laws: Any) -> int:
    """Bytes on the fullest GPU of one pipeline stage."""
    return _cached(storage, stage) if laws is compiled else _stage(storage, stage, laws)


@lru_cache(maxsize=8192)
def _cached(storage: Storage, stage: int) -> int:
    return _stage(storage, stage, compiled)


def _stage(storage: Storage, stage: int, laws: Any) -> int:
    counted = _counted(storage, stage, laws)
    difference = stored_difference(storage._replace(layout=Layout()))
    if not difference:
        return counted
    return counted + difference * counted // _counted(storage._replace(layout=Layout()), 0, compiled)


def _counted(storage: Storage, stage: int, laws: Any) -> int:
    """Bytes by the dimensions."""
    return sum(tensor_bytes(storage, tensor, layer, laws) for tensor, layer in stage_tensors(storage, stage))


@lru_cache(maxsize=1024)
def stored_difference(storage: Storage) -> int:
    """Bytes that the checkpoint's files hold beyond those that its dimensions tell, of what is loaded.

    Prediction layers, and an output head stored beside the embedding that serves as one, are in the files and are not
    loaded; they count as there where the bytes then agree better.
    """
    stored = storage.model.stored_bytes
    if stored is None or not is_native(storage):
        return 0
    counted = _unsharded(storage._replace(copies=False))
    return min((stored - counted - idle for idle in _idle(storage)), key=abs)


def is_native(storage: Storage) -> bool:
    """Whether the weights are served in the format that the checkpoint stores."""
    recipe, weights = storage.model.quantization, storage.weights
    return weights.bits == SIXTEEN_BITS and not weights.gguf if recipe is None else recipe.weights == weights.key


def _unsharded(storage: Storage) -> int:
    return sum(_whole(storage, tensor, layer) for tensor, layer in stage_tensors(storage, 0))


def _whole(storage: Storage, tensor: Tensor, layer: int | None) -> int:
    form = format_of(storage, tensor, layer)
    return tensor.copies * matrix_bytes(tensor.rows, tensor.columns, form, compiled)


def _idle(storage: Storage) -> list[int]:
    """Sums of bytes that the files may hold and the engine does not load."""
    architecture = storage.model.architecture
    plain = storage._replace(weights=storage.plain)
    drafts = {sum(_whole(each, tensor, None) for tensor in nextn_tensors(architecture)) for each in (storage, plain)}
    twice = _whole(storage, outside_tensors(architecture).first[0], None)
    heads = (0, twice) if architecture.lm_head and architecture.tie_word_embeddings else (0,)
    return [draft + head for draft in sorted({0, *drafts}) for head in heads]


def stage_tensors(storage: Storage, stage: int) -> Iterator[tuple[Tensor, int | None]]:
    """Tensors of one pipeline stage, each with a layer that it stands for (None outside the layers)."""
    architecture, stages = storage.model.architecture, storage.layout.pipeline_parallel
    outside = outside_tensors(architecture)
    if stage == 0:
        yield from ((tensor, None) for tensor in outside.first)
    for layer, count in _alike(architecture, storage, stage_bounds(architecture.num_hidden_layers, stages)[stage]):
        kind = architecture.kinds[architecture.order[layer]]
        yield from ((tensor.times(count), layer) for tensor in layer_tensors(architecture, kind))
        if storage.copies:
            yield from ((tensor.times(count), layer) for tensor in _copies(storage, kind, layer))
    if stage == stages - 1:
        yield from ((tensor, None) for tensor in outside.last)
        if holds_embedding_twice(architecture, pipeline_parallel=stages):
            yield outside.first[0], None


def _copies(storage: Storage, kind: Layer, layer: int) -> Iterator[Tensor]:
    """Matrices kept twice; absorbed up-projections are views of weights that are not quantized."""
    quantized = format_of(storage, ATTENTION, layer).bits < SIXTEEN_BITS
    return (tensor for tensor in engine_copies(storage.model.architecture, kind) if tensor.group or quantized)


ATTENTION = Tensor("attention", 1, 1, group="attention")
"""Stands for the attention linears of a layer."""


def _alike(architecture: Architecture, storage: Storage, bounds: tuple[int, int]) -> list[tuple[int, int]]:
    """(first layer, how many) of every kind of layer between bounds; layers that the recipe spares are apart."""
    spared = storage.model.quantization.keeps_layers if storage.model.quantization else ()
    first: dict[tuple[int, bool], int] = {}
    counts: Counter[tuple[int, bool]] = Counter()
    for layer in range(*bounds):
        key = (architecture.order[layer], layer in spared)
        first.setdefault(key, layer)
        counts[key] += 1
    return [(first[key], count) for key, count in counts.items()]


def tensor_bytes(storage: Storage, tensor: Tensor, layer: int | None, laws: Any) -> int:
    """Bytes of one tensor on the fullest GPU."""
    form = format_of(storage, tensor, layer)
    if form is storage.weights and tensor.role == "experts":
        tensor = _padded(tensor, storage)
    part = on_rank(tensor, storage.layout, laws, vocab_padding=storage.padding.vocab)
    return part.copies * matrix_bytes(part.rows, part.columns, form, laws)


def matrix_bytes(rows: int, columns: int, form: NumberFormat, laws: Any) -> int:
    """Bytes of one matrix in one format, scales included."""
    return int(
        laws.matrix_bytes(
            rows=rows,
            columns=columns,
            payload_bits=form.bits,
            block_rows=form.block_rows or rows,
            block_columns=form.block_columns or columns,
            scale_bytes=form.scale_bytes,
            tensor_bytes=form.tensor_bytes,
        )
    )


def format_of(storage: Storage, tensor: Tensor, layer: int | None) -> NumberFormat:
    """The format that a tensor is stored in."""
    weights, recipe = storage.weights, storage.model.quantization
    if weights.gguf or weights.bits >= SIXTEEN_BITS:
        return weights
    if recipe is None or recipe.weights != weights.key:
        spared = not tensor.group or tensor.group in usually_kept(storage.model.architecture, weights.key)
        return storage.plain if spared else weights
    key = recipe.format_of(tensor.group, layer)
    known = {form.key: form for form in (weights, *storage.others)}
    return _grouped(known[key], recipe.group_size) if key else storage.plain


USUALLY_KEPT: tuple[tuple[str, str, str], ...] = (
    ("nvfp4", "mla", "attention"),
    ("nvfp4", "gated_delta_net", "linear_attention"),
    ("fp8", "gated_delta_net", "linear_attention"),
)
"""(format, token mixer, group of linears): what publishers leave in 16 bits when they quantize such models, for
checkpoints whose recipe is not known (NVIDIA's NVFP4 of DeepSeek, Red Hat's FP8-dynamic of Qwen3-Next and Qwen3.5)."""


def usually_kept(architecture: Architecture, format_key: str) -> frozenset[str]:
    """Groups that a checkpoint in this format keeps in 16 bits where its recipe is not known."""
    kept = (group for key, mixer, group in USUALLY_KEPT if key == format_key and architecture.has_mixer(mixer))
    return frozenset(("lm_head", *kept))


@lru_cache(maxsize=256)
def _grouped(form: NumberFormat, group_size: int) -> NumberFormat:
    """The format with the recipe's own group size."""
    if not group_size or form.block_columns in (0, group_size):
        return form
    return form.model_copy(update={"block_columns": group_size})


def on_rank(tensor: Tensor, layout: Layout, laws: Any, *, vocab_padding: int = VOCAB_PADDING) -> Tensor:
    """The part of a tensor that the fullest GPU holds."""
    ranks = layout.tensor_parallel

    def share(features: int) -> int:
        return int(laws.shard_size(features=features, tensor_parallel=ranks))

    match tensor.shard:
        case "rows":
            return replace(tensor, rows=share(tensor.rows))
        case "columns":
            return replace(tensor, columns=share(tensor.columns))
        case "vocab":
            padding = lcm(vocab_padding, ranks)
            return replace(
                tensor, rows=int(laws.vocab_shard(vocab_size=tensor.rows, vocab_padding=padding, tensor_parallel=ranks))
            )
        case "kv_rows":
            heads = int(laws.local_kv_heads(num_key_value_heads=tensor.kv_heads, tensor_parallel=ranks))
            return replace(tensor, rows=tensor.rows // tensor.kv_heads * heads)
        case "experts" if layout.expert_parallel:
            return replace(
                tensor, copies=int(laws.shard_size(features=tensor.copies, tensor_parallel=layout.expert_ranks))
            )
        case "experts" if tensor.inner == "rows":
            return replace(tensor, rows=share(tensor.rows))
        case "experts" if tensor.inner == "columns":
            return replace(tensor, columns=share(tensor.columns))
    return tensor


def _padded(tensor: Tensor, storage: Storage) -> Tensor:
    """Expert matrices as the kernel pads them; the inner width is padded on each GPU."""
    padding, layout = storage.padding, storage.layout
    if padding == Padding() or not tensor.inner:
        return tensor
    ranks = 1 if layout.expert_parallel else layout.tensor_parallel
    if tensor.inner == "rows":
        return replace(
            tensor,
            rows=_multiple(tensor.rows, padding.inner_rows * ranks),
            columns=_multiple(tensor.columns, padding.hidden),
        )
    return replace(
        tensor,
        columns=_multiple(tensor.columns, padding.inner_columns * ranks),
        rows=_multiple(tensor.rows, padding.hidden),
    )


def _multiple(size: int, of: int) -> int:
    return of * -(-size // of)
