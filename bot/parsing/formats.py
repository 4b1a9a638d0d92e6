"""Number formats: which is the weights' and which the KV cache's."""

from __future__ import annotations

from bot.parsing.items import Claim, Item, Sentence
from bot.parsing.versus import bind_second
from catalog.variants import USUAL_FILE

BETWEEN = ("link", "place", "equals", "filler", "each")
TAKES_FORMAT = ("weights", "precision", "kv_cache")


def bind_formats(sentence: Sentence) -> None:
    """Formats beside "weights", then beside "kv cache": the nearer one, else the one behind; the rest are weights."""
    _bind_word(sentence, "weights", "weights")
    _bind_word(sentence, "precision", "weights")
    _bind_word(sentence, "kv_cache", "kv_cache")
    bind_second(sentence, ("format",))
    for _, item in sentence.of("format"):
        sentence.claim("weights", item.value, item, vague=item.vague)
    for _, item in sentence.of("gguf"):
        if sentence.said("weights"):
            item.used = True
        else:
            sentence.claim("weights", USUAL_FILE, item, vague=True)
    sentence.claims["weights"] = distinct_formats(sentence, sentence.claims.get("weights", []))
    if not sentence.claims["weights"]:
        del sentence.claims["weights"]


def _bind_word(sentence: Sentence, role: str, slot: str) -> None:
    for index, word in sentence.of(role):
        ahead, behind = (_format(sentence, index, step) for step in (1, -1))
        if ahead and behind and _belongs_to_next(sentence, ahead):
            ahead = None
        beside = [choice for choice in (ahead, behind) if choice]
        if beside:
            found = min(beside, key=lambda item: _distance(sentence, word, item))
            _open_to_both(sentence, word, beside)
            sentence.claim(slot, found.value, found, word, vague=found.vague)


def _format(sentence: Sentence, index: int, step: int) -> Item | None:
    place = sentence.beside(index, step, BETWEEN)
    item = sentence.items[place] if place is not None else None
    return item if item and item.role == "format" and not item.used else None


def _belongs_to_next(sentence: Sentence, item: Item) -> bool:
    """ "int8 weights bf16 kv": the format ahead is that of the word behind it, which has no other."""
    place = sentence.beside(sentence.items.index(item), 1, BETWEEN)
    following = sentence.items[place] if place is not None else None
    return bool(following and place and following.role in TAKES_FORMAT and not _format(sentence, place, 1))


def _open_to_both(sentence: Sentence, word: Item, beside: list[Item]) -> None:
    """ "int8 kv fp8": nothing settles which of the two is the cache's; the one behind is usual, both are assumed."""
    if len({_distance(sentence, word, item) for item in beside}) < len(beside) and beside[0].value != beside[-1].value:
        for item in beside:
            item.vague = True


def _distance(sentence: Sentence, word: Item, item: Item) -> int:
    first, last = sorted((word.start, item.start))
    between = [other for other in sentence.items if first < other.start <= last]
    return sum(2 * other.gap + (other.role not in BETWEEN) for other in between)


def distinct_formats(sentence: Sentence, claims: list[Claim]) -> list[Claim]:
    """Without claims that another one makes precise: "4bit awq" and "int4 awq" are awq."""
    return [claim for claim in claims if not any(_refines(sentence, other, claim) for other in claims)]


def _refines(sentence: Sentence, precise: Claim, loose: Claim) -> bool:
    """The other format has the same width and this one is only a width ("4bit", "int4")."""
    if precise.value == loose.value or precise.vague:
        return False
    plain_width = loose.vague or loose.value.startswith("int")
    return plain_width and round(_bits(sentence, precise.value)) == round(_bits(sentence, loose.value))


def _bits(sentence: Sentence, key: str) -> float:
    return getattr(getattr(sentence.finder.find_format(key), "item", None), "bits", 0.0)
