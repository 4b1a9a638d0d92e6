"""Words that look like the name of a model or a GPU and are none."""

from __future__ import annotations

import re
from itertools import islice

from bot.parsing.items import Item, Sentence
from bot.parsing.split import NO_BREAK
from bot.query import Problem
from bot.words import fold
from catalog.load import load
from catalog.types import NotFound

_SIZE = re.compile(r"(?:\d+x)?a?\d+(?:\.\d+)?b\Z")
"""A number of parameters: 70b, 8x9b, a22b."""
_SIZED = re.compile(r"(?:^|[-_:.]|(?<=[a-z]))(?:\d+x)?\d+(?:\.\d+)?b(?![a-z0-9])")
_CARD = re.compile(
    r"(?:rtx|gtx|tesla|geforce)?[-_ ]?(?:(?:h|a|b|l|mi|gh|gb|rtx|gtx)[-_]?\d{2,4}|[tpv]\d{3,4})[a-z]{0,2}\Z"
)
"""Series letters of the GPUs that are sold, with two to four digits."""
_MACHINE = re.compile(
    r"(?:ml\.)?[a-z]{1,3}\d[a-z0-9-]*\.(?:\d*x?large|\d+xl|metal)\Z"
    r"|(?:a\d\w?-(?:high|mega|ultra|edge|max)gpu-\d+g|g\d-standard-\d+)\Z"
    r"|(?:standard_)?n[cdv]\w+_v\d\Z|[bv]m\.gpu[\w.-]*\Z"
)
"""Instance types as Amazon, Google, Azure and Oracle name them."""
_CARD_NUMBER = re.compile(r"\d{3,4}(?:ti|super|s)?\Z")
_FORMAT = re.compile(r"(?:mx|nv)?(?:fp|bf|nf|u?int)\d+(?:[-_]\w+)*\Z|i?q\d+(?:_\w+)*\Z|w\d+a\d+\Z|\d+-?bits?\Z")
_VERSIONED = re.compile(r"[a-z]{3,}[-_.]?v?\d+(?:\.\d+)*(?:[-_.][a-z0-9.]+)*\Z")
"""A word with a version behind it: llama-5, qwen9, glm4.9-air."""

_JOINED = re.compile(r"[^\W_]+(?:[-_][^\W_]+)+")
"""Words joined by hyphens, as names are: my-cool-model."""

VARIANTS = frozenset(
    "plus mini nano tiny small medium large lite flash turbo air omni coder math vision thinking distill prover edge "
    "next speciale scout maverick codex".split()
)
"""Words that makers append to a name for a model of another shape."""

MOST_OF_SIZE = 3
MOST_NAMED = 3
"""Words without meaning that a refusal repeats."""
LONGEST_RUN = 5
MOST_PROBLEMS = 8
"""More unknown names than this are not looked up."""
MOST_UNKNOWN = 60
"""Nor are unknown words, or runs of them, behind so many."""


def find_unknown_names(sentence: Sentence) -> None:
    """A problem for every group of words that can only be a name."""
    looked = 0
    for index, item in enumerate(sentence.items):
        looked += item.role == "unknown"
        is_over = len(sentence.problems) >= MOST_PROBLEMS or looked > MOST_UNKNOWN
        if (item.used and item.role != "model") or is_over:
            continue
        if item.role == "model":
            _variant(sentence, index, item)
        elif item.role.startswith("unsettled_"):
            _unsettled(sentence, item)
        elif item.role == "card_brand":
            _after_brand(sentence, index, item)
        elif item.role == "unknown":
            _unknown(sentence, index, item)


def _variant(sentence: Sentence, index: int, model: Item) -> None:
    """ "command r plus": a word right behind a name that makes it another model's; "qwen3-32b plus 20 users" adds."""
    following = sentence.items[index + 1] if index + 1 < len(sentence.items) else None
    if following is None or following.gap or following.used or following.role not in ("unknown", "filler"):
        return
    joins = following.role == "filler" and _SIZED.search(fold(sentence.words(model)))
    if fold(sentence.words(following)) in VARIANTS and not joins:
        sentence.claims["model"] = [claim for claim in sentence.claims["model"] if claim.start != model.start]
        _report(sentence, "model", model, following)


