"""The GPUs of a pasted command: how many it is given, and which kind the lines around it name."""

from __future__ import annotations

import re

from bot.commands.command import Command
from bot.parsing.items import Claim, Sentence
from catalog.types import NotFound

PARALLEL = ("tensor_parallel", "pipeline_parallel", "data_parallel")
SPREADS_LAYERS = "llama.cpp"
"""The engine that uses every GPU it sees without being told."""
_NAME = re.compile(r"(?<![\w./@-])[A-Za-z][\w.-]*\d[\w.-]*(?![\w/@])")
"""A word with a digit that is part of no path, address or other word."""
_BEFORE = re.compile(r"(?<![\w.])(\d{1,3})[ \t]*[xX*]?[ \t]*(?:NVIDIA[ \t]+)?\Z")
"""4x, in front of a card."""
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)(?:\s|$|!)")
LONGEST_COMMENT = 300
"""Characters before a word that are looked at for the mark of a comment."""
MOST_NAMES = 300


def claim_cards(sentence: Sentence, command: Command) -> None:
    """GPUs given to the process; engines other than llama.cpp use only those that their parallel sizes ask for."""
    if not command.cards:
        return
    if command.engine == SPREADS_LAYERS or (command.cards == 1 and not any(map(command.states, PARALLEL))):
        sentence.claims["gpu_count"] = [Claim(command.cards, command.start, command.end)]
    sentence.extra["visible_gpus"] = command.cards


def find_card(sentence: Sentence, command: Command) -> None:
    """The one card that the lines of a specification name, where no other word of the question names one."""
    if sentence.claims.get("gpu"):
        return
    found: dict[str, Claim] = {}
    doubtful: dict[str, Claim] = {}
    places = [*command.spans, *([(command.start, command.end)] if command.is_map else [])]
    names = [match for start, end in places for match in _NAME.finditer(sentence.text, start, end)]
    for match in names[:MOST_NAMES]:
        card = sentence.finder.find_gpu(match.group().rstrip("."))
        if not isinstance(card, NotFound):
            named = doubtful if in_comment(sentence.text, match.start()) else found
            named[card.item.name] = Claim(card.item.name, match.start(), match.end(), card.vague)
    cards = found or doubtful
    if len(cards) == 1:
        _claim(sentence, command, next(iter(cards.values())))


def in_comment(text: str, place: int) -> bool:
    """Whether a word stands behind the mark of a comment on its line."""
    start = max(text.rfind("\n", 0, place), place - LONGEST_COMMENT, 0)
    return _COMMENT.search(text, start, place) is not None


def _claim(sentence: Sentence, command: Command, card: Claim) -> None:
    sentence.claims["gpu"] = [card]
    line = sentence.text.rfind("\n", 0, card.start) + 1
    count = _BEFORE.search(sentence.text, line, card.start)
    if count and not command.cards and not sentence.claims.get("gpu_count"):
        sentence.claims["gpu_count"] = [Claim(int(count.group(1)), count.start(1), count.end(1))]
