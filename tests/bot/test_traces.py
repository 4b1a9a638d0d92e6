"""What of an exception may be logged."""

from __future__ import annotations

import logging

import pytest

import bot.answer
from bot.traces import frames

QUOTED = "zebra"


def caught() -> Exception:
    """An exception and its cause, both quoting a person."""
    try:
        try:
            int(QUOTED)
        except ValueError as cause:
            raise KeyError(QUOTED) from cause
    except KeyError as error:
        return error


def test_frames_tell_where_not_what() -> None:
    """A traceback without messages, causes first, the place among them."""
    told = frames(caught())
    assert ["ValueError", "KeyError"] == [line for line in told if line.endswith("Error")]
    assert [" caught", " caught"] == [line[-7:] for line in told if __file__ in line]
    assert QUOTED not in "\n".join(told)


def test_exceptions_that_cause_each_other_end() -> None:
    """A circle of causes is told once round."""
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert ["KeyError", "ValueError"] == frames(first)


def test_an_error_of_ours_keeps_the_question_out_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """answer() shows a reference; the log has the places in the code under it, never what the exception quoted."""

    def broken(query: object) -> None:
        raise caught()

    monkeypatch.setattr(bot.answer, "resolve", broken)
    with caplog.at_level(logging.DEBUG):
        reply = bot.answer.answer(f"{QUOTED} on h100")
    reference = reply.headline.rpartition("(")[2].rstrip(")")
    formatted = caplog.handler.format(caplog.records[-1])
    assert ("error", "internal") == (reply.verdict, reply.answer.error.code if reply.answer.error else None)
    assert reference in formatted
    assert "answer.py" in formatted
    assert QUOTED not in caplog.text + formatted
