"""A reply as data, before any surface draws it. Every string is plain text in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from bot.contract import Answer, VerdictName


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell; number is there where the text shows one, for surfaces that sort or chart."""

    text: str
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; every row has as many cells as there are columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next: a sentence and, where there is one, the question or command to send."""

    text: str
    question: str | None = None
    command: str | None = None
    marks: tuple[str, ...] = ()
    """Parts of the command that differ from the one that was pasted."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled passage; preformatted text keeps its line breaks and columns."""

    title: str
    text: str
    preformatted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What every surface shows, most important first."""

    answer: Answer
    """The machine-readable object."""
    verdict: VerdictName
    headline: str
    """One sentence that stands alone: it is the notification."""
    language: str = "en"
    tables: tuple[Table, ...] = ()
    """First the components, then others (GPU choices)."""
    facts: tuple[str, ...] = ()
    """Largest batch, longest sequence, both KV formats: one sentence each."""
    notes: tuple[str, ...] = ()
    """Warnings: words not understood, limits of the model, weight-only formats."""
    steps: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    """Longer passages: derivations, help."""
    source: str = ""
    """Engine, version, catalog row."""
