"""The card's own words, one TOML file a language beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("words")
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """One field per key of a language file."""

    assumed: str
    next: str
    examples: str
    notes: str
    used: str
    rows_left_out: str
    left_out: str
    waiting: str
    failure: str
    unreadable: str


@cache
def languages() -> frozenset[str]:
    """Codes of the languages there is a file for."""
    return frozenset(path.stem for path in FOLDER.glob("*.toml"))


@cache
def words(language: str = DEFAULT) -> Words:
    """The words of `language`, or the English ones where there is no such file."""
    code = language if language in languages() else DEFAULT
    return Words(**tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8")))
