"""GPUs by name or by memory alone, and memory that qualifies a GPU ("A100 (80GB)") or is what is left free."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.parsing.items import Claim, Item, Sentence
from bot.parsing.numbers import BYTES_PER
from bot.parsing.split import NO_BREAK, SOFT_BREAK
from bot.query import CustomCard, Problem
from catalog.types import NotFound

_KIND = re.compile(r"\s+(?:gpus?|cards?)\Z", re.I)
"""Behind the name of a card: A100 GPUs."""
NEAR = ("link", "filler", "place", "memory", "cards", "slash")
"""What may stand between a card and its memory."""


USED = "used"
"""A small word of every other sentence, memory that others hold right behind an amount."""
MOST_AMOUNTS = 60
"""Amounts of memory in one question that are looked at."""
SMALLEST_CARD, LARGEST_CARD = 10**8, 10**13
"""Bytes of memory beyond which no card is meant: a slip of the hand."""


def bind_cards(sentence: Sentence) -> None:
    """Memory sizes first: each belongs to "free", to a card beside it, or is a card of its own."""
    amounts = [each for each in sentence.of("number") if each[1].value.unit == "bytes"]
    for index, item in amounts[:MOST_AMOUNTS]:
        if not item.used:
            _bind_memory(sentence, index, item)
    for index, item in sentence.of("gpu"):
        _bind_variant(sentence, index, item)
        sentence.claim("gpu", item.value, item, vague=item.vague)


def _bind_variant(sentence: Sentence, index: int, card: Item) -> None:
    """ "h100 80gb pcie": a word behind the card that names one of its variants."""
    behind = sentence.beside(index, 1, (), NO_BREAK)
    if behind is None or sentence.items[behind].role != "unknown":
        return
    first, *rest = sentence.words(card).replace("-", " ").split()
    word = sentence.items[behind]
    found = sentence.finder.find_gpu(" ".join([first, sentence.words(word), *rest]))
    if not isinstance(found, NotFound):
        card.value, card.vague, card.end, word.used = found.item.name, found.vague, word.end, True


def bind_sizes(sentence: Sentence) -> None:
    """ "a100 40": a number behind a card that counts nothing may be its memory."""
    for index, item in sentence.of("number"):
        place = sentence.beside(index, -1, (), NO_BREAK)
        card = sentence.items[place] if place is not None else None
        if card is None or card.role != "gpu" or item.value.unit or isinstance(card.value, CustomCard):
            continue
        found = sentence.finder.find_gpu(f"{sentence.words(card)} {sentence.words(item)}gb")
        if not isinstance(found, NotFound):
            sentence.claims["gpu"] = [claim for claim in sentence.claims["gpu"] if claim.start != card.start]
            sentence.claim("gpu", found.item.name, card, item, vague=found.vague)


def _bind_memory(sentence: Sentence, index: int, item: Item) -> None:
    around = [sentence.beside(index, step, NEAR) for step in (1, -1)]
    beside = [sentence.items[place] for place in around if place is not None]
    free = next((other for other in beside if other.role == "free" and not other.used), None)
    if free:
        sentence.claim("free_bytes", int(item.value.amount), item, free)
        return
    if _occupied(sentence, index, item):
        return
    card = next((other for other in beside if other.role == "gpu" and not isinstance(other.value, CustomCard)), None)
    if card:
        _qualify(sentence, card, item)
    elif not _sized(sentence, index, item) and not any(other.role == "kv_cache" for other in beside):
        _custom(sentence, item)


def _sized(sentence: Sentence, index: int, memory: Item) -> bool:
    """ "a mac studio with 192 GB": two words that name a card only together with its memory."""
    place = sentence.beside(index, -1, NEAR, NO_BREAK)
    if not place or any(item.role != "unknown" or item.used for item in sentence.items[place - 1 : place + 1]):
        return False
    words = sentence.items[place - 1 : place + 1]
    found = sentence.finder.find_gpu(f"{sentence.words(*words)} {memory.value.amount / BYTES_PER['gb']:g}gb")
    if isinstance(found, NotFound):
        return False
    for word in words:
        word.used = True
    sentence.recast(memory, "gpu", found.item.name)
    memory.start, memory.vague = words[0].start, found.vague
    return True


def _occupied(sentence: Sentence, index: int, memory: Item) -> bool:
    """ "3 GB already used": what the one card of the question has beyond that is free."""
    word = _says_occupied(sentence, index)
    cards = [item.value for item in sentence.items if item.role == "gpu" and isinstance(item.value, str)]
    if word is None or len(cards) != 1 or _has(sentence, cards[0], memory.value.amount):
        return False
    found = sentence.finder.find_gpu(cards[0])
    left = 0 if isinstance(found, NotFound) else found.item.visible_bytes - int(memory.value.amount)
    if left > 0:
        sentence.claim("free_bytes", left, memory, word)
    return left > 0


def _says_occupied(sentence: Sentence, index: int) -> Item | None:
    """The word beside an amount of memory that gives it to others."""
    behind, before = (sentence.beside(index, step, ("memory",), NO_BREAK) for step in (1, -1))
    items = [sentence.items[place] for place in (behind, before) if place is not None]
    if behind is not None and sentence.words(items[0]).lower() == USED:
        return items[0]
    return next((item for item in items if item.role == "occupied"), None)


def _custom(sentence: Sentence, item: Item) -> None:
    """A card known by its memory alone."""
    label = sentence.words(item)
    if not SMALLEST_CARD <= item.value.amount <= LARGEST_CARD:
        sentence.problems.append(Problem("out_of_range", "gpu", (label,)))
        item.used = True
        return
    sentence.recast(item, "gpu", CustomCard(int(item.value.amount), label))


def _qualify(sentence: Sentence, card: Item, memory: Item) -> None:
    """The card of that size, if there is one; else the two contradict each other."""
    words = sentence.words(card, memory)
    sized = f"{_KIND.sub('', sentence.words(card))} {memory.value.amount / BYTES_PER['gb']:g}gb"
    found = sentence.finder.find_gpu(sized)
    memory.used = True
    if isinstance(found, NotFound):
        if not any(_has(sentence, card.value, memory.value.amount / count) for count in _counts(sentence)):
            near = sentence.finder.find_gpu(sentence.words(card))
            names = near.suggestions if isinstance(near, NotFound) else (near.item.name,)
            sentence.problems.append(Problem("unknown_gpu", "gpu", (words,), found.suggestions or names))
        return
    card.value, card.vague = found.item.name, found.vague
    card.start, card.end = min(card.start, memory.start), max(card.end, memory.end)


def _counts(sentence: Sentence) -> list[float]:
    """How many cards an amount of memory may be said of: "8x h100, 640 GB"."""
    numbers = [item.value.amount for _, item in sentence.of("number") if not item.value.unit and item.value.amount > 0]
    return [1, *(machine.gpu_count for _, machine in sentence.machines), *numbers]


def _has(sentence: Sentence, name: str, amount: float) -> bool:
    """Whether that is the memory on the card's box, in either reading of GB."""
    found = sentence.finder.find_gpu(name)
    if isinstance(found, NotFound):
        return False
    marketed = found.item.marketed_gb
    return any(abs(amount / unit - marketed) < 0.5 for unit in (BYTES_PER["gb"], BYTES_PER["gib"]))


