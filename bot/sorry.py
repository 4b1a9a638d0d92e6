"""A question that cannot be answered: one sentence, the offending words, and what to ask instead."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from typing import Any

from bot import contract
from bot.commands import reader_of
from bot.errors import QuestionError
from bot.messages import Messages, messages
from bot.present import understood_so_far
from bot.query import Query
from bot.reply import Reply, Step
from bot.traces import frames

AT_FAULT = {"unknown_model": "model", "empty": "model", "unknown_gpu": "gpu"}
"""The field that errors of a kind are always about."""
MOST_READ = 8
"""Flags that a refusal repeats."""
VARIABLE = re.compile(r"\$\{?[\w:.]+\}?|\$\([\w. ]+\)|%\w+%|\$\{[^{}]*\}")
"""A name that a script sets elsewhere."""


def sorry(query: Query, error: QuestionError) -> Reply:
    """The reply for an error of the question."""
    text = messages(query.language)
    code = error.message.partition(".")[0]
    keys = _keys(error.message, code)
    values = error.values
    if code == "unknown_model":
        named = str(query.model.value if query.model else (values.get("words") or ("",))[0])
        if VARIABLE.fullmatch(named):
            keys = ("error.unknown_model.variable", *keys)
        elif "$" in named:
            values = {**values, "words": (named,)}
    sentence = text.first(*keys, **readable(values, text))
    reply = _reply(query, error.code, sentence, _questions(query, error), text)
    if reply.answer.error:
        reply.answer.error.slot = _slot(error)
    return reply


def _keys(message: str, code: str) -> tuple[str, ...]:
    """The sentence of this error, else that of its kind."""
    return f"error.{message}", f"error.{code}.value", f"error.{code}.question"


def _slot(error: QuestionError) -> str | None:
    """The field of the question that is at fault."""
    slot = error.values.get("slot") or AT_FAULT.get(error.code)
    return slot if slot in contract.Understood.model_fields else None


def _questions(query: Query, error: QuestionError) -> tuple[str, ...]:
    """Suggestions as questions to send: a suggested name takes the place of the word that nobody knows."""
    words = error.values.get("words") or ("",)
    if not error.code.startswith("unknown") or words[0] not in query.text:
        return error.suggestions
    return tuple(query.text.replace(words[0], name, 1) for name in error.suggestions)


def internal_error(query: Query, error: Exception, log: logging.Logger) -> Reply:
    """The reply for an error of ours, with a reference that finds it in the log; nothing of the question is logged."""
    reference = secrets.token_hex(4)
    log.error("answer failed, reference %s\n%s", reference, "\n".join(frames(error)))
    text = messages(query.language)
    return _reply(query, "internal", f"{text('error.unsupported.internal')} ({reference})", (), text)


def _reply(query: Query, code: str, sentence: str, suggestions: tuple[str, ...], text: Messages) -> Reply:
    answer = contract.Answer(
        question=query.text,
        understood=understood_so_far(query),
        verdict="error",
        error=contract.Error(code=code, message=sentence, suggestions=list(suggestions)),
    )
    steps = tuple(Step(text("label.suggestion"), question=suggestion) for suggestion in suggestions)
    return Reply(
        answer=answer,
        verdict="error",
        headline=sentence,
        language=text.language,
        facts=tuple(_read_so_far(query, text)),
        steps=steps,
    )


def _read_so_far(query: Query, text: Messages) -> Iterator[str]:
    """The flags of a pasted command that were read, so that nobody types them again."""
    paste = query.paste
    flags = [f"`{' '.join(filter(None, flag))}`" for flag in paste.flags.values() if flag[0]] if paste else []
    flags += [f"`{name}={value}`" for name, value in _variables(query)]
    if flags and paste and paste.settings:
        yield text("error.read", words=", ".join(flags[:MOST_READ]))


def _variables(query: Query) -> Iterator[tuple[str, str]]:
    """The variables of a pasted command that stand for flags."""
    reader = reader_of(query.paste.table) if query.paste else None
    known = reader.table.env if reader else {}
    return ((name, value) for name, value in query.extra.get("env", {}).items() if name in known)


def readable(values: dict[str, Any], text: Messages) -> dict[str, str]:
    """Values as they stand in a sentence."""
    from bot.phrasing import readable as one

    return {
        key: text(f"layout_problem.{value}") if key == "reason" else one(value, text) for key, value in values.items()
    }
