"""What is served beside the model: LoRA adapters, a draft, requests a second; and loads that are said per card."""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil

from bot.parsing.items import Item, Sentence
from bot.parsing.numbers import is_whole
from bot.parsing.slots import NOUNS
from bot.parsing.split import NO_BREAK
from bot.parsing.units import SECONDS_PER
from bot.words import fold

_RANK = re.compile(r"r\d+\Z", re.I)
_DRAFT_LAYER = re.compile(r"eagle|mtp|nextn", re.I)
"""Drafts that are layers on top of the model, not models of their own."""
BETWEEN = ("link", "filler", "place", "equals")
PIECES = 6
"""Words around "lora" that may state its rank and number."""
COUNTS = frozenset({*NOUNS, "times"}) - {"tokens"}
"""Roles of what a number may count, other than draft tokens."""
MINUTES = ("minute", "/min", "rpm", "phut")
"""What a rate by the minute is told by."""
_PART = re.compile(r"\b(?:ttft|tpot|itl|tbt|first token|per token)\b", re.I)
"""Times of a part of a request."""
NEXT_TO = 2
"""Characters between a load and "per gpu"."""


def bind_additions(sentence: Sentence) -> None:
    """LoRA and drafts, into the names that the engines' own flags have."""
    for index, item in sentence.of("lora"):
        _bind_lora(sentence, index, item)
    for _, item in sentence.of("projector"):
        sentence.extra["mmproj"] = item.used = True
    for index, item in sentence.of("rank"):
        sentence.extra["lora"] = item.used = True
        _take(sentence, sentence.beside(index, 1, BETWEEN, NO_BREAK), "max_lora_rank")
    for index, item in sentence.of("draft_layer"):
        _bind_draft_layer(sentence, index, item)
    for index, item in sentence.of("draft"):
        _bind_draft(sentence, index, item)


def bind_rates(sentence: Sentence) -> None:
    """ "10 rps", "5 requests per second": kept in its own words, for it is no number of requests at once."""
    for index, _ in sentence.of("rate"):
        counted = [index]
        while (place := sentence.beside(counted[-1], -1, ("link",), NO_BREAK)) is not None and len(counted) < 3:
            if sentence.items[place].role not in ("number", "requests", "tokens", "each") or sentence.items[place].used:
                break
            counted.append(place)
        items = [sentence.items[place] for place in counted]
        sentence.extra["rate"] = sentence.words(*items)
        sentence.rates.append((_per_second(sentence, items), items))
        for part in items:
            part.used = True


def bind_rate_times_seconds(sentence: Sentence) -> None:
    """ "10 rps, 8 s each" are 80 requests at once, as long as no other number of them is stated (Little's law)."""
    seconds, rates = sentence.claims.get("audio_seconds", []), [rate for rate, _ in sentence.rates if rate]
    if len(seconds) != 1 or len(rates) != 1 or sentence.said("batch") or sentence.of("audio"):
        return
    if _PART.search(sentence.text):
        return
    items = [Item("rate", seconds[0].start, seconds[0].end), *sentence.rates[0][1]]
    sentence.claim("batch", float(max(1, ceil(rates[0] * seconds[0].value))), *items, vague=True)
    del sentence.claims["audio_seconds"]
    sentence.extra["in_flight"] = sentence.extra.pop("rate"), seconds[0].value


def _per_second(sentence: Sentence, items: list[Item]) -> float:
    """Requests a second; 0 where tokens are counted, or nothing is."""
    numbers = [item.value.amount for item in items if item.role == "number"]
    if len(numbers) != 1 or any(item.role == "tokens" for item in items) or "tok" in sentence.words(*items).lower():
        return 0.0
    minutes = any(mark in fold(sentence.words(*items)) for mark in MINUTES)
    return numbers[0] / (SECONDS_PER["minute"] if minutes else 1)


