"""The GPUs of a pasted command: how many it is given, and which kind the lines around it name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from math import prod

from bot.commands.command import Command
from bot.formats import GGUF_ENGINE
from bot.parsing.items import Claim, Sentence
from bot.parsing.numbers import BYTES_PER
from bot.query import CustomCard
from catalog.types import NotFound
from formulas.deployment import PARALLEL

_WORDS = re.compile(r"(?<![\w./@-])[A-Za-z0-9][\w.-]*(?![\w/@])", re.A)
"""Words that are part of no path or address."""
_CLASSIFIERS = "[张块个卡片枚張塊個]"
_NUMERALS = {numeral: value for value, numeral in enumerate("一二三四五六七八九十", 1)} | {"两": 2, "兩": 2, "单": 1}
_BEFORE = re.compile(
    rf"(?<![A-Za-z0-9.])(?:(\d{{1,3}})[ \t]*(?:[xX*]|{_CLASSIFIERS})?|([{''.join(_NUMERALS)}]){_CLASSIFIERS})[ \t]*"
    r"(?:\d{1,3}[ \t]?G[Bi]{0,2}(?:显存|顯存)?的?[ \t]*)?"
    r"(?:NVIDIA[ \t]+)?(?:GeForce[ \t]+)?(?:RTX[ \t]*)?\Z"
)
"""4x, in front of a card; in Chinese and Japanese its counting word."""
_CLASSIFIED = re.compile(rf"[\d{''.join(_NUMERALS)}][ \t]*{_CLASSIFIERS}")
_UNSPACED = re.compile(r"(?m)^[^\n]*[\u3040-\u30ff\u3400-\u9fff][^\n]*")
"""Text of a script that puts no spaces between words: names stand right beside its characters."""
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)(?:\s|$|!)")
LONGEST_COMMENT = 300
"""Characters before a word that are looked at for the mark of a comment."""
LONGEST_NAME, MOST_NAME_WORDS = 24, 3
"""Characters behind the first word of a card's name that may belong to it, and words of the name."""
MOST_NAMES = 300
"""Words of one line."""


def claim_cards(sentence: Sentence, command: Command) -> None:
    """GPUs given to the process; engines other than llama.cpp use only those that their parallel sizes ask for."""
    if not command.cards:
        return
    if command.engine == GGUF_ENGINE or (command.cards == 1 and not any(map(command.states, PARALLEL))):
        sentence.claims["gpu_count"] = [Claim(command.cards, command.start, command.end)]
    sentence.extra["visible_gpus"] = command.cards


def settle_count(sentence: Sentence, command: Command) -> None:
    """The GPUs that a command uses are those its sizes multiply to; a machine may have more, and each node fewer."""
    claims = sentence.claims.get("gpu_count", [])
    if own := [claim for claim in claims if command.start <= claim.start < command.end]:
        sentence.claims["gpu_count"] = own[:1]
    elif claims and any(map(command.states, PARALLEL[:2])):
        used = _used(command)
        nodes = command.extra.get("nnodes") or 1
        counts = {claim.value for claim in claims}
        is_of_one_node = nodes > 1 and used in {count * nodes for count in counts}
        if len(counts) > 1 or max(counts) > used or is_of_one_node:
            sentence.claims["gpu_count"] = []
            sentence.extra.setdefault("visible_gpus", int(min(counts)))


def _used(command: Command) -> int:
    """GPUs of all parallel sizes; attention in data parallel shares those of tensor parallel."""
    sizes = PARALLEL[:2] if command.extra.get("dp_attention") else PARALLEL
    return prod(int(command.settings[slot].value) for slot in sizes if command.states(slot))


