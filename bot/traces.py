"""Tracebacks that say where and never what: an exception's message may quote a person."""

from __future__ import annotations

import traceback


def frames(error: BaseException) -> list[str]:
    """The traceback as "file:line function" with each exception's type, causes first, without messages."""
    return [line for part in _causes_first(error) for line in (*_places(part), type(part).__name__)]


def _causes_first(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and not any(link is known for known in chain):
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain[::-1]


def _places(error: BaseException) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
