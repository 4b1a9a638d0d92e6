"""Give every word of a text its role: phrase, name, number, engine, or unknown."""

from __future__ import annotations

import re
from functools import cache

from bot.parsing.digits import is_number_here
from bot.parsing.items import Item
from bot.parsing.links import Link, read_link
from bot.parsing.names import Finder, Name, is_name, name_at, run_of
from bot.parsing.numbers import read_number
from bot.parsing.phrases import phrase_at, role_of, single
from bot.parsing.slots import NOUNS
from bot.parsing.split import LONGEST_WORD, Word, cut, split_known, split_times, split_words
from bot.parsing.tongue import settle_language
from bot.parsing.units import join_units
from bot.words import Meaning, vocabulary

VERSION = re.compile(r"v?\d+(?:\.\d+)+(?:[.-]?(?:post|rc|dev|alpha|beta|a|b)\.?\d*)*\Z")
BUILD = re.compile(r"b\d{3,5}\Z")
CARD = re.compile(r"[abhlt]\d{3}\Z")
"""A letter and three digits, as cards of datacenters are called: a100, b200."""
_MEMORY = re.compile(r"(?<=\w)/(?=\d[\d.]*[gm]i?b\Z)")
SIZED = re.compile(r"/.*\d+b(?![a-z0-9])")
"""A repository whose name states a size: org/model-70b is never cut into words, in/out is."""
STARTS_NAMES = frozenset({"most", "half", "card_brand", "engine", "input", "output"})
"""Roles of words that names also start with ("max 1550", "half precision", "tesla t4")."""
ENDS_NAMES = frozenset(NOUNS) - {"cards", "gpu"} | {"place"}
"""Roles of words that no name contains."""
SMALL = frozenset({"filler", "which", "link", "place"})
"""Roles of words that nobody joins by hyphens but in a name: my-cool-model, the-best-model."""
SHORTEST_CARD_NUMBER = 3
"""Cards that go by digits alone have three or more; shorter numbers are counts."""


def tag(text: str, finder: Finder) -> tuple[list[Item], str]:
    """(items, language) of a cleaned text."""
    words = _prepared(text, finder)
    items: list[Item] = []
    index = 0
    while index < len(words):
        item, used = _item_at(words, index, finder, text)
        if item is None:
            parts = None if _stands_for_card(words, index) else _parts(words[index], finder)
            if parts:
                words[index : index + 1] = parts
                continue
            item, used = _left(words[index]), 1
        items.append(item)
        index += used
    language = settle_language(text, items)
    return join_units(items), language


def _prepared(text: str, finder: Finder) -> list[Word]:
    """Words with counts split off ("2xh100")."""
    words: list[Word] = []
    for word in split_words(text):
        words += [part for each in _sized(word) for part in split_times(each, lambda part: is_name(finder, part))]
    return words


def _sized(word: Word) -> list[Word]:
    """ "4090/24564MiB": a card and its memory, as nvidia-smi's users write them, are two words."""
    slash = _MEMORY.search(word.folded) if len(word.folded) == len(word.text) else None
    return cut(word, slash.start(), slash.end()) if slash else [word]


def _item_at(words: list[Word], index: int, finder: Finder, text: str) -> tuple[Item | None, int]:
    """The longest reading that starts at a word; a name wins over a phrase of the same length."""
    word = words[index]
    if word.operator:
        return Item(word.operator, word.start, word.end, gap=word.gap), 1
    if len(word.folded) > LONGEST_WORD and not read_link(word.text):
        return (_number(word) if word.folded.isdigit() else None) or _plain(word), 1
    phrase = phrase_at(words, index)
    link = _link(word)
    may_be = not link and _may_be_name(word, phrase)
    name = name_at(finder, run_of(words, index, _name_ends(), text), 0) if may_be else None
    if phrase and phrase[1] > (name.length if name else 0):
        return _span("word", words, index, phrase[1], phrase[0]), phrase[1]
    if name and not is_number_here(words, index, name) and not (phrase and name.vague and _is_share(words, index)):
        return _named(words, index, name), name.length
    if phrase:
        return _span("word", words, index, phrase[1], phrase[0]), phrase[1]
    if link:
        return _linked(words[index], link, finder), 1
    return _number(word) or _build(words, index), 1


