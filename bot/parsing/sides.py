"""A question that sets several things side by side, as the questions that it asks: what differs, and what all share.

"qwen3-8b fp8 on l4 vs qwen3-14b awq on l40s, batch 4" is cut at the word between the two values of everything that
differs; what one part alone states is shared, but for what belongs to something that differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import attrgetter

from bot.parsing.items import Claim, Item, Sentence, replaced
from bot.parsing.slots import NOUNS
from bot.parsing.split import HARD_BREAK, NO_BREAK, SOFT_BREAK
from bot.words import comparing, fold, joining, leaving
from formulas.deployment import PARALLEL

VALUES = ("number", "format", "release")
"""Roles of what may be the second of two values without a noun of its own."""
SMALL = ("filler", "link", "place", "equals")
"""Roles of what is left out where nothing that it joins is left."""
KINDS = frozenset({"model", "gpu", "engine"})
"""What is set side by side by "and", a comma or a new line too."""
LAYOUT = "layout"
OWNERS = {"weights": "model", "engine_version": "engine", "gpu_count": "gpu", LAYOUT: "gpu_count"}
"""What belongs to another value: beside one of several models a format is of that one alone."""
MOST_SIDES, MOST_CUTS, MOST_SAID = 8, 24, 60
"""Questions that one is cut into, places of a kind that are looked at, and values of a question."""

_TWICE = re.compile(r"\b([^\W\d]+)(?: \1\b)+|,(?=[?!;,])|(?<=[:,]),")
"""What is left twice, or over, where words between were left out."""

Cut = tuple[int, int]
"""Start and end of what stands between two sides."""


@dataclass(frozen=True, slots=True)
class Said:
    """A claim with what it is of: a slot, or the layout."""

    slot: str
    claim: Claim

    @property
    def key(self) -> str:
        return LAYOUT if self.slot in PARALLEL else self.slot


def sides_of(sentence: Sentence, differing: Sequence[str]) -> tuple[str, ...]:
    """Each side as a question of its own; nothing where no word, line or comma stands between all that differs."""
    keys = {LAYOUT if slot in PARALLEL else slot for slot in differing}
    said = [Said(slot, claim) for slot, claims in sentence.claims.items() for claim in claims]
    if len(said) > MOST_SAID:
        return ()
    for cuts in _cuts(sentence, keys):
        for chosen in (_greedy(cuts, said, keys), *([cut] for cut in cuts)):
            if chosen and (parts := _parts(said, chosen, keys)):
                return tuple(_side(sentence, parts, chosen, keys, place) for place in range(len(parts)))
    return ()


def _cuts(sentence: Sentence, keys: set[str]) -> Iterator[list[Cut]]:
    """Places where sides may part, the surest kind first."""
    items = sentence.items
    yield _words(items, lambda item: fold(sentence.words(item)) in comparing())
    compares = any(fold(sentence.words(item)) in comparing() | leaving() for item in items)
    if compares or keys & KINDS:
        yield _words(items, lambda item: fold(sentence.words(item)) in joining())
        yield _breaks(items, HARD_BREAK)
        if len(keys) > 1:
            yield _breaks(items, SOFT_BREAK)


def _words(items: list[Item], is_meant: Callable[[Item], bool]) -> list[Cut]:
    return [(item.start, item.end) for item in items if item.role in (*SMALL, "range") and is_meant(item)][:MOST_CUTS]


def _breaks(items: list[Item], gap: int) -> list[Cut]:
    pairs = pairwise(items)
    return [(before.end, item.start) for before, item in pairs if item.gap == gap][:MOST_CUTS]


def _greedy(cuts: list[Cut], said: list[Said], keys: set[str]) -> list[Cut]:
    """The cuts that leave each part something of all that differs."""
    chosen: list[Cut] = []
    start = 0
    for cut in cuts:
        behind = {each.key for each in said if each.claim.start >= cut[1]}
        before = {each.key for each in said if start <= each.claim.start and each.claim.end <= cut[0]}
        if keys <= before and keys <= behind:
            chosen.append(cut)
            start = cut[1]
    return chosen


def _parts(said: list[Said], cuts: list[Cut], keys: set[str]) -> list[list[Said]]:
    """The claims of each part; nothing where a part says two things, or lacks something that differs."""
    edges = [0, *(start for start, _ in cuts)], [*(end for _, end in cuts), max(each.claim.end for each in said) + 1]
    parts = [
        [each for each in said if start <= each.claim.start and each.claim.end <= end]
        for start, end in zip(*edges, strict=True)
    ]
    whole = sum(map(len, parts)) == len(said) and len(parts) <= MOST_SIDES
    return parts if whole and all(_says_one_thing(part, keys) for part in parts) else []


def _says_one_thing(part: list[Said], keys: set[str]) -> bool:
    values = {(each.slot, each.claim.value) for each in part if each.key in keys}
    return {each.key for each in part} >= keys and len({slot for slot, _ in values}) == len(values)


def _side(sentence: Sentence, parts: list[list[Said]], cuts: list[Cut], keys: set[str], place: int) -> str:
    """The question of one side."""
    own = parts[place]
    others = [each for part in parts if part is not own for each in part]
    gone = [each for each in others if not _is_shared(sentence, each, parts, own, keys)]
    kept = [each for part in parts for each in part if each not in gone]
    edits = [(start, end, "") for start, end in (*cuts, *_left_out(sentence, gone, kept, parts, cuts, place))]
    edits += [(item.start, item.end, "") for item in sentence.items if _is_verb(sentence, item)]
    edits += [noun for each in own if (noun := _noun(sentence, each, gone))]
    return _edited(sentence.text, edits)


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    """The text with other words at these places, of which some may be the same."""
    left = list(text)
    for start, end, words in edits:
        left[start:end] = [words or " ", *[""] * (end - start - 1)] if end > start else []
    return _TWICE.sub(r"\1", replaced("".join(left), Claim(None, 0, 0)))


def _is_verb(sentence: Sentence, item: Item) -> bool:
    """ "compare": one side alone compares nothing."""
    return item.role in SMALL and fold(sentence.words(item)) in comparing()


def _left_out(
    sentence: Sentence, gone: list[Said], kept: list[Said], parts: list[list[Said]], cuts: list[Cut], place: int
) -> Iterator[Cut]:
    """What the others state alone, with the small words that join it."""
    for number, part in enumerate(parts):
        claims = [each.claim for each in part if each in gone]
        if claims:
            start = cuts[number - 1][1] if number > place else min(map(attrgetter("start"), claims))
            end = cuts[number][0] if number < place else max(map(attrgetter("end"), claims))
            yield from _stretch(sentence, gone, kept, start, end)


def _stretch(sentence: Sentence, gone: list[Said], kept: list[Said], start: int, end: int) -> Iterator[Cut]:
    """Everything between two places but what is kept, and words that say something of their own."""
    for item in sentence.within(start, end):
        if _closest(item, gone) < _closest(item, kept) or (
            _closest(item, gone) == _closest(item, kept) and (not item.used or item.role in SMALL)
        ):
            yield item.start, item.end


def _closest(item: Item, said: list[Said]) -> float:
    """The length of the shortest of these claims that an item is part of."""
    around = [each.claim for each in said if each.claim.start <= item.start < each.claim.end]
    return min((claim.end - claim.start for claim in around), default=inf)


# --------------------------------------------------------------------------- what is shared


def _is_shared(sentence: Sentence, each: Said, parts: list[list[Said]], own: list[Said], keys: set[str]) -> bool:
    """Whether what another part states goes for a part that does not state it."""
    if each.key in keys or any(other.key == each.key for other in own):
        return False
    owner = OWNERS.get(each.key, "")
    said = {other.key for part in parts for other in part}
    if owner not in keys and not (each.key == LAYOUT and owner in said and "gpu" in keys):
        return True
    return _is_apart(sentence, each.claim, parts, keys) or _is_of_both(sentence, each, parts, keys)


def _is_apart(sentence: Sentence, claim: Claim, parts: list[list[Said]], keys: set[str]) -> bool:
    """Whether it stands behind all that differs, or before it and set off: "fp8: ...", "..., 2 cards"."""
    core = [other.claim for part in parts for other in part if other.key in keys]
    first, last = min(map(attrgetter("start"), core)), max(map(attrgetter("end"), core))
    if claim.start >= last:
        return True
    between = sentence.within(claim.end, first + 1)
    return claim.end <= first and any(item.gap != NO_BREAK or item.role == "equals" for item in between)


def _is_of_both(sentence: Sentence, each: Said, parts: list[list[Said]], keys: set[str]) -> bool:
    """ "2x h100 vs h200": where nothing but the cards differs, their number is that of both."""
    cards = sorted({(other.claim.start, other.claim.end) for part in parts for other in part if other.key == "gpu"})
    between = sentence.within(cards[0][1], cards[-1][0]) if cards else []
    joined = all(item.role in (*SMALL, "gpu") for item in between)
    return each.key == "gpu_count" and keys == {"gpu"} and joined and each.claim.start <= cards[0][0]


# --------------------------------------------------------------------------- nouns


def _noun(sentence: Sentence, each: Said, gone: list[Said]) -> tuple[int, int, str] | None:
    """ "batch 20 vs 40": the word for both, where a side has a bare value."""
    values = sentence.within(each.claim.start, each.claim.end)
    if len(values) != 1 or values[0].role not in VALUES:
        return None
    for other in gone:
        items = sentence.within(other.claim.start, other.claim.end) if other.slot == each.slot else []
        named = [item for item in items if item.role in NOUNS or item.role == each.slot]
        if named and (number := next((item for item in items if item.role in VALUES), None)):
            start, end, words = each.claim.start, each.claim.end, sentence.words(*named)
            text = sentence.text[start:end]
            return start, end, f"{words} {text}" if named[0].start < number.start else f"{text} {words}"
    return None
