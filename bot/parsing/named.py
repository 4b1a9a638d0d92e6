"""Models, engines with their versions, switches, and the verb of a question."""

from __future__ import annotations

from bot.parsing.items import Item, Sentence
from bot.parsing.split import NO_BREAK

SWITCHES = {"enforce_eager": True, "expert_parallel": True}
"""Words that say something by being there."""
CARD_STATES = {"ecc_on": ("ecc", True), "ecc_off": ("ecc", False), "wsl": ("wsl", True)}
MOST_STRANGE_WORDS = 1
"""A plea for help with more unknown words is about something else."""
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
        version = _version(sentence, index)
        sentence.claim("engine", item.value, item)
        if version:
            sentence.claim("engine_version", sentence.words(version).lower().lstrip("vb"), version)
    if "engine" in sentence.claims and "engine_version" not in sentence.claims:
        for index, _ in sentence.of("version"):
            if version := _version(sentence, index):
                sentence.claim("engine_version", sentence.words(version).lower().lstrip("vb"), version)
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
