"""The command of an answer as a step, and what to watch once it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot import changed_command
from bot.amounts import count
from bot.commands import reader_of
from bot.commands.rewrite import rewritten
from bot.k8s import k8s_deployment
from bot.longer import NEEDS_VARIABLE, stretched
from bot.messages import Messages
from bot.parsing.form import K8S
from bot.phrasing import engine_name, gpus
from bot.refusals import beyond
from bot.reply import Step
from bot.resolve import Resolution
from bot.serve_command import serve_command
from bot.size import Sized
from formulas.estimate import Estimate, estimate

LONGEST_MARK = 60
"""Characters of a flag with its value in a sentence; the command has it whole."""


def command_steps(sized: Sized, text: Messages) -> Iterator[Step]:
    """In the form that was asked for, with the metrics to watch; else the command alone, where it fits."""
    asked_in_words = sized.held and sized.estimate.fits and not sized.resolution.query.command
    if sized.resolution.query.form:
        yield from _in_form(sized, sized.resolution.query.form.value, text)
    elif asked_in_words:
        yield from _starting(sized, text)


def _starting(sized: Sized, text: Messages) -> Iterator[Step]:
    """The command of a question in words that fits; a pasted one is there already."""
    if command := changed_command.command(sized.estimate, sized.resolution):
        yield Step(text("step.start"), command=command)
        return
    shorter = _at_limit(sized.estimate, sized)
    if shorter and (command := changed_command.command(shorter, _unmixed(sized.resolution))):
        yield Step(text("step.start_at_limit", limit=count(shorter.deployment.load.sequence_tokens)), command=command)


def _at_limit(result: Estimate, sized: Sized) -> Estimate | None:
    """At the model's own length, where the one asked for is beyond it."""
    limit = result.deployment.model.max_length
    return estimate(result.deployment.at(sequence_tokens=limit)) if limit and beyond(sized.resolution) else None


def _unmixed(resolution: Resolution) -> Resolution:
    """Without the lengths of a mix, of which a command states the longest."""
    return replace(resolution, query=replace(resolution.query, mix=None))


def stretch_step(sized: Sized, text: Messages) -> Iterator[Step]:
    """A refused length as the model's card has it served: the pasted command with rope scaling."""
    paste, deployment = sized.resolution.query.paste, sized.estimate.deployment
    flags = stretched(deployment, deployment.load.sequence_tokens)
    only_length = all(refusal.key == "refusal.length" for refusal in sized.refusals)
    if paste is None or not flags or not only_length or not sized.estimate.fits:
        return
    line, variable = rewritten(paste, flags), NEEDS_VARIABLE.get(deployment.engine)
    if line and variable:
        line = f"{variable} {line}"
    if line:
        yield marked_step(text("step.stretch"), line, changed_command.marks(flags, sized.resolution), text)


def _short(mark: str) -> str:
    """A changed flag as a sentence names it: without a value that is too long to be read."""
    return mark if len(mark) <= LONGEST_MARK else mark.split()[0]


def marked_step(
    sentence: str, command: str, marks: tuple[str, ...], text: Messages, gone: tuple[str, ...] = ()
) -> Step:
    """A sentence that names what is changed in its command and what is left out of it."""
    named = {
        "changed": [_short(mark) for mark in marks if f"`{mark}`" not in sentence],
        "without": list(gone),
    }
    parts = [
        text(f"step.{key}", flags=", ".join(f"`{words}`" for words in flags)) for key, flags in named.items() if flags
    ]
    return Step(f"{sentence} ({'; '.join(parts)})" if parts else sentence, command=command, marks=marks)


def _in_form(sized: Sized, form: str, text: Messages) -> Iterator[Step]:
    result = _estimate(sized)
    command = _written(result, sized.resolution, form)
    key = "step.start_on" if result.fits else "step.start_anyway"
    if command is None and (shorter := _at_limit(result, sized)):
        result, key = shorter, "step.start_at_limit"
        command = _written(result, _unmixed(sized.resolution), form)
    if command is None:
        yield Step(text("step.no_command", engine=engine_name(form, text)))
        return
    deployment = result.deployment
    on = gpus(deployment.gpu.name, deployment.layout.gpu_count)
    yield Step(text(key, gpus=on, limit=count(deployment.load.sequence_tokens)), command=command)
    if watched := _watch(deployment.engine):
        yield Step(text("step.watch", metrics=watched))


def _written(result: Estimate, resolution: Resolution, form: str) -> str | None:
    write = k8s_deployment if form == K8S else serve_command
    return write(result.deployment, changed_command.asked(result, resolution))


def _estimate(sized: Sized) -> Estimate:
    """The answer's own, or where no GPU was named that of the fewest GPUs that hold it."""
    if sized.held or not sized.gpus:
        return sized.estimate
    return min(sized.gpus, key=lambda choice: (choice.gpu_count, choice.size)).estimate


def _watch(engine_key: str) -> str:
    """A command that prints the metrics of running, waiting and cached, by the names that they have in the engine."""
    reader = reader_of(engine_key)
    serve = reader.table.serve if reader else {}
    names = [re.sub(r"\s", "", name) for name in serve.get("watch", ())]
    if not names:
        return ""
    found = "|".join(names)
    pattern = f"-oE '\"({found})\": ?[0-9]+'" if serve.get("watch_json") else f"-E '{found}'"
    return f"curl -s localhost:{serve['port']}/metrics | grep {pattern}"
