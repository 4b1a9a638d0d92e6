"""What to do next: the command that starts it, changes that were solved, the guide's advice; the cheapest first."""

from __future__ import annotations

from collections.abc import Iterator

from bot import changed_command, present
from bot.advice import Advice, Facts, advise
from bot.advice_facts import facts_of
from bot.amounts import count, gib
from bot.changed_settings import surely_fits
from bot.changes import Changed, settled
from bot.command_steps import command_steps, marked_step, stretch_step
from bot.messages import Messages
from bot.ollama import is_ollama, kept_flag
from bot.phrasing import gpus, is_audio, layout_text
from bot.questions import question
from bot.reply import Step
from bot.size import Sized, best_choice

SHOWN = 6
BEFORE_CHANGES = 10
"""Advice of a smaller priority number says how to read the answer, so it comes first."""
WORTH_ASKING = 4
"""A batch or length of less than one part in so many is no answer to the question."""
TRIED = frozenset({"weights", "kv_cache", "batch", "sequence_tokens", "gpu_count"})
"""What is tried one by one where a question does not fit on the GPUs that it names."""
WATCH = "watch_"
"""Advice on what to watch, which a command in a form brings itself."""
ANY_GPU = "gpu=?"
MENDED, STRETCH = "mended", "stretch"
"""Kinds of steps that put a refused command right."""

COSTS = (
    ("max_batched_tokens", "enforce_eager", "images"),
    ("sequence_tokens", "max_sequences", "batch"),
    ("kv_cache",),
    ("weights",),
    ("gpu_layers", "gpu_count", "gpu"),
)
"""Kinds of changes by what they cost: some throughput; shorter or fewer requests; quality of the cache, of the model;
other hardware. All others cost nothing."""


def steps(sized: Sized, text: Messages) -> tuple[Step, ...]:
    """At most SHOWN steps; a refused command is put right, and no more advised on than what makes it fit."""
    if sized.refusals:
        forms = command_steps(sized.accepted, text) if sized.accepted else ()
        return (*forms, *(step for _, step in solved(sized, text)), *_elsewhere(sized, text))[:SHOWN]
    facts = facts_of(sized)
    rows = [row for row in advise(facts) if not (_is_solved(row, sized) or _is_watched(row, sized))]
    found = [
        *command_steps(sized, text),
        *_on_card(sized, text),
        *(_advice(row, sized, facts, text) for row in rows if row.priority < BEFORE_CHANGES),
        *(step for _, step in solved(sized, text)),
        *(_advice(row, sized, facts, text) for row in rows if row.priority >= BEFORE_CHANGES),
    ]
    return tuple(found[:SHOWN])


def solved(sized: Sized, text: Messages) -> Iterator[tuple[str, Step]]:
    """What each change is of, and its step: a refused command put right, then the changes that turn the answer."""
    if sized.refusals:
        yield from _put_right(sized, text)
        yield from solved(sized.accepted, text) if sized.accepted else ()
        return
    helping = [change for change in sized.changes if _helps(change, sized)]
    if sized.resolution.query.paste:
        helping.sort(key=lambda change: cost(kind_of(change)))
    yield from ((kind_of(change), change_step(change, sized, text)) for change in helping)


def _put_right(sized: Sized, text: Messages) -> Iterator[tuple[str, Step]]:
    """A refused command as its engine takes it, and with rope scaling where its length is refused."""
    if sized.accepted and sized.accepted.estimate.fits:
        yield MENDED, change_step(sized.changes[0], sized.accepted, text, kind=MENDED)
    yield from ((STRETCH, step) for step in stretch_step(sized, text))


def _elsewhere(sized: Sized, text: Messages) -> tuple[Step, ...]:
    """What to do where no flag puts it right."""
    if sized.accepted:
        return ()
    keys = dict.fromkeys(refusal.key.replace("refusal", "step") for refusal in sized.refusals)
    values = {name: value for refusal in sized.refusals for name, value in refusal.values.items()}
    return tuple(Step(text(key, **values)) for key in keys if key in text)


def cost(kind: str) -> int:
    """The place of a kind of change among COSTS, 0 for what costs nothing."""
    return next((place for place, kinds in enumerate(COSTS, 1) if kind in kinds), 0)


