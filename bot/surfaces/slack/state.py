"""What a card must know to be computed again: it travels in the card, so that any process can answer a click."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from bot.defaults import Defaults
from bot.followup import without_log
from bot.masking import masked

VERSION = "1"
PLAIN, PACKED = "p", "z"
LONGEST_VALUE = 2000
"""Most characters of a button's value."""
LONGEST_UNPACKED = 64_000


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One question as it was asked, with what it inherited."""

    question: str
    defaults: Defaults = Defaults()  # noqa: RUF009
    chart: bool = False
    asker: str = ""
    """User id of whoever asked; empty where only they see the card."""
    changer: str = ""
    """User id of whoever last changed a shared card."""

    def __post_init__(self) -> None:
        """No secret of a paste goes into a card, a link or the store."""
        object.__setattr__(self, "question", masked(self.question))

    def asking(self, question: str) -> State:
        return replace(self, question=question)


def pack(state: State, limit: int = LONGEST_VALUE) -> str | None:
    """The state as a short text, or None where it does not fit."""
    fields: dict[str, Any] = {
        "q": without_log(state.question),
        "d": state.defaults.model_dump(exclude_defaults=True),
        "c": int(state.chart),
        "u": state.asker,
        "w": state.changer,
    }
    text = json.dumps({key: value for key, value in fields.items() if value}, ensure_ascii=False, separators=(",", ":"))
    squeezed = base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()
    shortest = min((PLAIN + text, PACKED + squeezed), key=_units)
    return VERSION + shortest if _units(shortest) < limit else None


def unpack(value: str) -> State | None:
    """The state of a card, or None where another version, or nobody, wrote it."""
    if value[:1] != VERSION or len(value) > LONGEST_VALUE:
        return None
    try:
        fields = json.loads(value[2:] if value[1:2] == PLAIN else _inflated(value[2:]))
        return State(
            question=str(fields["q"]),
            defaults=Defaults(**fields.get("d", {})),
            chart=bool(fields.get("c")),
            asker=str(fields.get("u", "")),
            changer=str(fields.get("w", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, ValidationError):
        return None


def _inflated(text: str) -> str:
    return zlib.decompressobj().decompress(base64.urlsafe_b64decode(text), LONGEST_UNPACKED).decode()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