def bind_per_card(sentence: Sentence) -> None:
    """ "50 users per gpu on 2x h100" are 100 users; behind anything else the words stay unread."""
    for index, item in sentence.of("per_card", "each"):
        loads = sentence.claims.get("batch", [])
        if item.role == "each" and not _is_card(sentence, index + 1):
            continue
        if len(loads) == 1 and 0 <= item.start - loads[0].end <= NEXT_TO:
            load, counts = loads[0], sentence.claims.get("gpu_count", [])
            loads[0] = replace(load, value=load.value * (counts[0].value if counts else 1), end=item.end, vague=True)
            item.used = True
        elif item.role == "per_card":
            item.role = "unknown"


def _is_card(sentence: Sentence, index: int) -> bool:
    return index < len(sentence.items) and sentence.items[index].role == "gpu" and not sentence.items[index].gap


def _bind_lora(sentence: Sentence, index: int, item: Item) -> None:
    sentence.extra["lora"] = item.used = True
    before = sentence.beside(index, -1, (), NO_BREAK)
    if before is not None:
        _take(sentence, before, "max_loras")
    for place in range(index + 1, min(index + PIECES, len(sentence.items))):
        part = sentence.items[place]
        if part.role == "rank":
            part.used = True
            _take(sentence, sentence.beside(place, 1, BETWEEN), "max_lora_rank")
        elif part.role == "unknown" and _RANK.match(sentence.words(part)):
            sentence.extra["max_lora_rank"], part.used = int(sentence.words(part)[1:]), True
        elif part.role == "unknown" and sentence.words(part).lower() == "r":
            part.used = _take(sentence, sentence.beside(place, 1, BETWEEN), "max_lora_rank")
        elif part.role == "times" and "max_loras" not in sentence.extra:
            part.used = _take(sentence, sentence.beside(place, 1, (), NO_BREAK), "max_loras")
        elif part.role == "model" and place == sentence.beside(index, 1, BETWEEN, NO_BREAK):
            _take_model(sentence, place, "lora_modules")
        elif part.role in ("gpu", "model", "batch", "sequence", "users"):
            return


def _bind_draft_layer(sentence: Sentence, index: int, item: Item) -> None:
    sentence.extra["speculative_method"] = sentence.words(item).lower()
    item.used = True
    place = sentence.beside(index, 1, BETWEEN, NO_BREAK)
    if place is not None and _take_model(sentence, place, "speculative_model"):
        place = sentence.beside(place, 1, BETWEEN, NO_BREAK)
    _take(sentence, place, "speculative_tokens")


def _take_model(sentence: Sentence, place: int, name: str) -> bool:
    """Whether the model there was taken as this setting, another being the one that is asked about."""
    item = sentence.items[place]
    if item.role != "model" or item.used or len(sentence.of("model")) < 2:
        return False
    item.used = True
    sentence.extra[name] = item.value
    return True


def _bind_draft(sentence: Sentence, index: int, item: Item) -> None:
    """A model behind the word is the draft's, unless it is the only one."""
    item.used = True
    sentence.extra.setdefault("speculative_method", "draft_model")
    place = sentence.beside(index, 1, BETWEEN, NO_BREAK)
    named = sentence.items[place] if place is not None else None
    if named is None or named.role not in ("model", "unknown") or len(sentence.of("model")) < 2:
        return
    named.used = True
    words = sentence.words(named)
    sentence.extra["speculative_model"] = named.value if named.role == "model" else words
    if _DRAFT_LAYER.search(words):
        sentence.extra["speculative_method"] = "eagle"
    _take(sentence, sentence.beside(place or 0, 1, BETWEEN, NO_BREAK), "speculative_tokens")


def _take(sentence: Sentence, place: int | None, name: str) -> bool:
    """Whether the number there was taken as this setting."""
    item = sentence.items[place] if place is not None else None
    if item is None or item.role != "number" or item.used or item.value.unit or not is_whole(item.value.amount):
        return False
    if place is not None and name == "speculative_tokens" and _counts_other(sentence, place):
        return False
    sentence.extra[name], item.used = int(item.value.amount), True
    return True


def _counts_other(sentence: Sentence, place: int) -> bool:
    """Whether a number belongs to what follows it: "mtp 8xh200", "eagle3 16 users"."""
    behind = sentence.beside(place, 1, (), NO_BREAK)
    return behind is not None and sentence.items[behind].role in COUNTS
