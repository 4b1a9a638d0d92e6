""" "Which quantization fits?": the widest weights that do, with what every usual format takes beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.changes import LIGHTER, computes
from bot.compare import table
from bot.formats import GGUF_ENGINE, number_format, shown
from bot.messages import messages
from bot.phrasing import engine_name
from bot.query import Query, Said
from bot.reply import Reply
from bot.resolve import resolve
from bot.say import say
from bot.size import Sized, size

ASKED = "ask_weights"
"""The extra of a question that asks for the format."""
GGUF_LADDER = ("q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "q2_k")
"""Types that GGUF repositories offer, the widest first."""
OFFERED_BESIDE = ("q6_k", "q5_k_m", "q4_k_m", "q3_k_m")
"""Of these, what is worth a line beside an engine of its own: widths that no other format has."""


def asks_format(query: Query) -> bool:
    """Whether the format of the weights is what is asked for."""
    return bool(query.extra.get(ASKED)) and query.weights is None and query.verb == "size" and not query.command


def widest_format(query: Query) -> Reply:
    """The answer for the widest format that fits, else for the smallest, and a table of them all."""
    own = size(resolve(query))
    sides = [own, *(_at(query, key) for key in _candidates(query, own))]
    best = _best(sides) if own.held else own
    text = messages(query.language)
    if best is not own:
        best.resolution.notes.assume("weights", "assumed.widest", weights=shown(_key(best)))
    reply = say(best)
    key = "compare.widest" if best.verdict != "does_not_fit" else "compare.none_fits"
    engine = engine_name(best.estimate.deployment.engine, text)
    lead = f"{text(key, weights=shown(_key(best)), engine=engine)} " if own.held else ""
    return replace(reply, headline=lead + reply.headline, tables=(table(sides, ("weights",), text), *reply.tables))


def _candidates(query: Query, own: Sized) -> list[str]:
    """Lighter formats that run there: the engine's own, then GGUF types where no engine was named; widest first."""
    deployment = own.estimate.deployment
    beside = () if query.engine else OFFERED_BESIDE
    keys = GGUF_LADDER if deployment.engine == GGUF_ENGINE else (*LIGHTER.get(deployment.engine, ()), *beside)
    formats = [number_format(key) for key in keys]
    return [each.key for each in formats if each.bits < deployment.weights.bits and computes(deployment.gpu, each)]


def _at(query: Query, key: str) -> Sized:
    return size(resolve(replace(query, weights=Said(key, key))))


def _best(sides: Sequence[Sized]) -> Sized:
    """The first that fits; where none does beyond doubt the first that is tight; else the smallest."""
    for verdict in ("fits", "tight"):
        if found := next((side for side in sides if side.verdict == verdict), None):
            return found
    return min(sides, key=lambda side: side.estimate.memory.weights)


def _key(side: Sized) -> str:
    return side.estimate.deployment.weights.key
