"""What words beside a pasted command change in it, worked out beside the command as it stands."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from bot import contract
from bot.amounts import count, gib
from bot.changed_command import command
from bot.errors import QuestionError
from bot.messages import Messages, messages
from bot.present import answer, asked_again
from bot.query import Attempt, Query, Said
from bot.questions import question
from bot.reply import Reply
from bot.resolve import Resolution, resolve
from bot.size import Sized, size
from bot.sorry import sorry
from formulas.deployment import PARALLEL

VERDICTS = {"fits": "starts", "tight": "tight", "does_not_fit": "does_not_start"}


def with_tried(reply: Reply, query: Query, given: Resolution | None) -> Reply:
    """The reply with a sentence on each change, and an alternative where it can be sized.

    given: the command as it stands, for the line with the change in it.
    """
    text = messages(reply.language)
    facts: list[str] = []
    found: list[contract.Alternative] = []
    for attempt in query.tried:
        try:
            sized = size(resolve(_changed(query, attempt, given)))
        except QuestionError as error:
            facts.append(text("tried.refused", words=_quoted(attempt.words), reason=sorry(query, error).headline))
            continue
        facts.append(_sentence(sized, attempt, text))
        found.append(_alternative(sized, attempt, given))
    alternatives = [*found, *reply.answer.alternatives]
    return replace(
        reply, facts=(*facts, *reply.facts), answer=reply.answer.model_copy(update={"alternatives": alternatives})
    )


def _changed(query: Query, attempt: Attempt, given: Resolution | None) -> Query:
    """The question with the change; what a log measured is of the command as it stands."""
    said: dict[str, Any] = dict(attempt.said)
    if query.measured and given and not query.logged_at:
        said["logged_at"] = Said(question(given.deployment), "")
    changed = replace(query, **said, extra={**query.extra, **attempt.extra}, tried=())
    return _on_cards_in_use(changed) if said.keys() & set(PARALLEL) else changed


def _on_cards_in_use(query: Query) -> Query:
    """Without the number of cards where its parallel sizes use fewer, which then are those that it needs."""
    sizes = [each.value for slot in PARALLEL if (each := getattr(query, slot))]
    return replace(query, gpu_count=None) if query.gpu_count and prod(sizes) < query.gpu_count.value else query


def _quoted(words: str) -> str:
    return f"`{words}`" if words.startswith("-") else f"“{words}”"


def _sentence(sized: Sized, attempt: Attempt, text: Messages) -> str:
    if sized.held is None:
        return text("tried.alone", words=_quoted(attempt.words), total=gib(sized.estimate.memory.total))
    return text(
        "tried.held",
        words=_quoted(attempt.words),
        verdict=text(f"tried.{VERDICTS.get(sized.verdict, 'does_not_start')}"),
        total=gib(sized.estimate.memory.total),
        usable=gib(sized.estimate.usable),
        max_batch=count(sized.held.max_batch),
        tokens=count(sized.estimate.deployment.load.sequence_tokens),
    )


def _alternative(sized: Sized, attempt: Attempt, given: Resolution | None) -> contract.Alternative:
    held = sized.held
    return contract.Alternative(
        change=", ".join(f"{slot}={said.value}" for slot, said in attempt.said.items()) or attempt.words,
        fits=answer(sized).fits,
        verdict=sized.verdict,
        max_batch=held.max_batch if held else None,
        max_sequence_tokens=held.longest if held else None,
        command=command(sized.estimate, given or sized.resolution),
        question=asked_again(sized.estimate, sized.resolution),
    )
