"""Cut a cleaned text into words, and words that are run together ("2xH100", "bs=16", "12k-ctx") into their parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from bot.parsing.numbers import read_number
from bot.words import fold

NO_BREAK, SOFT_BREAK, HARD_BREAK = range(3)
"""Nothing but space, a comma or bracket, or the end of a sentence or line before a word."""

LONGEST_WORD = 120
"""Longer words (tokens, hashes, noise) are not looked into; Hugging Face ids end at 96 characters."""
MOST_WORDS = 2_500

_WORD = re.compile(
    r"(?:https?://|www\.|huggingface\.co/|hf\.co/)[^\s<>\"'|]+|==?|->"
    r"|(?:[^\s,;?!()\[\]{}\"'|<>=-]+|(?<=\d),(?=\d)|(?<=\w)'(?=\w)|-(?!>))+"
    r"|[,;?!()\[\]{}|<>\n]"
)
_FILE = re.compile(r"(?:-\d{5}-of-\d{5})?\.gguf(?=[.:]*\Z)", re.I)
"""The end of a GGUF file name; what stands before it says the model and the format."""
_SOFT = frozenset(",()[]{}|<>")
_HARD = frozenset(";?!\n")
_DASHES = re.compile(r"[-~.…_^]+\Z")
_OPERATORS = {
    "=": "equals",
    "==": "equals",
    ":": "equals",
    "x": "times",
    "*": "times",
    "+": "plus",
    "->": "plus",
    "/": "slash",
    "-": "range",
}
_SIZE = r"\d+(?:\.\d+)?[bm](?![a-z0-9])"
_PARAMETERS = re.compile(_SIZE + r"\Z")
"""A number of parameters, 70b: never 70 and a b."""
_TIMES_AFTER = re.compile(rf"(\d[\d.,]*[km]?|\d+g(?:i?b)?)([x*])(?!{_SIZE})(.*)\Z")
_COUNT_AND_CARD = re.compile(r"gpu_(\d+)(x)_(?=[a-z])")
"""Instance types of Lambda: gpu_8x_h100_sxm5."""
_TIMES_BEFORE = re.compile(r"(.*[a-z0-9])([x*])(\d+)\Z")
_KEY_NUMBER = re.compile(r"([a-z]+)(\.?\d[\d.,]*[km%]?)\Z")
_NUMBER_KEY = re.compile(r"(\d[\d.,]*)(?:(k|m)(?=[a-z]))?([a-z]+)\Z")
_LEADING = re.compile(r"\A(?:(?!~/|\$\d)[~$#…])+")
"""Marks before a word that say nothing; ~/ starts a path, $ a price."""
_SEPARATOR = re.compile(r"[-_/:@+&~]+")


class Word(NamedTuple):
    """A run of characters without space, where it stands, and the break before it."""

    text: str
    folded: str
    start: int
    end: int
    gap: int
    operator: str = ""


def split_words(text: str) -> list[Word]:
    """The words of a cleaned text, without punctuation."""
    words: list[Word] = []
    gap = NO_BREAK
    for match in _WORD.finditer(text):
        token = match.group()
        if token in _SOFT or token in _HARD or _DASHES.match(token):
            gap = max(gap, HARD_BREAK if token in _HARD else SOFT_BREAK)
            continue
        words += _trimmed(token, match.start(), gap)
        gap = HARD_BREAK if token.endswith(".") and len(token) > 1 else NO_BREAK
        if len(words) >= MOST_WORDS:
            break
    return words


def _trimmed(token: str, start: int, gap: int) -> list[Word]:
    """A word without the punctuation around it; a colon behind it stays as an operator."""
    if token.isalnum() and token != "x":
        return [Word(token, fold(token), start, start + len(token), gap)]
    if token in _OPERATORS:
        return [Word(token, token, start, start + len(token), gap, _OPERATORS[token])]
    bare = _FILE.sub("", token).rstrip(".:…")
    colon = token.endswith(":")
    kept = _LEADING.sub("", bare)
    start += len(bare) - len(kept)
    kept = kept.rstrip("~")
    words = [part(kept, start, gap)] if fold(kept) else []
    if colon:
        words.append(Word(":", ":", start + len(kept), start + len(kept) + 1, NO_BREAK, "equals"))
    return words


def part(text: str, start: int, gap: int) -> Word:
    """A word, or an operator where it is one."""
    folded = fold(text)
    return Word(text, folded, start, start + len(text), gap, _OPERATORS.get(folded, ""))


def cut(word: Word, *places: int) -> list[Word]:
    """The word cut at these offsets; the first part keeps the break before it."""
    edges = [0, *places, len(word.text)]
    parts = [(word.text[a:b], a) for a, b in pairwise(edges) if a < b]
    return [part(text, word.start + offset, word.gap if not offset else NO_BREAK) for text, offset in parts]


def split_times(word: Word, is_name: Callable[[str], bool]) -> list[Word]:
    """ "2xh100" -> 2 x h100, "h100*4" -> h100 * 4, "32kx64" -> 32k x 64; "8x7b" stays whole."""
    folded = word.folded
    if ("x" not in folded and "*" not in folded) or len(folded) > LONGEST_WORD or len(folded) != len(word.text):
        return [word]
    if lead := _COUNT_AND_CARD.match(folded):
        _, count, times, _, card = cut(word, lead.start(1), lead.start(2), lead.end(2), lead.end())
        return [count, times, card]
    after = _TIMES_AFTER.match(folded)
    if after and not is_name(folded):
        count, times, *rest = cut(word, after.end(1), after.end(2))
        return [count, times, *(part for word in rest for part in split_times(word, is_name))]
    before = _TIMES_BEFORE.match(folded)
    if (
        before
        and not is_name(folded)
        and (before.group(1)[-1].isdigit() or is_name(before.group(1)) or read_number(before.group(1)))
    ):
        return cut(word, before.end(1), before.end(2))
    if folded[0] == "x" and folded[1:].isdigit():
        return cut(word, 1)
    return [word]


def split_known(word: Word, is_known: Callable[[str], bool], takes_number: Callable[[str], bool]) -> list[Word] | None:
    """The parts of a word that is not known itself, if every part is: "b16", "20users", "12k-ctx", "qwen3-32b-fp8"."""
    folded = word.folded
    if len(folded) > LONGEST_WORD or len(folded) != len(word.text) or _PARAMETERS.match(folded):
        return None
    if glued := _glued(word, is_known, takes_number):
        return glued
    for mark in reversed(list(_SEPARATOR.finditer(folded))[-6:]):
        left, right = folded[: mark.start()], folded[mark.end() :]
        first, last = _side(word, 0, mark.start()), _side(word, mark.end(), len(folded))
        behind = [last] if not right or is_known(right) else _glued(last, is_known, takes_number)
        before = [first] if not left or is_known(left) else behind and split_known(first, is_known, takes_number)
        if before and behind:
            return [part for part in (*before, *_between(word, mark), *behind) if part.text]
    return None


def _side(word: Word, start: int, end: int) -> Word:
    return part(word.text[start:end], word.start + start, word.gap if not start else NO_BREAK)


def _glued(word: Word, is_known: Callable[[str], bool], takes_number: Callable[[str], bool]) -> list[Word] | None:
    """A word and a number written together: b16, ctx32k, 20users; a size (9b) is neither."""
    if _PARAMETERS.match(word.folded):
        return None
    key_number = _KEY_NUMBER.match(word.folded)
    if key_number and takes_number(key_number.group(1)) and read_number(key_number.group(2)):
        return cut(word, key_number.end(1))
    number_key = _NUMBER_KEY.match(word.folded)
    if number_key and is_known(number_key.group(3)) and read_number(number_key.group(1)):
        return cut(word, number_key.start(3))
    return None


def _between(word: Word, mark: re.Match[str]) -> list[Word]:
    """What a separator says: + : and / mean something, and so does any between two numbers."""
    left, right = word.folded[: mark.start()], word.folded[mark.end() :]
    if mark.group() in ("+", ":", "/") or (read_number(left) and read_number(right)):
        return [part(mark.group(), word.start + mark.start(), NO_BREAK)]
    return []
