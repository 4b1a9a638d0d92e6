"""Cards that go by digits alone ("4090"), where the words around them make them lengths or counts."""

from __future__ import annotations

from bot.parsing.names import Name
from bot.parsing.phrases import phrase_at, role_of
from bot.parsing.split import NO_BREAK, Word

_BEHIND_NUMBERS = frozenset({"users", "requests", "prompts", "concurrent", "tokens", "input", "output"})
_BEFORE_NUMBERS = frozenset({"sequence", "batch", "tokens", "input", "output", "max_batched_tokens", "max_sequences"})
_IN_AND_OUT = (
    ["in", "number", "out", "number"],
    ["out", "number", "in", "number"],
    ["number", "in", "number", "out"],
    ["number", "out", "number", "in"],
)
"""A length that goes in and one that comes out, each with its word before or behind it."""
WIDEST_PAIR = 5
"""Words between the first and the last of "1660 in / 1070 out", joining ones included."""


def is_number_here(words: list[Word], index: int, name: Name) -> bool:
    """A card that is called by digits alone ("4090") is a number where words for a length or a load claim it."""
    if name.kind != "gpu" or name.length != 1 or not words[index].folded.isdigit():
        return False
    around = [words[place] for place in (index - 1, index + 1, index - 2) if 0 <= place < len(words)]
    if index and words[index - 1].operator == "equals":
        around = [words[index - 2]] if index > 1 else []
    return (
        any(role_of(word) in _BEFORE_NUMBERS for word in around[:1])
        or any(role_of(word) == "tokens" for word in around[1:2])
        or _is_counted(words, index)
        or _is_in_and_out(words, index)
    )


def _is_counted(words: list[Word], index: int) -> bool:
    """ "1080 users", "1060 input tokens": words for what is counted follow, and no number of their own behind them."""
    place = index + 1
    while place < len(words) and words[place].gap == NO_BREAK and (phrase := phrase_at(words, place)):
        if phrase[0].readings[0].role not in _BEHIND_NUMBERS:
            break
        place += phrase[1]
    if place == index + 1 or place == len(words):
        return place > index + 1
    behind = words[place]
    return behind.operator != "equals" and (behind.gap != NO_BREAK or not behind.folded[:1].isdigit())


def _is_in_and_out(words: list[Word], index: int) -> bool:
    """ "in 1660 out 1070" and "1660 in / 1070 out": one of two lengths; in "4090 in 512 out 128" it is none."""
    around = words[max(index - WIDEST_PAIR, 0) : index + WIDEST_PAIR + 1]
    near = [word for word in around if not word.operator and role_of(word) not in ("link", "filler")]
    kinds = ["number" if word.folded[:1].isdigit() else role_of(word) for word in near]
    at = near.index(words[index])
    for start in range(max(at - 3, 0), at + 1):
        four, behind = kinds[start : start + 4], kinds[start + 4 : start + 5]
        if four in _IN_AND_OUT and (four[0] != "number" or behind != ["number"]):
            return True
    return False
