"""The reply to a pasted log: what happened and the smallest fix first, then predicted beside measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bot import contract
from bot.amounts import count, gib
from bot.basis import held_kind
from bot.comparison import compared, comparison, computed_at_log, readings_of
from bot.contract import VerdictName
from bot.diagnosis import Case, rules
from bot.logs.phases import CAPTURING, HEALTHY, SERVING
from bot.masking import masked
from bot.measured import is_far
from bot.messages import Messages, messages
from bot.offers import Offer, filled, offers
from bot.phrasing import engine_name, names
from bot.present import understood_so_far
from bot.reply import Reply, Step
from bot.say import say

SHOWN = 6
FAILED_SENTENCES = ("full", "part", "free", "plain")
HEALTHY_SENTENCES = ("split", "requests", "tokens", "cache", "left", "buffers", "on_gpu", "plain")
"""Variants of a sentence, the one with most numbers first."""


def say_log(case: Case, *, explained: bool = False) -> Reply:
    """The reply to a log. explained: a note says why nothing beside the log is worked out."""
    text = messages(case.query.language)
    found = offers(case, text)
    cause = _cause(case, text)
    base = say(case.sized) if case.sized else _bare(case)
    asks = tuple(text(f"diagnosis.ask.{ask}") for ask in _asks(case, explained))
    verdict = _verdict(case, base)
    notes = (
        *((text("diagnosis.cut"),) if case.log.is_cut else ()),
        *_far(case, text),
        *_unexplained(case, text),
        *(base.notes if case.sized else ()),
    )
    answer = base.answer.model_copy(
        update={
            "question": case.query.text,
            "fits": {"fits": True, "tight": base.answer.fits, "does_not_fit": False}.get(verdict),
            "verdict": verdict,
            "notes": list(notes),
            "diagnosis": _diagnosis(case, cause, found, asks),
        }
    )
    failed = case.log.failure is not None and case.log.phase != HEALTHY
    return Reply(
        answer=answer,
        verdict=verdict,
        headline=" ".join((cause, *(offer.step.text for offer in found[:1] if failed))),
        language=text.language,
        tables=(*comparison(case, text), *base.tables),
        facts=(*_line(case, text), *asks, *(base.facts if case.log.phase == HEALTHY else ())),
        notes=notes,
        steps=_steps(found, text) if failed else base.steps if verdict == "fits" else (),
        assumptions=base.assumptions,
        source=base.source,
    )


def _bare(case: Case) -> Reply:
    """What is known without a model or a GPU."""
    answer = contract.Answer(question="", understood=understood_so_far(case.query))
    return Reply(answer=answer, verdict="needs", headline="")


def _verdict(case: Case, base: Reply) -> VerdictName:
    """What the log says of memory; a failure for another reason leaves that to the figures, if it never served."""
    rule = rules().get(case.log.failure or "")
    is_other = rule is not None and rule.kind == "other"
    if case.log.phase == HEALTHY or (is_other and case.log.phase == SERVING):
        return "fits"
    if is_other:
        return base.verdict
    return "does_not_fit" if case.log.failure else "needs"


# --------------------------------------------------------------------------- sentences


def _cause(case: Case, text: Messages) -> str:
    """What happened: the fullest sentence for which the log gives the numbers."""
    if case.log.phase == HEALTHY:
        return _healthy(case, text)
    failure, phase = case.log.failure, text(f"diagnosis.phase.{case.log.phase or 'none'}")
    if failure is None:
        return text("diagnosis.cause.open", stage=text(f"diagnosis.phase.{case.log.phase or case.log.stage or 'none'}"))
    values = {**case.values, "engine": _engine(case, text), "phase": phase}
    places = (f"diagnosis.cause.{failure}.{case.log.phase}", f"diagnosis.cause.{failure}")
    keys = [f"{place}.{variant}" for place in places for variant in FAILED_SENTENCES]
    return next(sentence for key in keys if (sentence := filled(text, key, values)))


def _healthy(case: Case, text: Messages) -> str:
    """That it runs, and what it holds: as printed, and for whole requests; of a cut log how far it goes."""
    if case.log.stage == CAPTURING:
        return text("diagnosis.cause.open", stage=text(f"diagnosis.phase.{CAPTURING}"))
    values: dict[str, Any] = {**case.values, "engine": _engine(case, text)}
    if case.sized and case.sized.held and (kind := held_kind(case.sized)):
        held, deployment = case.sized.held, case.sized.estimate.deployment
        values |= {
            **names(deployment, text),
            "max_batch": count(held.max_batch),
            "kv_tokens": count(held.pool.tokens),
            "pool": gib(held.pool.bytes),
            "context": count(deployment.load.batch * deployment.load.sequence_tokens),
        }
        return text(f"diagnosis.healthy.{kind}", **values)
    concurrency, length = case.log.number("concurrency"), case.log.number("concurrency_len")
    if concurrency and length:
        values |= {"max_batch": count(int(concurrency)), "tokens": count(int(length))}
    keys = (f"diagnosis.healthy.{variant}" for variant in HEALTHY_SENTENCES)
    return next(sentence for key in keys if (sentence := filled(text, key, values)))


def _engine(case: Case, text: Messages) -> str:
    return engine_name(case.engine, text) if case.engine else text("diagnosis.server")


def _line(case: Case, text: Messages) -> tuple[str, ...]:
    """The line that settled it, without secrets."""
    return (text("diagnosis.line", line=masked(case.log.line)),) if case.log.line else ()


def _asks(case: Case, explained: bool) -> Iterator[str]:
    """What the log does not settle, by name."""
    if case.log.phase is None and (case.log.failure in (None, "out_of_memory", "crash", "nccl")):
        yield "start"
    elif case.log.failure is None and case.log.phase != HEALTHY:
        yield "rest"
    if not case.engine:
        yield "engine"
    rule = rules().get(case.log.failure or "")
    if case.held or (rule and rule.kind == "other"):
        return
    if missing := [name for name in ("model", "gpu") if getattr(case.query, name) is None]:
        yield "both" if len(missing) == 2 else missing[0]
    elif case.sized is None and not explained:
        yield "model"


def _far(case: Case, text: Messages) -> tuple[str, ...]:
    """A note where the measured weights are not those of the model and format that were understood."""
    measured = readings_of(case)
    if not case.sized or not measured or not measured.weights:
        return ()
    computed = computed_at_log(case.sized)
    if not is_far(measured.weights, computed.deployment):
        return ()
    sized = names(case.sized.estimate.deployment, text)
    return (text("diagnosis.far", measured=gib(measured.weights), computed=gib(computed.memory.weights), **sized),)


def _unexplained(case: Case, text: Messages) -> tuple[str, ...]:
    """A note where it should have started by all that is known."""
    if not case.unexplained or case.sized is None:
        return ()
    return (text("diagnosis.unexplained", headroom=gib(case.sized.estimate.headroom)),)


# --------------------------------------------------------------------------- fixes


def _steps(found: list[Offer], text: Messages) -> tuple[Step, ...]:
    """At most SHOWN; of the first, which the headline tells, the command alone."""
    steps = [offer.step for offer in found[:SHOWN]]
    if steps and (first := steps[0]).command:
        steps[0] = replace(first, text=text("diagnosis.whole"))
        return tuple(steps)
    return tuple(steps[1:])


def _diagnosis(case: Case, cause: str, found: list[Offer], asks: tuple[str, ...]) -> dict[str, Any]:
    facts = {name.removeprefix("q_"): value for name, value in case.log.facts.items()}
    return {
        "phase": case.log.phase,
        "failure": case.log.failure,
        "cause": cause,
        "engine": case.log.engine,
        "facts": facts,
        "fixes": [
            {"text": offer.step.text, "flag": offer.flag or None, "command": offer.step.command} for offer in found
        ],
        "asks": list(asks),
        "comparison": [row.as_data() for row in compared(case)],
    }
