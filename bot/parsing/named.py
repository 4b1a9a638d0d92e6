"""Models, engines with their versions, switches, and the verb of a question."""

from __future__ import annotations

import re

from bot.parsing.items import Claim, Item, Sentence
from bot.parsing.split import NO_BREAK

SWITCHES = {"enforce_eager": True, "expert_parallel": True}
"""Words that say something by being there."""
CARD_STATES = {"ecc_on": ("ecc", True), "ecc_off": ("ecc", False), "wsl": ("wsl", True)}
MOST_STRANGE_WORDS = 1
"""A plea for help with more unknown words is about something else."""
_UNSPACED_VERSION = re.compile(
    r"(?<![\w.-])([A-Za-z][\w.-]{2,20})[ \t]*的?版本号?[:是为]?[ \t]*"
    r"v?(\d+(?:\.\d+)+(?:\.?(?:post|rc|dev)\d*)?)",
    re.A,
)
CODE_ENDS = (" ", "\n ")
"""What stands between two words, the first of them perhaps set off as code."""
VERSION_MARKS = ("version", "equals", "link")


def bind_models(sentence: Sentence) -> None:
    """Every model named; a revision or file behind its id is kept beside it."""
    for _, item in sentence.of("model"):
        sentence.claim("model", item.value, item, vague=item.vague)
        if item.link and item.link.revision:
            sentence.extra["revision"] = item.link.revision
        if item.link and item.link.variant:
            _bind_variant(sentence, item)


def _bind_variant(sentence: Sentence, item: Item) -> None:
    match = sentence.finder.longest([item.link.variant], 0) if item.link else None
    if match and match.kind == "format" and match.key:
        sentence.claim("weights", match.key, item, vague=match.vague)
    elif item.link:
        sentence.extra["file"] = item.link.variant


def bind_settings(sentence: Sentence) -> None:
    """Engines and the version behind each."""
    for index, item in sentence.of("engine"):
        version = _version(sentence, index) or _release_before(sentence, index)
        sentence.claim("engine", item.value, item)
        if version:
            sentence.claim("engine_version", sentence.words(version).lower().lstrip("vb"), version)
    if "engine" in sentence.claims and "engine_version" not in sentence.claims:
        for index, _ in sentence.of("version"):
            if version := _version(sentence, index):
                sentence.claim("engine_version", sentence.words(version).lower().lstrip("vb"), version)
    if sentence.command and "engine_version" not in sentence.claims and not sentence.text.isascii():
        _version_unspaced(sentence, sentence.command.engine)
    for _, item in sentence.of("guide"):
        sentence.claim("method", "guide", item)


def bind_card_states(sentence: Sentence) -> None:
    """How the card is set up."""
    for role, (name, value) in CARD_STATES.items():
        for _, item in sentence.of(role):
            sentence.extra[name] = value
            item.used = True


def bind_switches(sentence: Sentence) -> None:
    """Switches that no number was bound to ("ep 8")."""
    for role, value in SWITCHES.items():
        for _, item in sentence.of(role):
            sentence.claim(role, value, item)


def _version(sentence: Sentence, index: int) -> Item | None:
    """ "vllm 0.11.0", "vllm==0.19", "vllm version 0.8.5"; 0.9 before "util" is no version."""
    place = sentence.beside(index, 1, VERSION_MARKS, NO_BREAK)
    if place is None:
        return None
    item = sentence.items[place]
    if item.role == "release":
        return item
    dotted = item.role == "number" and not item.value.unit and "." in sentence.words(item).strip(".")
    behind = sentence.beside(place, 1, (), NO_BREAK)
    if (
        not dotted
        or sentence.words(item).startswith(".")
        or (behind is not None and sentence.items[behind].role == "utilization")
    ):
        return None
    return item


def _version_unspaced(sentence: Sentence, engine: str) -> None:
    """The version of the command's engine in a script that puts no spaces: "lmdeploy版本:0.2.1"."""
    for match in _UNSPACED_VERSION.finditer(sentence.text):
        if match.group(1).lower() == engine:
            sentence.claims["engine_version"] = [Claim(match.group(2), *match.span(2))]


def _release_before(sentence: Sentence, index: int) -> Item | None:
    """ "v0.13.0 vllm": a release right in front of its engine."""
    item = sentence.items[index - 1] if index else None
    if item is None or item.role != "release" or item.used or _is_named(sentence, index - 1):
        return None
    return item if sentence.text[item.end : sentence.items[index].start] in CODE_ENDS else None


def _is_named(sentence: Sentence, index: int) -> bool:
    """Whether another program stands in front of its release: python 3.10.12."""
    before = sentence.items[index - 1] if index else None
    return before is not None and before.role == "unknown" and not sentence.items[index].gap


def bind_verb(sentence: Sentence) -> None:
    """explain wherever it stands; help only where no model is asked about."""
    for _, item in sentence.of("explain"):
        sentence.claim("verb", "explain", item)
    about_model = sentence.said("model") or any(problem.slot == "model" for problem in sentence.problems)
    asks_help = any(item.role in ("help", "guide") for item in sentence.items) or not (
        sentence.items or sentence.command
    )
    strange = sum(item.role == "unknown" and not item.used for item in sentence.items)
    if asks_help and not about_model and strange <= MOST_STRANGE_WORDS:
        sentence.claims["verb"] = []
        sentence.claim(
            "verb", "help", *[item for item in sentence.items if item.role in ("help", "guide")] or [Item("help", 0, 0)]
        )
