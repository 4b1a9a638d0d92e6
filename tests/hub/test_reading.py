"""JSON from outside is read within limits."""

from __future__ import annotations

import json

import pytest

from catalog.reading import DEEPEST, Unreadable, read_json, read_object

MOST = 10_000_000


def test_plain_json_is_read() -> None:
    """What json reads is what comes back."""
    value = {"a": [1, 2.5, None, "x"], "b": {"c": True}}
    assert value == read_object(json.dumps(value), most_bytes=MOST)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a": 1e400}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"a": 1} x',
    ],
)
def test_harm_is_refused(text: bytes) -> None:
    """Damage, numbers beyond all bounds and nesting beyond all sense are one error."""
    with pytest.raises(Unreadable):
        read_json(text, most_bytes=MOST)


def test_the_deepest_level_is_read() -> None:
    """The limit itself is allowed."""
    text = "[" * DEEPEST + "]" * DEEPEST
    assert json.loads(text) == read_json(text, most_bytes=MOST)


def test_size_is_limited() -> None:
    """One byte too many is too many."""
    assert 1 == read_json(b"1 ", most_bytes=2)
    with pytest.raises(Unreadable):
        read_json(b"1  ", most_bytes=2)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"'])
def test_an_object_is_an_object(text: str) -> None:
    """Where an object is needed, nothing else will do."""
    with pytest.raises(Unreadable):
        read_object(text, most_bytes=MOST)
