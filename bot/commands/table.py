"""Flag tables: which flags an engine has, what they set, and how their values are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from catalog.kept import toml

Kind = Literal["whole", "length", "share", "format", "text", "switch", "skip_value", "skip_switch"]


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: the field of Query it sets ("" for none) and how its value is read."""

    slot: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """An engine's flags, the words that start its command, and values that stand for others."""

    engine: str
    source: str
    heads: tuple[tuple[str, ...], ...]
    images: tuple[str, ...]
    """Container images that run it; their tag is the version."""
    positional_model: bool
    flags: dict[str, Flag]
    values: dict[str, str]
    """Format names of this engine -> format keys; "" where a name settles none."""


def load_table(name: str) -> Table:
    """The table bot/commands/<name>.toml."""
    data = toml(Path(__file__).with_name(f"{name}.toml"))
    flags: dict[str, Flag] = {}
    for slot, row in data["sets"].items():
        flags |= {flag: Flag(slot, row["kind"]) for flag in row["flags"]}
    flags |= {flag: Flag("", "skip_value") for flag in data.get("other_values", ())}
    flags |= {flag: Flag("", "skip_switch") for flag in data.get("other_switches", ())}
    return Table(
        engine=data["engine"],
        source=data["source"],
        heads=tuple(tuple(head.split()) for head in data["heads"]),
        images=tuple(data.get("images", ())),
        positional_model=data["positional_model"],
        flags=flags,
        values=data.get("values", {}),
    )