@cache
def _name_ends() -> frozenset[str]:
    """Words that no name contains: on, with, batch, users."""
    rows = [(key[0], meaning) for listed in vocabulary().first.values() for key, meaning in listed if len(key) == 1]
    return frozenset(word for word, meaning in rows if all(reading.role in ENDS_NAMES for reading in meaning.readings))


def _may_be_name(word: Word, phrase: tuple[Meaning, int] | None) -> bool:
    """Whether a name can start here: not at 12k or 20, and not at a small word."""
    if phrase and phrase[0].readings[0].role not in STARTS_NAMES:
        return False
    return not (word.folded[0].isdigit() and (len(word.folded) < SHORTEST_CARD_NUMBER or word.folded[-1] in "k%"))


def _span(role: str, words: list[Word], index: int, length: int, value: object, vague: bool = False) -> Item:
    first, last = words[index], words[index + length - 1]
    return Item(role, first.start, last.end, value, first.gap, vague)


def _named(words: list[Word], index: int, name: Name) -> Item:
    role = name.kind if name.key else f"unsettled_{name.kind}"
    return _span(role, words, index, name.length, name.key or name.candidates, name.vague)


def _linked(word: Word, link: Link, finder: Finder) -> Item | None:
    """A Hugging Face id or path as a model; another address names nothing. None for an id that may be words: in/out."""
    if link.kind == "address":
        return Item("unknown", word.start, word.end, gap=word.gap)
    match = finder.longest([link.model], 0)
    if link.kind == "id" and not match and not SIZED.search(link.model.lower()):
        return None
    key = match.key if match and match.kind == "model" and match.key else link.model
    return Item("model", word.start, word.end, key, word.gap, link=link)


def _link(word: Word) -> Link | None:
    return read_link(word.text) if "/" in word.text or "\\" in word.text else None


def _left(word: Word) -> Item:
    """What is nothing by its parts either: an id is a model that the catalog may not know."""
    link = _link(word)
    return Item("model", word.start, word.end, link.model, word.gap, link=link) if link else _plain(word)


def _number(word: Word) -> Item | None:
    number = read_number(word.folded)
    if number:
        return Item("number", word.start, word.end, number, word.gap)
    if VERSION.match(word.folded):
        return Item("release", word.start, word.end, word.folded.removeprefix("v"), word.gap)
    return None


def _build(words: list[Word], index: int) -> Item | None:
    """ "b4500" behind an engine is the number of its build."""
    word = words[index]
    if index and role_of(words[index - 1]) == "engine" and BUILD.match(word.folded):
        return Item("release", word.start, word.end, word.folded, word.gap)
    return None


def _plain(word: Word) -> Item:
    return Item("unknown", word.start, word.end, gap=word.gap)


def _is_share(words: list[Word], index: int) -> bool:
    """ "half 4k, half 8k": shares of a mix, not half precision; one share alone is none."""
    others = [word for place, word in enumerate(words) if place != index]
    return any(role_of(word) in ("half", "rest") or word.folded.endswith("%") for word in others)


def _parts(word: Word, finder: Finder) -> list[Word] | None:
    """The parts of a word that is written together, where all of them are known; small words alone are a name."""
    parts = split_known(word, lambda part: _is_known(part, finder), takes_number)
    return None if parts and "-" in word.text and all(role_of(part) in SMALL for part in parts) else parts


def _stands_for_card(words: list[Word], index: int) -> bool:
    """ "on a b500": no batch stands there."""
    if not CARD.match(words[index].folded) or words[index].gap:
        return False
    before = [role_of(word) for word in words[max(index - 2, 0) : index]]
    return before[-1:] == ["cards"] or before == ["place", "filler"]


def _is_known(part: str, finder: Finder) -> bool:
    return (
        part in vocabulary().pieces
        or read_number(part) is not None
        or is_name(finder, part)
        or VERSION.match(part) is not None
    )


def takes_number(part: str) -> bool:
    """A word that a number may be glued to: b16, tp2, ctx32k."""
    meaning = single(part)
    return meaning is not None and any(reading.role in NOUNS for reading in meaning.readings)
