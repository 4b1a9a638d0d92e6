"""Which number belongs to which word, chosen together at the least cost.

A number may belong to the word before it ("batch 20") or behind it ("20 users"); a word takes one number. Each reading
has a cost: how usual the order is for that word, what stands between, and whether the number looks like a value of that
kind (12k is a length, never a batch). A number that finds no word below LEFT_ALONE is read by its shape (shapes.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bot.parsing.items import PARTS, Claim, Item, Sentence, replaced
from bot.parsing.numbers import Number
from bot.parsing.slots import LENGTH_SLOTS, NOUNS, odd, share
from bot.parsing.split import NO_BREAK, SOFT_BREAK
from bot.query import Problem
from bot.words import fold, leaving, reaching

LEFT_ALONE = 3.0
SHAPED_ALONE = 1.5
"""A number with k, % or a leading 0. is understood without a word, so leaving it alone costs less."""
MOST_RANGES = 8
"""Ranges of a question for which corrected questions are written."""

BETWEEN = {
    "equals": -1.0,
    "link": 0.0,
    "filler": 1.0,
    "version": 1.0,
    "place": 2.5,
    "most": 0.5,
    "smallest": 0.5,
    "range": 0.0,
}
"""Cost of what may stand between a word and its number."""
COMMA = 2.0
LENGTH_BETWEEN = 0.5
"""A length between a number and its word: "64 4k requests"."""
FARTHEST = 4
"""Words between a number and its word, at most."""
SHARED = frozenset({"gpu", "cards"})
"""Words that may be counted and asked for, or counted and named, at once."""


class Choice(NamedTuple):
    """A word that a number may belong to."""

    cost: float
    place: int | None = None
    """Index of the word; None leaves the number alone."""
    slot: str = ""


def bind_counts(sentence: Sentence) -> None:
    """Claim every number that belongs to a word."""
    numbers = [index for index, item in sentence.of("number") if item.value.unit in ("", "k", "m", "%")]
    chosen = _cheapest([_choices(sentence, index) for index in numbers])
    for index, choice in zip(numbers, chosen, strict=True):
        if choice.place is not None:
            _claim(sentence, sentence.items[index], sentence.items[choice.place], choice.slot)


def _cheapest(options: list[list[Choice]]) -> list[Choice]:
    """One choice for each number, no word twice, at the least total cost; only neighbours compete for a word."""
    paths: list[tuple[float, list[Choice]]] = [(0.0, [])]
    for choices in options:
        reached: dict[tuple[int | None, str], tuple[float, list[Choice]]] = {}
        for total, path in paths:
            for choice in choices:
                key = choice[1:]
                taken = choice.place is not None and path and path[-1][1:] == key
                if not taken and (key not in reached or total + choice.cost < reached[key][0]):
                    reached[key] = total + choice.cost, [*path, choice]
        paths = list(reached.values())
    return min(paths, key=lambda scored: scored[0])[1]


def _choices(sentence: Sentence, index: int) -> list[Choice]:
    """The words that a number may belong to, and leaving it alone."""
    number: Number = sentence.items[index].value
    alone = SHAPED_ALONE if number.unit or 0 < number.amount < 1 else LEFT_ALONE
    found = [_noun(sentence.items, index, step) for step in (-1, 1)]
    found = _settled(sentence.items, [_of_whole(sentence, choice) for choice in found])
    return [*(choice for choice in found if choice and choice.cost <= LEFT_ALONE), Choice(alone)]


def _of_whole(sentence: Sentence, choice: Choice | None) -> Choice | None:
    """ "each request 4k in, 1k out": where both parts are named, "each" takes neither number."""
    of_each = choice and choice.place is not None and sentence.items[choice.place].role == "each"
    return None if of_each and {item.role for item in sentence.items} >= PARTS else choice


def _settled(items: list[Item], found: list[Choice | None]) -> list[Choice | None]:
    """ "prompt 1500 tokens": the unit behind a length leaves it to the word before it."""
    before, behind = found
    unit = behind is not None and behind.place is not None and items[behind.place].role == "tokens"
    if before and behind and unit and before.slot in PARTS and before.cost < COMMA:
        before = before._replace(cost=behind.cost)
        return [before, None]
    return found


def _noun(items: list[Item], index: int, step: int) -> Choice | None:
    """The nearest word that takes a number, in one direction."""
    number: Number = items[index].value
    cost, at = 0.0, index
    for _ in range(FARTHEST):
        edge = at if step < 0 else at + 1
        if not 0 <= at + step < len(items) or items[edge].gap > SOFT_BREAK:
            return None
        cost += COMMA if items[edge].gap == SOFT_BREAK else 0.0
        at += step
        role = items[at].role
        if role == "times":
            card = next((place for place in (at + step, index - step) if _is_card(items, place)), None)
            glued = step > 0 and items[index].end == items[at].start
            fits = card is not None and not number.unit and items[max(card, index)].gap <= (SOFT_BREAK if glued else 0)
            return Choice(cost, card, "gpu_count") if fits else None
        if role in NOUNS and (role == "gpu" or not items[at].used):
            return _taken(number, items, at, step, cost)
        between = _between(number, items[at], step)
        if between is None:
            return None
        cost += between
    return None


def _taken(number: Number, items: list[Item], place: int, step: int, cost: float) -> Choice:
    """The number as that word's value."""
    role = items[place].role
    noun = NOUNS[role]
    if step > 0 and role == "sequence" and not number.unit and _length_follows(items, place):
        return Choice(cost + noun.behind, place, "batch")
    if step > 0 and noun.length and number.unit in ("k", "m"):
        return Choice(cost, place, noun.length)
    return Choice(cost + (noun.before if step < 0 else noun.behind) + odd(number, role, step), place, noun.slot)