def find_card(sentence: Sentence, command: Command) -> None:
    """The one card that the lines of a specification name, where no other word of the question names one."""
    stated = sentence.claims["gpu"] = _without_amounts(sentence, sentence.claims.get("gpu", []))
    if not stated:
        del sentence.claims["gpu"]
    elif not all(isinstance(claim.value, CustomCard) for claim in stated):
        _count(sentence, command, stated[0], is_classified=True)
        return
    found: dict[str, Claim] = {}
    doubtful: dict[str, Claim] = {}
    unspaced = [] if sentence.text.isascii() else [match.span() for match in _UNSPACED.finditer(sentence.text)]
    places = [*unspaced, *command.spans, *([(command.start, command.end)] if command.is_map else [])]
    for match, name, is_vague in _names(sentence, places):
        named = doubtful if in_comment(sentence.text, match.start()) else found
        named[name] = Claim(name, match.start(), match.end(), is_vague)
    cards = found or doubtful
    if len(cards) == 1 and (card := _sized(sentence, next(iter(cards.values())), stated)):
        _claim(sentence, command, card)


def _without_amounts(sentence: Sentence, stated: list[Claim]) -> list[Claim]:
    """The cards without amounts of memory beside a named one: those of the weights, the host, or several cards."""
    named = [claim for claim in stated if isinstance(claim.value, str)]
    for claim in stated if named else ():
        if claim not in named:
            sentence.forget(claim)
    return named or stated


def _sized(sentence: Sentence, card: Claim, stated: list[Claim]) -> Claim | None:
    """The card, of the memory that words state without a name; None where it has no such variant."""
    if not stated:
        return card
    sizes = {f"{claim.value.visible_bytes / BYTES_PER['gb']:g}gb" for claim in stated}
    words = _WORDS.findall(sentence.text, card.start, card.end + LONGEST_NAME)[:MOST_NAME_WORDS]
    for count in range(1, len(words) + 1 if len(sizes) == 1 else 1):
        found = sentence.finder.find_gpu(" ".join((*words[:count], *sizes)))
        if not isinstance(found, NotFound):
            return Claim(found.item.name, card.start, card.end, found.vague)
    return None


def _names(sentence: Sentence, places: list[tuple[int, int]]) -> Iterator[tuple[re.Match[str], str, bool]]:
    """The cards that are named at these places, by their first word: its key, and whether it may be another."""
    for start, end in places:
        words = list(islice(_WORDS.finditer(sentence.text, start, end), MOST_NAMES))
        texts = [match.group().rstrip(".") for match in words]
        behind = 0
        for at, match in enumerate(words):
            card = sentence.finder.longest(texts, at) if at >= behind else None
            if card and card.kind == "gpu" and card.key:
                behind = at + card.words_used
                yield match, card.key, card.vague


def in_comment(text: str, place: int) -> bool:
    """Whether a word stands behind the mark of a comment on its line."""
    start = max(text.rfind("\n", 0, place), place - LONGEST_COMMENT, 0)
    return _COMMENT.search(text, start, place) is not None


def _claim(sentence: Sentence, command: Command, card: Claim) -> None:
    sentence.claims["gpu"] = [card]
    _use(sentence, card)
    _count(sentence, command, card)


def _count(sentence: Sentence, command: Command, card: Claim, *, is_classified: bool = False) -> None:
    """Take the number in front of a card; is_classified: only with the counting word that words of a question lack."""
    line = sentence.text.rfind("\n", 0, card.start) + 1
    count = _BEFORE.search(sentence.text, line, card.start)
    if count and is_classified and not _CLASSIFIED.search(count.group()):
        return
    if count and not command.cards and not sentence.claims.get("gpu_count"):
        place = 1 if count.group(1) else 2
        number = _NUMERALS.get(count.group(place)) or int(count.group(place))
        sentence.claims["gpu_count"] = [Claim(number, *count.span(place))]
        _use(sentence, sentence.claims["gpu_count"][0])


def _use(sentence: Sentence, claim: Claim) -> None:
    """The words that a claim was read from are understood."""
    for item in sentence.items:
        item.used |= item.start < claim.end and claim.start < item.end
