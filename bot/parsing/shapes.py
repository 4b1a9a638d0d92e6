"""Numbers that stand alone, read by their shape; what has no telling shape stays unread, never guessed.

12k or 8192 is a length if none was said; 90% or 0.92 is a utilization. A bare 20 is nothing.
"""

from __future__ import annotations

from bot.parsing.items import Item, Sentence
from bot.parsing.lengths import is_length
from bot.parsing.slots import share

LEAST_SHARE = 0.5
"""A bare percentage below this is more likely something else ("leave 10% free")."""


def bind_shapes(sentence: Sentence) -> None:
    """Claim what is left over."""
    for _, item in sentence.of("number"):
        if item.value.spoken:
            item.used = True
        elif _is_share(item):
            sentence.claim("utilization", share(item.value), item)
        elif item.value.unit in ("k", "m") or (is_length(item.value) and not sentence.said("sequence_tokens")):
            _bind_length(sentence, item)


def _bind_length(sentence: Sentence, item: Item) -> None:
    if not sentence.said("mix"):
        sentence.claim("sequence_tokens", item.value.tokens(), item)


def _is_share(item: Item) -> bool:
    number = item.value
    return number.unit in ("", "%") and LEAST_SHARE <= number.share <= 1 and (number.unit == "%" or number.amount < 1)
