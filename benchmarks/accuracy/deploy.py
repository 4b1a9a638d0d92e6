"""A measured start-up as a deployment, resolved through the catalog alone."""

from __future__ import annotations

import re
from typing import NamedTuple

from benchmarks.accuracy.rows import Start
from catalog.find import find_model
from catalog.load import load
from catalog.types import Gpu, Model, NotFound, Quantization
from catalog.variants import variant_of
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.engines import engine
from formulas.units import GIB

DEFAULT_LENGTH = 8192
"""Sequence length where neither the row nor the model says one."""


ANY_CARD = {"llama.cpp": "NVIDIA H100 SXM 80GB"}
"""Engines that allocate the same on every card, and a card to work them out on where the source names none."""


class Unresolved(Exception):
    """The catalog cannot express this row; the text says why."""


class Named(NamedTuple):
    model: Model
    weights: str | None
    """Format that the name states."""


def deployment(start: Start) -> Deployment:
    """The deployment of a row. Raises Unresolved."""
    if start.unscored:
        raise Unresolved(start.unscored)
    named, chosen, formats, card = _named(start), engine(start.engine), load().formats, _card(start)
    return Deployment(
        model=_as_stored(named.model, start),
        weights=formats[start.weights or named.weights or _own_format(named.model)],
        kv_cache=formats[start.kv_cache or chosen.kv_cache(named.model, card)],
        formats=formats,
        gpu=card,
        engine=start.engine,
        engine_version=_release(start, chosen.latest),
        layout=Layout(
            tensor_parallel=start.tensor,
            pipeline_parallel=start.pipeline,
            data_parallel=start.data,
            expert_parallel=start.experts,
        ),
        settings=_settings(start),
        load=Load(batch=1, sequence_tokens=start.max_model_len or named.model.max_length or DEFAULT_LENGTH),
    )


def _named(start: Start) -> Named:
    if start.base:
        return Named(load().models[start.base], None)
    found = find_model(start.model)
    if not isinstance(found, NotFound):
        return Named(found.item, None)
    variant = variant_of(start.model)
    if variant is None:
        raise Unresolved(f"no configuration of {start.model} is known")
    return Named(variant.model, variant.weights)


def _as_stored(model: Model, start: Start) -> Model:
    """The model with what the row says about its files and their recipe."""
    known: dict[str, object] = {}
    if start.stored_gib is not None:
        known["stored_bytes"] = round(start.stored_gib * GIB)
    if start.recipe:
        known["quantization"] = Quantization.model_validate(start.recipe)
    return model.model_copy(update=known) if known else model


def _own_format(model: Model) -> str:
    return model.quantization.weights if model.quantization else "bf16"


def _card(start: Start) -> Gpu:
    name = start.gpu or ANY_CARD.get(start.engine)
    if name is None:
        raise Unresolved("the source does not name the card")
    card = load().gpus[name]
    if start.total_gib is None:
        return card
    return card.model_copy(update={"visible_bytes": round(start.total_gib * GIB)})


def _release(start: Start, latest: tuple[int, int, int]) -> tuple[int, int, int]:
    found = re.match(r"\d+(\.\d+)*", start.release)
    return version(found.group()) if found else latest


def _settings(start: Start) -> Settings:
    return Settings(
        utilization=start.utilization,
        max_batched_tokens=start.max_num_batched_tokens,
        max_sequences=start.max_num_seqs,
        enforce_eager=start.enforce_eager,
        block_size=start.block_size,
        free_bytes=None if start.free_gib is None else round(start.free_gib * GIB),
        **start.settings,
    )
