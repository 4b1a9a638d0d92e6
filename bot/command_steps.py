"""The command of an answer as a step, and what to watch once it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot import present
from bot.commands import reader_of
from bot.k8s import k8s_deployment
from bot.messages import Messages
from bot.parsing.form import K8S
from bot.phrasing import engine_name, gpus
from bot.reply import Step
from bot.serve_command import serve_command
from bot.size import Sized
from formulas.estimate import Estimate


def command_steps(sized: Sized, text: Messages) -> Iterator[Step]:
    """In the form that was asked for, with the metrics to watch; else the command alone, where it fits."""
    if sized.resolution.query.form:
        yield from _in_form(sized, sized.resolution.query.form.value, text)
    elif command := _own(sized):
        yield Step(text("step.start"), command=command)


def _own(sized: Sized) -> str | None:
    """The command of a question in words that fits; a pasted one is there already."""
    asked_in_words = sized.held and sized.estimate.fits and not sized.resolution.query.command
    return present.command(sized.estimate, sized.resolution) if asked_in_words else None


def _in_form(sized: Sized, form: str, text: Messages) -> Iterator[Step]:
    result = _estimate(sized)
    deployment = result.deployment
    asked = present.asked(result, sized.resolution)
    write = k8s_deployment if form == K8S else serve_command
    command = write(deployment, asked)
    if command is None:
        yield Step(text("step.no_command", engine=engine_name(form, text)))
        return
    on = gpus(deployment.gpu.name, deployment.layout.gpu_count)
    yield Step(text("step.start_on" if result.fits else "step.start_anyway", gpus=on), command=command)
    if watched := _watch(deployment.engine):
        yield Step(text("step.watch", metrics=watched))


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
    return f"curl -s localhost:{serve['port']}/metrics | grep -E '{'|'.join(names)}'" if names else ""
