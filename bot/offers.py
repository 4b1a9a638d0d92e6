"""The fixes of a failed start as steps: each tried, as the whole command where it is known, the cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from bot import changed_command
from bot.changed_settings import surely_fits
from bot.command_steps import marked_step
from bot.commands.rewrite import Change, rewritten
from bot.diagnosis import SOLVED, Case, Fix
from bot.fixes import fixes
from bot.messages import Messages
from bot.reply import Step
from bot.steps import cost, solved

KINDS = {
    "free_card": "free_bytes",
    "eager": "enforce_eager",
    "images": "images",
    "length_halved": "sequence_tokens",
    "cache_8_bit": "kv_cache",
    "lighter": "weights",
    "spread": "gpu_count",
    "layers_fewer": "gpu_layers",
    "layers_fewer_ollama": "gpu_layers",
    "experts_on_host": "gpu_layers",
}
"""What a fix changes, where its settings do not say it."""


class Offer(NamedTuple):
    """One thing to do about a failed start."""

    kind: str
    """What it changes; of two of a kind the first is offered."""
    step: Step
    flag: str = ""
    """What to state, as it is written."""


def offers(case: Case, text: Messages) -> list[Offer]:
    """Everything that may help, the cheapest first; what would not start is left out."""
    found = sorted(_found(case, text), key=lambda offer: cost(offer.kind))
    kept: dict[str, Offer] = {}
    for offer in found:
        commands = {other.step.command for other in kept.values() if other.step.command}
        if offer.step.command not in commands:
            kept.setdefault(offer.kind, offer)
    return list(kept.values())


def _found(case: Case, text: Messages) -> Iterator[Offer]:
    for fix in fixes(case):
        if fix.name == SOLVED and case.sized:
            for kind, step in solved(case.sized, text):
                yield Offer(kind, step, ", ".join(step.marks))
        elif fix.name != SOLVED and (offer := _offer(case, fix, text)):
            yield offer


def _offer(case: Case, fix: Fix, text: Messages) -> Offer | None:
    """A fix with its sentence; None where the sentence lacks a value, or the server would not start."""
    kind = KINDS.get(fix.name) or next(iter(fix.settings), fix.name)
    if fix.settings and case.held:
        return _tried(case, fix, kind, text)
    sentence = filled(text, f"diagnosis.fix.{fix.name}", dict(fix.values))
    if not sentence:
        return None
    return Offer(kind, _rewritten(case, fix, sentence, text), fix.flag)


def _tried(case: Case, fix: Fix, kind: str, text: Messages) -> Offer | None:
    result = case.tried(fix.settings)
    if result is None or not (surely_fits(result) or fix.printed) or case.right is None:
        return None
    resolution = case.right.resolution
    if result.deployment == resolution.deployment:
        return None
    changes = changed_command.changed_flags(result, resolution)
    marks = changed_command.changed_marks(result, resolution)
    marks = marks or tuple(change.words for change in changes if change.words)
    values = {**fix.values, "flag": "`, `".join(marks) or fix.flag}
    sentence = filled(text, f"diagnosis.fix.{fix.name}", values)
    command = changed_command.command(result, resolution)
    if not sentence:
        return None
    gone = changed_command.dropped(changes, resolution)
    step = marked_step(sentence, command, marks, text, gone) if command and marks else Step(sentence, command=command)
    return Offer(kind, step, ", ".join(marks) or fix.flag)


def _rewritten(case: Case, fix: Fix, sentence: str, text: Messages) -> Step:
    """The pasted command with a fix that cannot be tried: model or GPU are not known, or it is no matter of memory."""
    paste, change = case.query.paste, fix.stated or _change(case, fix)
    if paste is None or change is None or (case.right and case.held and not case.right.estimate.fits):
        return Step(sentence)
    line = rewritten(paste, [change])
    return marked_step(sentence, line, tuple(filter(None, (change.words,))), text) if line else Step(sentence)


def _change(case: Case, fix: Fix) -> Change | None:
    """The flag of what a fix sets, with its value."""
    slot = next(iter(fix.settings), "")
    flag = case.flag(slot) if slot else None
    value = fix.settings.get(slot)
    return Change(flag, None if value is True else f"{value:g}") if flag else None


def filled(text: Messages, key: str, values: dict[str, Any]) -> str:
    """The sentence, or nothing where there is none or a value of it is not known."""
    if key not in text:
        return ""
    try:
        return text(key, **values)
    except KeyError:
        return ""
