"""Flag tables: which flags an engine has in which release, what they set, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from catalog.kept import toml

KINDS = frozenset("whole length share number loose format text switch maybe_switch pairs json skip".split())
"""How a value is read; loose: a number or a word, maybe_switch: a switch that may have a value."""

HOW_NEAR = 0.84
"""Likeness (difflib ratio) from which a flag that the engine does not have is taken for one that it has."""
SHORTEST_NEAR = 8


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: the field of Query it sets, the name under which it is kept besides, and how its value is read."""

    name: str
    slot: str
    also: str
    kind: str


@dataclass(frozen=True, slots=True)
class Found:
    """A flag as it was written: exact, the start of one (argparse takes that), or only like one."""

    flag: Flag
    how: Literal["exact", "start", "near"]
    turned_off: bool = False
    key: str = ""
    """What stands behind a dot: --speculative-config.method."""


@dataclass(frozen=True)
class Table:
    """An engine's flags, the words that start its command, and values that stand for others."""

    engine: str
    source: str
    release: str
    """The newest release whose definitions were read."""
    heads: tuple[tuple[str, ...], ...]
    images: tuple[str, ...]
    """What the names of container images that run it contain; their tag is the version."""
    positional_model: bool
    takes_starts: bool
    flags: Mapping[str, Flag]
    values: Mapping[str, str]
    """Format names of this engine -> format keys; "" where a name settles none."""
    env: Mapping[str, str]
    """Environment variable -> the flag that it stands for."""
    json: Mapping[str, Mapping[str, str]]
    """Flag with a JSON value -> key inside it -> name under which it is kept."""
    options: frozenset[str]
    """Flags that name a file of further settings, which may stand in the same paste."""
    first: Mapping[str, str]
    """Flag -> the first release that has it, where an older one that was read has not."""
    gone: Mapping[str, str]
    """Flag -> the first release without it."""

    calls: frozenset[str]
    """Functions and classes of its Python interface whose arguments are its flags."""
    package: str
    """What a program imports, where others have functions of the same name."""
    bench: frozenset[str]
    """Flags of its benchmarks, which take those of the server besides."""
    wrapped: frozenset[str]
    """Flags of a server that wraps the engine and hands it the rest."""
    serve: Mapping[str, Any]
    """How a command of this engine is written: head, image, port, names of formats, metrics to watch."""
    misspelt: frozenset[str]
    """Names that are read, though the engine does not have them."""
    choices: Mapping[str, tuple[str, ...]]
    """Flag -> the only values that it takes."""
    off: Mapping[str, str]
    """Spelling that turns a flag off, other than --no- and its name -> the flag."""
    presets: Mapping[str, Mapping[str, str]]
    """Flag -> other flags that it sets at once, with their values."""
    written: Mapping[str, str]
    """Flag that stands for something else, a variable or a parameter -> how that is written with its value."""
    many: frozenset[str]
    """Flags that take as many values as there are."""
    other_env: frozenset[str]
    """Variables that the engine reads, of no use here."""

    def spelled(self, flag: str) -> str:
        """A flag as the engine's own help writes it: TensorRT-LLM's have underscores."""
        return f"--{flag[2:].replace('-', '_')}" if self.serve.get("underscored") else flag

    def write(self, flag: str, value: object) -> str:
        """A flag with its value as the engine takes it."""
        return self.written.get(flag, f"{flag} {{}}").format(value)

    def flag_of(self, name: str) -> str | None:
        """The flag that sets a field of Query, or whose value is kept under this name, as commands are written."""
        return self._written.get(name)

    @cached_property
    def _written(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for flag in self.flags.values():
            for name in filter(None, (flag.slot, flag.also)):
                found.setdefault(name, flag.name)
        return found

    def lacks(self, flag: str, release: str) -> bool:
        """Whether this release of the engine does not know a flag."""
        gone, first = self.gone.get(flag), self.first.get(flag)
        return bool(gone and _parts(release) >= _parts(gone)) or bool(first and _parts(release) < _parts(first))

    @cached_property
    def telling(self) -> frozenset[str]:
        """Flags that set something: a tail of these is a command of this engine."""
        return frozenset(name for name, flag in self.flags.items() if flag.slot or flag.also)

    @cached_property
    def _long(self) -> tuple[str, ...]:
        return tuple(name for name in self.flags if name.startswith("--"))

    def knows(self, written: str) -> bool:
        """Whether a flag is written as the engine has it."""
        return folded(written) in self.flags

    def find(self, written: str, *, guess: bool = True) -> Found | None:
        """The flag behind a written name, without its value; guess: also one that it is only like."""
        if flag := self.flags.get(written):
            return Found(flag, "near" if written in self.misspelt else "exact")
        name, _, key = folded(written).partition(".")
        if flag := self.flags.get(name):
            return Found(flag, "near" if name in self.misspelt else "exact", key=key)
        if name in self.off:
            return Found(self.flags[self.off[name]], "exact", turned_off=True)
        positive = f"--{name[5:]}"
        if name.startswith("--no-") and (flag := self.flags.get(positive)) and flag.kind in ("switch", "maybe_switch"):
            return Found(flag, "exact", turned_off=True)
        if not name.startswith("--"):
            return self._with_one_dash(name, key)
        return self._start(name, key) or (self._near(name, key) if guess else None)

    def _with_one_dash(self, name: str, key: str) -> Found | None:
        """-max-model-len: a long name behind one dash."""
        flag = self.flags.get(f"-{name}") if len(name) > SHORTEST_NEAR else None
        return Found(flag, "near", key=key) if flag else None

    def _start(self, name: str, key: str) -> Found | None:
        if len(name) < len("--x"):
            return None
        flags = {self.flags[other].name: self.flags[other] for other in self._long if other.startswith(name)}
        if len(flags) != 1:
            return None
        return Found(next(iter(flags.values())), "start" if self.takes_starts else "near", key=key)

    def _near(self, name: str, key: str) -> Found | None:
        if len(name) < SHORTEST_NEAR:
            return None
        close = get_close_matches(name, [other for other in self._long if other[2] == name[2]], n=1, cutoff=HOW_NEAR)
        return Found(self.flags[close[0]], "near", key=key) if close else None


def folded(name: str) -> str:
    """One spelling: no underscores, lower case; a short flag keeps its case, JSON keys behind a dot are as written."""
    if not name.startswith("--"):
        return name
    head, dot, key = name.partition(".")
    return head.lower().replace("_", "-") + dot + key


def _parts(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])


