"""Strings on their way to Slack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.surfaces.slack.text import EMPTY, clip, escape, pieces, units
from bot.words import languages


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Qwen3-32B", 9, "Qwen3-32B"),
        ("Qwen3-32B", 8, "Qwen3-3…"),
        ("👩👩👩", 6, "👩👩👩"),
        ("👩👩👩", 5, "👩👩…"),
        ("", 5, EMPTY),
        (" \n\t ", 5, EMPTY),
        ("a\x00b\x1bc\ud800", 9, "abc"),
        ("80\u202eGiB\u2066", 9, "80GiB"),
        ("a\r\nb\rc", 9, "a\nb\nc"),
        ("mô hình", 9, "mô hình"),
    ],
)
def test_clip(text: str, limit: int, expected: str) -> None:
    """Cut with …, counted as UTF-16, without control and direction marks, never empty."""
    assert expected == clip(text, limit)


@given(st.text(max_size=300), st.integers(2, 50))
def test_pieces_keep_within_the_limit(text: str, limit: int) -> None:
    """Every piece has its length and something to read."""
    assert all(1 <= units(piece) <= limit for piece in pieces(text, limit))


def test_pieces_break_at_line_ends() -> None:
    """Lines stay whole where they can."""
    assert ["one\ntwo", "three"] == pieces("one\ntwo\nthree", 9)


def test_escape() -> None:
    """The three characters that mrkdwn gives a meaning, each once."""
    assert "&lt;!channel&gt; &amp;amp;" == escape("<!channel> &amp;")


@pytest.mark.parametrize("code", languages())
def test_every_language_has_every_label(code: str) -> None:
    """Each language file has the labels of the English one, none of them empty."""
    english, labels = (languages()[each]["messages"]["slack"] for each in ("en", code))
    assert english.keys() == {key for key, label in labels.items() if label}
