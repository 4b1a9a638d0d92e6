"""What a question asks for: "how many users", "longest context", "which gpu", "fewest h100s", in any word order.

A question word asks for the nearest noun that no number is bound to: "max 16 requests" states, "max requests" asks.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bot.formats import GGUF_ENGINE
from bot.parsing.items import Item, Sentence
from bot.parsing.split import HARD_BREAK, SOFT_BREAK
from bot.words import fold
from catalog.variants import USUAL_FILE

ASKS = {"ask_batch": "batch", "ask_sequence": "sequence", "ask_gpu_count": "gpu_count", "ask_gpu": "gpu"}

TARGETS = {
    **dict.fromkeys(["batch", "users", "requests", "prompts", "concurrent", "max_sequences"], "batch"),
    **dict.fromkeys(["sequence", "tokens", "input", "output"], "sequence"),
    **dict.fromkeys(["cards", "gpu", "unsettled_gpu", "nodes"], "gpu"),
    "utilization": "utilization",
    "precision": "weights",
    **dict.fromkeys(["memory", "kv_cache", "weights", "engine", "version", "format"], ""),
}
"""What a noun stands for when it is asked for; "" is a question about size, which every answer gives."""

MEANS = {
    "how_many": {"batch": "batch", "sequence": "sequence", "gpu": "gpu_count", "utilization": "utilization", "": ""},
    "which": {
        "batch": "batch",
        "sequence": "sequence",
        "gpu": "gpu",
        "utilization": "utilization",
        "weights": "weights",
        "": "",
    },
    "most": {"batch": "batch", "sequence": "sequence", "": ""},
    "fewest": {"gpu": "gpu_count", "utilization": "utilization"},
    "smallest": {"gpu": "gpu", "utilization": "utilization"},
    "cheapest": {"gpu": "gpu"},
}
"""Question word -> noun -> what is solved for, most telling question first."""

COUNT_OF_NAMED = frozenset({"fewest", "smallest", "cheapest"})
"""Words that ask for the number of the card named before them; others have no business with it."""

SKIPPED = frozenset(
    {
        "link",
        "filler",
        "place",
        "how_many",
        "which",
        "most",
        "fewest",
        "smallest",
        "cheapest",
        "card_brand",
        "each",
        "audio",
        "gguf",
    }
)
LIMITS = ("sequence", "output", "max_sequences")
LIMIT = "max"
"""How names of limits begin, flags of the engines among them."""
MAKERS = {
    **dict.fromkeys(["nvidia", "geforce", "rtx", "gtx", "tesla", "quadro"], "NVIDIA"),
    **dict.fromkeys(["amd", "radeon", "instinct"], "AMD"),
}
"""Brand -> maker of the cards that "which amd gpu" asks for."""
_BLANK = re.compile(r"\s*[=:]\s*\?")
FARTHEST = 8
NEAREST = 3


def bind_asks(sentence: Sentence) -> None:
    """Claim what the question solves for; a plainer question word yields to a more telling one, and is unread."""
    for role, solved in ASKS.items():
        for _, item in sentence.of(role):
            sentence.claim("solve_for", solved, item)
    for role in MEANS:
        for index, item in sentence.of(role):
            _bind(sentence, index, item)
    if not sentence.said("solve_for"):
        _bind_blanks(sentence)
    if not sentence.said("solve_for"):
        _bind_limits(sentence)
    if not sentence.said("solve_for"):
        _bind_bare(sentence)
    if not sentence.said("gpu"):
        _bind_maker(sentence)


def _bind_maker(sentence: Sentence) -> None:
    """ "which amd gpu": cards of that maker alone, where one is named and no card is."""
    makers = {maker for _, item in sentence.of("card_brand") if (maker := MAKERS.get(fold(sentence.words(item))))}
    if len(makers) == 1:
        sentence.extra["maker"] = makers.pop()


def _bind(sentence: Sentence, index: int, word: Item) -> None:
    """Claim for the nearest noun ahead, else behind."""
    means = MEANS[word.role]
    telling = word.role == "how_many"
    for step, limit in ((1, FARTHEST if telling else NEAREST), (-1, NEAREST)):
        noun = _target(sentence, index, step, limit, passes_numbers=step > 0 and telling)
        if noun and noun.role == "gpu" and step < 0 and word.role not in COUNT_OF_NAMED:
            return
        if noun and noun.role == "gpu" and word.role == "which":
            continue
        target = TARGETS[noun.role] if noun else None
        if noun and target in means:
            _claim(sentence, word, noun, means[target])
            return


def _claim(sentence: Sentence, word: Item, noun: Item, solved: str) -> None:
    word.used = True
    if word.role == "cheapest":
        sentence.extra["cheapest"] = True
    if solved == "gpu" and word.role in COUNT_OF_NAMED and sentence.said("gpu"):
        solved = "gpu_count"
    if solved == "weights":
        _ask_format(sentence)
        return
    if solved == "gpu" and noun.role == "gpu":
        return
    if not solved:
        return
    if all(claim.value == solved for claim in sentence.claims.get("solve_for", [])):
        sentence.claim("solve_for", solved, word, Item(noun.role, noun.start, noun.end))
    else:
        word.role, word.used = "unknown", False


def _ask_format(sentence: Sentence) -> None:
    """ "which gguf quant": the file format says the engine, not which of its types."""
    sentence.extra["ask_weights"] = True
    guessed = [claim for claim in sentence.claims.get("weights", []) if claim.vague and claim.value == USUAL_FILE]
    for claim in guessed:
        sentence.claims["weights"].remove(claim)
        if not sentence.said("engine"):
            sentence.claims["engine"] = [replace(claim, value=GGUF_ENGINE)]
    if not sentence.claims.get("weights"):
        sentence.claims.pop("weights", None)


def _target(sentence: Sentence, index: int, step: int, limit: int, passes_numbers: bool) -> Item | None:
    """The nearest noun that no number took."""
    items, at = sentence.items, index
    for _ in range(limit):
        edge = at if step < 0 else at + 1
        if not 0 <= at + step < len(items) or items[edge].gap == HARD_BREAK:
            return None
        if step < 0 and items[edge].gap == SOFT_BREAK:
            return None
        at += step
        item = items[at]
        if item.role in TARGETS and not (item.used and item.role != "gpu"):
            return item
        length = item.role == "number" and step > 0 and item.value.unit == "k"
        passed = passes_numbers and (item.used or item.role in ("number", "model", "engine"))
        if not (item.role in SKIPPED or length or passed):
            return None
    return None


def _bind_blanks(sentence: Sentence) -> None:
    """ "batch = ?": the blank is what is asked for."""
    for item in sentence.items:
        if TARGETS.get(item.role) and not item.used and _BLANK.match(sentence.text, item.end):
            target = TARGETS[item.role]
            named = target == "gpu" and sentence.said("gpu")
            sentence.claim("solve_for", "gpu_count" if named else target, item)
            return


def _bind_limits(sentence: Sentence) -> None:
    """ "max model len", "max tokens" and "max num seqs" without a number ask for it."""
    for _, item in sentence.of(*LIMITS):
        if fold(sentence.words(item)).startswith(LIMIT):
            sentence.claim("solve_for", TARGETS[item.role], item)
            return


def _bind_bare(sentence: Sentence) -> None:
    """ "How many?" with no noun: GPUs when the load is stated and their number is not, else sequences."""
    for _, item in sentence.of("how_many"):
        if item.used or not _ends(sentence, item):
            continue
        counts_cards = sentence.said("batch") and sentence.said("gpu") and not sentence.said("gpu_count")
        sentence.claim("solve_for", "gpu_count" if counts_cards else "batch", item)
        return


def _ends(sentence: Sentence, item: Item) -> bool:
    """Whether nothing but small words follows."""
    behind = sentence.items[sentence.items.index(item) + 1 :]
    return all(other.role in SKIPPED for other in behind)