def bind_nodes(sentence: Sentence) -> None:
    """ "2 nodes of 8 h100", "8xh100 x 2 nodes", "two 8xh200 nodes" and "2x8xh200" are 16 cards.

    More cards than one node holds are those of all nodes ("16 h100 over 2 nodes"). Nodes behind the cards otherwise
    leave open which is meant, and stay unread.
    """
    nodes, counts = sentence.claims.pop("nodes", []), sentence.claims.get("gpu_count", [])
    for claim in nodes:
        if len(counts) == 1 and (claim.start < counts[0].start or _times_before(sentence, claim.start)):
            counts[0] = _times(counts[0], claim.value, start=claim.start)
        elif not (len(counts) == 1 and _of_all_nodes(sentence, counts[0].value, claim.value)):
            _leave_unread(sentence, claim)
    if len(counts) == 1 and (servers := _servers(sentence, counts[0].start)):
        servers.used = True
        counts[0] = _times(counts[0], servers.value.amount, start=servers.start)


def _of_all_nodes(sentence: Sentence, cards: float, nodes: float) -> bool:
    """Whether so many cards can only be those of all nodes together, evenly."""
    names = {claim.value for claim in sentence.claims.get("gpu", []) if isinstance(claim.value, str)}
    found = sentence.finder.find_gpu(names.pop()) if len(names) == 1 else None
    if found is None or isinstance(found, NotFound):
        return False
    return found.item.max_per_node < cards <= nodes * found.item.max_per_node and cards % nodes == 0


def _times(claim: Claim, factor: float, *, start: int) -> Claim:
    return replace(claim, value=claim.value * factor, start=min(start, claim.start))


def _times_before(sentence: Sentence, start: int) -> bool:
    """Whether "x" stands right before the words that start here."""
    before = sentence.within(0, start)
    return bool(before) and before[-1].role == "times"


def _servers(sentence: Sentence, cards: int) -> Item | None:
    """The number before a counted card: joined to it by "x", or with "nodes" behind the card."""
    before = [item for item in sentence.items if item.end <= cards]
    joined = bool(before) and before[-1].role == "times"
    number = next((item for item in reversed(before) if item.role != "times"), None)
    named = any(item.role == "nodes" and not item.used for item in sentence.items if item.start > cards)
    if number is None or number.role != "number" or number.used or number.value.unit or not (joined or named):
        return None
    return number


def _leave_unread(sentence: Sentence, claim: Claim) -> None:
    """Words of a claim as words that are not understood; a number in words ("two") among them."""
    sentence.forget(claim)
    for item in sentence.within(claim.start, claim.end):
        if item.role == "number":
            item.value = replace(item.value, spoken=False)


def bind_count_behind(sentence: Sentence) -> None:
    """ "x4" that no card stands beside counts the cards."""
    if sentence.said("gpu_count"):
        return
    for index, item in sentence.of("times"):
        after = sentence.beside(index, 1, over=SOFT_BREAK)
        other = sentence.items[after] if after is not None else None
        if other and other.role == "number" and not other.used and not other.value.unit:
            sentence.claim("gpu_count", other.value.count(), item, other)
            return