def _unsettled(sentence: Sentence, item: Item) -> None:
    slot = {"unsettled_model": "model", "unsettled_gpu": "gpu", "unsettled_format": "weights"}[item.role]
    code = {"model": "unknown_model", "gpu": "unknown_gpu"}.get(slot, "unknown_word")
    words = sentence.words(item)
    suggestions = item.value or _near(sentence, slot, words)
    sentence.problems.append(Problem(code, slot, (words,), tuple(suggestions)[:3]))  # type: ignore[arg-type]
    item.used = True


def _after_brand(sentence: Sentence, index: int, brand: Item) -> None:
    following = sentence.items[index + 1 : index + 2]
    if not following or following[0].gap or following[0].role not in ("number", "unknown") or following[0].used:
        return
    if _CARD_NUMBER.match(fold(sentence.words(following[0]))) or following[0].role == "unknown":
        _report(sentence, "gpu", brand, following[0])


def _unknown(sentence: Sentence, index: int, item: Item) -> None:
    word = fold(sentence.words(item))
    if _SIZE.match(word):
        _report(sentence, "model", *_run_before(sentence, index), item)
    elif _SIZED.search(word):
        _report(sentence, "model", item)
    elif _MACHINE.match(word) or _CARD.match(word):
        _report(sentence, "gpu", item)
    elif _FORMAT.match(word):
        _report(sentence, "weights", item)
    elif _VERSIONED.match(word) and _near(sentence, "model", word):
        _report(sentence, "model", item)


def _run_before(sentence: Sentence, index: int) -> list[Item]:
    """Words right before a size that belong to no other thing: "lama 3.3" before "70b"; a model before it does too."""
    run: list[Item] = []
    for place in range(index - 1, max(index - LONGEST_RUN, -1), -1):
        item = sentence.items[place]
        if sentence.items[place + 1].gap != NO_BREAK:
            break
        plain = item.role in ("unknown", "release") or (item.role == "number" and not item.used)
        if not plain and item.role != "model":
            break
        run.append(item)
        if item.role == "model":
            break
    return run[::-1]


def _report(sentence: Sentence, slot: str, *items: Item) -> None:
    words = sentence.words(*items)
    for item in items:
        item.used = True
    code = {"model": "unknown_model", "gpu": "unknown_gpu"}.get(slot, "unknown_word")
    sentence.problems.append(Problem(code, slot, (words,), _near(sentence, slot, words)))  # type: ignore[arg-type]


def _near(sentence: Sentence, slot: str, words: str) -> tuple[str, ...]:
    find = {"model": sentence.finder.find_model, "gpu": sentence.finder.find_gpu}.get(slot, sentence.finder.find_format)
    found = find(words)
    near = found.suggestions if isinstance(found, NotFound) else ()
    if slot == "gpu" and _MACHINE.match(fold(words)):
        machine = sentence.finder.find_machine(words)
        near = machine.suggestions if isinstance(machine, NotFound) else near
    return near or (_of_size(fold(words)) if slot == "model" and _SIZE.match(fold(words)) else ())


def _of_size(size: str) -> tuple[str, ...]:
    """Models whose name states this size, the shortest names first."""
    named = [name for name in load().models if size in re.split(r"[-_/]", name.lower())]
    return tuple(sorted(named, key=len)[:MOST_OF_SIZE])


def require_model(sentence: Sentence) -> None:
    """Without a model there is no answer; unread words may be a misspelt one."""
    helps = any(claim.value == "help" for claim in sentence.claims.get("verb", []))
    if helps or sentence.log or sentence.said("model") or any(problem.slot == "model" for problem in sentence.problems):
        return
    for run in islice(_runs(sentence), MOST_UNKNOWN):
        words = sentence.words(*run)
        near = _near(sentence, "model", words)
        if near:
            for item in run:
                item.used = True
            sentence.problems.append(Problem("unknown_model", "model", (words,), near))
            return
    strange = tuple(sentence.words(*run) for run in _runs(sentence))
    names = [words for words in strange if _JOINED.fullmatch(words)]
    if names:
        sentence.problems.append(Problem("unknown_model", "model", (names[0],)))
    else:
        sentence.problems.append(Problem("empty", "model", strange[:MOST_NAMED]))


def _runs(sentence: Sentence) -> list[list[Item]]:
    """Groups of unread words that stand together."""
    runs: list[list[Item]] = []
    last = None
    for item in sentence.items:
        if not item.used and item.role in ("unknown", "release"):
            if last and runs and not item.gap and last.end + 1 >= item.start:
                runs[-1].append(item)
            else:
                runs.append([item])
        last = item
    return runs
