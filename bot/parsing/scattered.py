"""Models named in another order ("30b-a3b qwen3") or with a part left out ("qwen3 235b thinking 2507")."""

from __future__ import annotations

from itertools import permutations

from bot.parsing.items import Item, Sentence
from bot.parsing.names import Finder
from bot.parsing.split import NO_BREAK
from catalog.names import compact
from catalog.types import NotFound

OPEN = frozenset({"unknown", "release", "number", "unsettled_model"})
"""Roles that a part of a name may have been given."""
LONGEST = 5
"""Words of a scattered name, at most."""
MOST_RUNS = 8
"""More groups of strange words than this are no question."""
SHORTEST_PARTIAL = 3
"""Words without which a name with parts left out would be a guess."""


def bind_scattered(sentence: Sentence) -> None:
    """Claim a model for neighbouring words that are, taken together, the name of one model and of no other."""
    for run in _runs(sentence)[:MOST_RUNS]:
        key = _name(sentence, run)
        if key:
            sentence.claim("model", key, *run, vague=True)


def _runs(sentence: Sentence) -> list[list[Item]]:
    """Neighbours with a number among them and something that is not understood yet."""
    runs: list[list[Item]] = [[]]
    for item in sentence.items:
        if item.gap != NO_BREAK or not _may_belong(item):
            runs.append([])
        if _may_belong(item):
            runs[-1].append(item)
    return [run for run in map(_trimmed, runs) if 1 < len(run) <= LONGEST and _is_open(sentence, run)]


def _may_belong(item: Item) -> bool:
    plain = item.role != "number" or not (item.value.unit or item.value.spoken)
    named = item.role == "model" and not item.link
    return item.role == "filler" or (not item.used and plain and (named or item.role in OPEN))


def _trimmed(run: list[Item]) -> list[Item]:
    """The run without small words at its ends."""
    kept = [index for index, item in enumerate(run) if item.role != "filler"]
    return run[kept[0] : kept[-1] + 1] if kept else []


def _is_open(sentence: Sentence, run: list[Item]) -> bool:
    digits = any(character.isdigit() for character in sentence.words(*run))
    return digits and any(item.role in OPEN for item in run)


def _name(sentence: Sentence, run: list[Item]) -> str:
    words = sentence.words(*run).split()
    return _reordered(sentence.finder, words) or _partial(sentence.finder, words) if len(words) <= LONGEST else ""


def _reordered(finder: Finder, words: list[str]) -> str:
    """The one model that these words name in some order."""
    matches = [match for order in permutations(words) if (match := finder.longest(order))]
    models = [match for match in matches if match.kind == "model" and match.key]
    whole = {match.key for match in models if match.words_used == len(words)}
    return whole.pop() if len(whole) == 1 else ""


def _partial(finder: Finder, words: list[str]) -> str:
    """The one near name that has every word among its parts."""
    found = finder.find_model(" ".join(words)) if len(words) >= SHORTEST_PARTIAL else None
    if not isinstance(found, NotFound):
        return ""
    typed = {part for word in words for part in compact(word).split("-")}
    whole = [name for name in found.suggestions if typed <= _parts(name)]
    return whole[0] if len(whole) == 1 else ""


def _parts(name: str) -> set[str]:
    """The words of a Hugging Face id's last part, folded."""
    return {compact(part) for part in name.rpartition("/")[2].replace("_", "-").split("-")}
