"""What a pasted command states, and what about it the reader of the answer must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.commands.shell import Token


class Setting(NamedTuple):
    """A value from a flag and where it stands."""

    value: Any
    kind: str
    start: int
    end: int


class Remark(NamedTuple):
    """Something about one flag: key of a sentence, the words as they were written, and what they were taken for."""

    key: str
    words: str
    taken: str = ""


@dataclass(slots=True)
class Command:
    """What a serve command states; values of kind format are still the engine's own names."""

    engine: str
    table: str
    """Name of the flag table: ollama has one of its own and runs llama.cpp."""
    start: int
    end: int
    settings: dict[str, Setting] = field(default_factory=dict)
    """By field of Query, the last one stated."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Other values by name."""
    values: Mapping[str, str] = field(default_factory=dict)
    unread: list[Token] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    flags: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Flag -> (as it was written, its value), in order: what a changed command is made from."""
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Flag -> where it and its value stand."""
    text: str = ""
    """The text that it stands in; empty where it is no line for a shell (specifications, Python, files)."""
    env: dict[str, str] = field(default_factory=dict)
    cards: int | None = None
    """GPUs that the container or the environment gives it."""
    besides: frozenset[str] = frozenset()
    """Flags of the program that starts the engine: a benchmark, KServe's server."""
    is_program: bool = True
    """Of an engine by its own name, not by the image that it runs in."""
    is_code: bool = False
    """A call in a program."""
    is_map: bool = False
    """Keys and values instead of flags: a configuration file, a Python call."""
    is_kin: bool = False
    """Run by a fork or wrapper of its engine, whose flags and values the table knows only in part."""
    underscored: bool = False
    """Its engine takes flags with underscores alone."""
    is_request: bool = False
    """Options of a request to a running server."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Parts of the text that belong to the paste and are no words of the question."""

    def set(self, slot: str, value: Any, kind: str, *where: Token) -> None:
        """State a field; what was stated before yields, as it does on a command line."""
        before = self.settings.get(slot)
        if before and before.value != value:
            self.remarks.append(Remark("repeated", " ".join(word.text for word in where), str(before.value)))
        self.settings[slot] = Setting(value, kind, where[0].start, where[-1].end)

    def states(self, slot: str) -> bool:
        return slot in self.settings
