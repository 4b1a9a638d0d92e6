"""The words of every language as one table: phrase -> role. A language is a file of bot/lang, found by scanning it.

Roles
    slots      batch sequence kv_cache weights precision tensor_parallel pipeline_parallel data_parallel
               expert_parallel free occupied utilization max_batched_tokens max_sequences enforce_eager block_size
               audio: slots of Query; instances: replicas, but machines beside the name of one
    counted    users requests prompts images concurrent tokens cards nodes: what a number counts ("20 users");
               each of them
    lengths    input output; in and out where both stand beside a number
    shares     mix half rest; quantile: p95, median
    questions  how_many which most fewest smallest cheapest: ask for the noun beside them; ask_*: ask by themselves
    verbs      explain help guide
    additions  lora rank draft draft_layer projector: what is served beside the model; gguf: its usual format;
               rate: requests a second, which say nothing of memory; per_card
    cards      ecc_on ecc_off wsl: how the card is set up
    units      second minute hour thousand million percent gigabytes gibibytes megabytes mebibytes
    grammar    link (between a noun and its number), place (on, at, with), range (20 to 30), version, memory, filler,
               card_brand, batch_glued and sequence_glued (b16, c32k), number, engine
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from catalog.kept import toml

DEFAULT_LANGUAGE = "en"
HERE = Path(__file__).parent

ROLES = frozenset(
    (
        "batch sequence kv_cache weights precision tensor_parallel pipeline_parallel data_parallel expert_parallel "
        "free occupied audio instances utilization max_batched_tokens max_sequences enforce_eager block_size users "
        "requests prompts images concurrent tokens cards nodes each input output in out mix half rest how_many which "
        "most fewest smallest cheapest ask_batch ask_sequence ask_gpu_count ask_gpu explain help guide second minute "
        "hour thousand million percent gigabytes gibibytes megabytes mebibytes link place range version memory filler "
        "lora rank draft draft_layer projector gguf rate per_card ecc_on ecc_off wsl card_brand batch_glued "
        "sequence_glued number engine quantile"
    ).split()
)

Key = tuple[str, ...]

_SEPARATORS = str.maketrans("-_", "  ")


class Reading(NamedTuple):
    """One role that a phrase has in one language ("" for the notation that all languages share)."""

    language: str
    written: str
    """The phrase with its accents, lower case."""
    role: str
    value: float | str
    """A number word's number, an engine name's engine."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one phrase says, accents aside."""

    readings: tuple[Reading, ...]

    def read(self, written: str, language: str) -> Reading:
        """The reading typed with the same accents, else the first one of that language, else the first of all."""
        mine = [reading for reading in self.readings if reading.language == language] or self.readings
        return next((reading for reading in mine if reading.written == written), mine[0])


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every phrase of every language, indexed by its first word, longest first."""

    names: dict[str, str]
    """Language code -> its own name."""
    letters: dict[str, frozenset[str]]
    """Letters that only this language writes."""
    first: dict[str, tuple[tuple[Key, Meaning], ...]]
    pieces: frozenset[str]
    """Every word of every phrase."""


def fold(text: str) -> str:
    """Lower case without accents: "Ngữ Cảnh" -> "ngu canh"."""
    text = text.lower()
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFD", text)
    return "".join(c for c in bare if not unicodedata.combining(c)).replace("đ", "d").replace("ı", "i")


def spaced(phrase: str) -> str:
    """Lower case, hyphens and underscores as single spaces, accents kept."""
    return " ".join(unicodedata.normalize("NFC", phrase).lower().translate(_SEPARATORS).split())


def phrase_key(phrase: str) -> Key:
    """The words that a phrase is compared by."""
    return tuple(fold(spaced(phrase)).split())


def languages() -> dict[str, dict[str, Any]]:
    """Language code -> its file, as read."""
    return {file.stem: toml(file) for file in sorted((HERE / "lang").glob("*.toml"))}


@cache
def comparing() -> frozenset[str]:
    """Words that set two values against each other, folded."""
    return frozenset(fold(word) for table in languages().values() for word in table["compares"])


@cache
def joining() -> frozenset[str]:
    """Words that set two values side by side where a question compares, folded."""
    return frozenset(fold(word) for table in languages().values() for word in table["joins"])


@cache
def leaving() -> frozenset[str]:
    """Words before what a change starts from, folded."""
    return frozenset(fold(word) for table in languages().values() for word in table["changes_from"])


@cache
def reaching() -> frozenset[str]:
    """Words between what a change starts from and what it ends at, folded."""
    return frozenset(fold(word) for table in languages().values() for word in table["changes_to"])


def notation() -> dict[str, Any]:
    """The words of the trade that every language shares."""
    return toml(HERE / "parsing" / "notation.toml")


def phrases(code: str, table: dict[str, Any]) -> list[Reading]:
    """Every phrase of one file. Raises ValueError for an unknown role."""
    rows = []
    for role, listed in table.get("words", {}).items():
        if role not in ROLES:
            raise ValueError(f"{code}: unknown role {role!r}")
        rows += [Reading(code, spaced(phrase), role, 0.0) for phrase in listed]
    rows += [Reading(code, spaced(word), "number", float(value)) for word, value in table.get("numbers", {}).items()]
    for word, share in table.get("quantiles", {}).items():
        rows.append(Reading(code, spaced(word), "quantile", float(share)))
    for engine, names in table.get("engines", {}).items():
        rows += [Reading(code, spaced(name), "engine", engine) for name in names]
    return rows


@cache
def vocabulary() -> Vocabulary:
    """Every language file merged; read once."""
    tables = languages()
    readings: dict[tuple[str, ...], list[Reading]] = {}
    for code, table in [("", notation()), *tables.items()]:
        for reading in phrases(code, table):
            readings.setdefault(tuple(fold(reading.written).split()), []).append(reading)
    meanings = {key: Meaning(tuple(rows)) for key, rows in readings.items()}
    return Vocabulary(
        names={code: table["name"] for code, table in tables.items()},
        letters={code: frozenset(table["letters"]) for code, table in tables.items()},
        first=_by_first_word(meanings),
        pieces=frozenset(word for key in meanings for word in key),
    )


def _by_first_word(meanings: dict[Key, Meaning]) -> dict[str, tuple[tuple[Key, Meaning], ...]]:
    first: dict[str, list[tuple[Key, Meaning]]] = {}
    for key, meaning in sorted(meanings.items(), key=lambda row: -len(row[0])):
        first.setdefault(key[0], []).append((key, meaning))
    return {word: tuple(rows) for word, rows in first.items()}