def load_table(name: str) -> Table:
    """The table bot/commands/<name>.toml. Raises ValueError for a kind that there is none of."""
    data = toml(Path(__file__).with_name(f"{name}.toml"))
    flags: dict[str, Flag] = {}
    for group, slot in (("sets", True), ("keeps", False)):
        for key, row in data.get(group, {}).items():
            flags |= _flags(name, key if slot else "", row.get("also", "") if slot else key, row)
    for key in ("other_values", "other_switches"):
        kind = "skip" if key == "other_values" else "switch"
        flags |= {flag: Flag(flag, "", "", kind) for flag in data.get(key, "").split()}
    return Table(
        engine=data["engine"],
        source=data["source"],
        release=data["release"],
        heads=tuple(tuple(head.split()) for head in data["heads"]),
        images=tuple(data.get("images", ())),
        positional_model=data["positional_model"],
        takes_starts=data["takes_starts"],
        flags=flags,
        values=data.get("values", {}),
        env=data.get("env", {}),
        json=data.get("json", {}),
        options=frozenset(data.get("options", ())),
        calls=frozenset(data.get("calls", ())),
        package=data.get("package", ""),
        bench=frozenset(data.get("bench", "").split()),
        wrapped=frozenset(data.get("wrapped", "").split()),
        serve=data.get("serve", {}),
        misspelt=frozenset(data.get("misspelt", "").split()),
        choices={flag: tuple(values.split()) for flag, values in data.get("choices", {}).items()},
        off=_by_flag(data.get("off", {})),
        presets=data.get("presets", {}),
        written=data.get("written", {}),
        other_env=frozenset(data.get("other_env", "").split()),
        many=frozenset(data.get("many", "").split()),
        first=_by_flag(data.get("first", {})),
        gone=_by_flag(data.get("gone", {})),
    )


def _flags(name: str, slot: str, also: str, row: Mapping[str, Any]) -> dict[str, Flag]:
    if row["kind"] not in KINDS:
        raise ValueError(f"{name}: unknown kind {row['kind']!r}")
    names = row["flags"].split()
    return {flag: Flag(names[0], slot, also, row["kind"]) for flag in names}


def _by_flag(releases: Mapping[str, str]) -> dict[str, str]:
    return {flag: release for release, flags in releases.items() for flag in flags.split()}
