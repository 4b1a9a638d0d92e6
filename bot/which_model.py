""" "What fits on 24 GB?": no model was named, so the largest of several families that fit are offered as questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.errors import EmptyQuestion, QuestionError
from bot.formats import SIXTEEN_BIT, shown
from bot.query import CustomCard, Query, Said
from bot.questions import question
from bot.resolve import resolve
from catalog.find import find_gpu
from catalog.load import load
from catalog.types import Model, NotFound
from formulas.deployment import Deployment
from formulas.estimate import estimate

OFFERED = 4
LEAST_LENGTH = 32_768
"""Tokens; models that are made for less are not what is looked for today."""
LIGHTEST = 0.5
"""Bytes of one weight in the lightest format that is offered."""
LIGHTER = ("fp8", "awq")
"""Formats that are tried beside the checkpoint's own, the widest first."""


def with_offers(query: Query, error: EmptyQuestion) -> EmptyQuestion:
    """The refusal with questions that would be answered with yes; as it is where no card was named."""
    asks_cards = query.solve_for and query.solve_for.value in ("gpu", "gpu_count")
    if query.gpu is None or query.problems[0].words or asks_cards:
        return error
    offers = list(_offers(query))
    if not offers:
        return error
    names = tuple(f"{each.model.id.rpartition('/')[2]} {shown(each.weights.key)}" for each in offers)
    questions = tuple(question(each, on_gpu=True) for each in offers)
    return EmptyQuestion("empty.fits", suggestions=questions, words=names, gpu=_cards(query), slot="model")


def _offers(query: Query) -> Iterator[Deployment]:
    """The largest model of a family that fits, with the widest of its formats that does."""
    seen: set[str] = set()
    room = _room(query)
    for model in sorted(_candidates(), key=lambda model: -(model.published_parameters or 0)):
        if model.family in seen or (model.published_parameters or 0) * LIGHTEST > room:
            continue
        if widest := _widest(query, model):
            seen.add(model.family)
            yield widest
        if len(seen) == OFFERED:
            return


def _candidates() -> Iterator[Model]:
    """Models that generate text, of the lengths that are usual."""
    for model in load().models.values():
        if model.architecture.role == "decoder" and not model.pooled and (model.max_length or 0) >= LEAST_LENGTH:
            yield model


def _widest(query: Query, model: Model) -> Deployment | None:
    """The widest format in which the question fits."""
    own = model.quantization.weights if model.quantization else SIXTEEN_BIT[model.architecture.dtype]
    stated = (query.weights.value,) if query.weights else (own, *(LIGHTER if model.quantization is None else ()))
    for key in stated:
        weights = Said(shown(key), shown(key))
        asked = replace(query, problems=(), model=Said(model.id, model.id), weights=weights)
        try:
            deployment = resolve(asked).deployment
            if estimate(deployment).fits:
                return deployment
        except QuestionError:
            continue
    return None


def _room(query: Query) -> float:
    """Bytes of all cards together."""
    count = query.gpu_count.value if query.gpu_count else 1
    card = query.gpu.value if query.gpu else ""
    if isinstance(card, CustomCard):
        return count * card.visible_bytes
    found = find_gpu(card)
    return 0.0 if isinstance(found, NotFound) else count * found.item.visible_bytes


def _cards(query: Query) -> str:
    """The cards as the question names them."""
    card = query.gpu.value if query.gpu else ""
    name = card.label if isinstance(card, CustomCard) else str(card)
    return f"{query.gpu_count.value} × {name}" if query.gpu_count else name