def kind_of(change: Changed) -> str:
    """What a change is of: kv_cache, gpu_count, batch ..."""
    return change.change.partition("=")[0]


def _is_solved(row: Advice, sized: Sized) -> bool:
    """Whether the solver tried what the row advises: its own step stands there, or none because it does not help."""
    kind = (row.change or "").partition("=")[0]
    tried = TRIED if sized.held and sized.verdict != "fits" else frozenset()
    return kind in tried or kind in set(map(kind_of, sized.changes))


def _is_watched(row: Advice, sized: Sized) -> bool:
    """Whether the command in the form that was asked for says what to watch."""
    return sized.resolution.query.form is not None and row.key.startswith(WATCH)


def _on_card(sized: Sized, text: Messages) -> Iterator[Step]:
    """The question on the card that the headline names."""
    if sized.gpus:
        best = best_choice(sized.gpus)
        sentence = text("step.on_card", gpus=gpus(best.gpu.name, best.gpu_count))
        yield Step(sentence, question=question(best.estimate.deployment))


def _helps(change: Changed, sized: Sized) -> bool:
    """Whether the change turns the answer, and is not most of the question given up."""
    if sized.held is None:
        return change.estimate.memory.total < sized.estimate.memory.total
    if sized.verdict == "fits" or not surely_fits(change.estimate):
        return False
    here, there, kind = sized.estimate.deployment.load, change.estimate.deployment.load, kind_of(change)
    if kind == "sequence_tokens":
        return there.sequence_tokens * WORTH_ASKING >= here.sequence_tokens and not is_audio(sized.estimate.deployment)
    return there.batch * WORTH_ASKING >= here.batch


def change_step(change: Changed, sized: Sized, text: Messages, *, kind: str | None = None) -> Step:
    """One change in a sentence, with the whole command; what of a pasted one is different in it is marked."""
    deployment, named = change.estimate.deployment, sized.resolution.gpu_named
    kind = kind or kind_of(change)
    kind = "slots" if kind == "batch" and sized.resolution.query.paste else kind
    command = changed_command.command(change.estimate, sized.resolution)
    sentence = text(
        f"step.{kind}" if named else f"step.{kind}_needs",
        gain=_gain(change, sized, text),
        max_batch=count(deployment.load.batch),
        longest=count(deployment.load.sequence_tokens),
        flag=kept_flag("gpu_layers", deployment.settings.gpu_layers, ollama=is_ollama(sized.resolution.query)),
        max_sequences=count(deployment.settings.max_sequences or 0),
        max_batched_tokens=count(deployment.settings.max_batched_tokens or 0),
        utilization=f"{change.estimate.plan.utilization:.3g}",
        weights=deployment.weights.key,
        gpus=gpus(deployment.gpu.name, deployment.layout.gpu_count),
        layout=layout_text(deployment.layout, text, deployment.engine),
        total=gib(change.estimate.memory.total),
    )
    marks = changed_command.changed_marks(change.estimate, sized.resolution)
    gone = changed_command.dropped(changed_command.changed_flags(change.estimate, sized.resolution), sized.resolution)
    if not command or not (marks or gone):
        return Step(sentence, question=present.asked_again(change.estimate, sized.resolution), command=command)
    return marked_step(sentence, command, marks, text, gone)


def _gain(change: Changed, sized: Sized, text: Messages) -> str:
    """What the change leads to, in the terms of the question, and whether only just."""
    if sized.resolution.query.command:
        tokens = count(change.estimate.deployment.load.sequence_tokens)
        gain = text("label.room", max_batch=count(change.max_batch), tokens=tokens)
    elif sized.resolution.solve_for == "sequence":
        gain = text("label.longest", longest=count(change.longest))
    else:
        gain = text("label.max_batch", max_batch=count(change.max_batch))
    return text("label.gain_tight", gain=gain) if settled(change.estimate, sized.resolution) == "tight" else gain


def _advice(row: Advice, sized: Sized, facts: Facts, text: Messages) -> Step:
    asked = question(sized.estimate.deployment, on_gpu=False) if row.change == ANY_GPU else None
    return Step(row.sentence(facts, text.language), question=f"{text('step.which_gpu')} {asked}" if asked else None)