def _length_follows(items: list[Item], place: int) -> bool:
    """ "16 seq 4k": sixteen sequences of 4k."""
    behind = items[place + 1] if place + 1 < len(items) else None
    return behind is not None and behind.role == "number" and behind.gap == NO_BREAK and behind.value.unit == "k"


def _between(number: Number, item: Item, step: int) -> float | None:
    """Cost of passing over an item, or None where no number belongs to a word beyond it."""
    if item.role == "number" and step > 0 and not number.unit and item.value.unit == "k":
        return LENGTH_BETWEEN
    return None if item.role == "equals" and step > 0 else BETWEEN.get(item.role)


def _is_card(items: list[Item], index: int) -> bool:
    return 0 <= index < len(items) and items[index].role in ("gpu", "cards", "unsettled_gpu")


def _claim(sentence: Sentence, item: Item, noun: Item, slot: str) -> None:
    number: Number = item.value
    was_used = noun.used
    value: float = number.tokens() if slot in LENGTH_SLOTS or slot == "max_batched_tokens" else number.count()
    if slot == "utilization":
        value = share(number)
    sentence.claim(slot, value > 1 if slot == "expert_parallel" else value, item, noun)
    if noun.role in SHARED or slot != NOUNS[noun.role].slot:
        noun.used = was_used


def bind_ranges(sentence: Sentence) -> None:
    """ "20 to 30 users" and "context from 8k up to 16k" state no one number."""
    for index, word in islice(_between_two(sentence), MOST_RANGES):
        sides = sentence.items[index - 1 : index + 2 : 2]
        noun = _noun(sentence.items, index + 1, 1) or _noun(sentence.items, index - 1, -1)
        if noun and noun.place is not None and sentence.items[noun.place].role not in SHARED:
            sentence.items[noun.place].used = True
        before = sentence.items[index - 2 : index - 1]
        start = before[0].start if before and _is_start(sentence, before[0]) else sides[0].start
        both = Claim(None, start, sides[1].end)
        choices = tuple(replaced(sentence.text, both, sentence.words(side)) for side in sides)
        slot = noun.slot if noun else "sequence_tokens"
        problem = Problem("conflict", slot, (sentence.words(*sides),), choices, sides=True)  # type: ignore[arg-type]
        sentence.problems.append(problem)
        for item in (*sides, word):
            item.used = True


def _between_two(sentence: Sentence) -> Iterator[tuple[int, Item]]:
    """Each word between the two numbers of a range or a change, with its index."""
    for index, word in enumerate(sentence.items[1:-1], 1):
        sides = sentence.items[index - 1], sentence.items[index + 1]
        if any(side.role != "number" or side.value.spoken or side.used for side in sides) or word.used:
            continue
        goes_on = index > 1 and _is_start(sentence, sentence.items[index - 2])
        if word.role == "range" or (goes_on and fold(sentence.words(word)) in reaching()):
            yield index, word


def _is_start(sentence: Sentence, item: Item) -> bool:
    return fold(sentence.words(item)) in leaving()
