"""Flag tables against the engines' own argument definitions, as stored in data/arguments with their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands import readers
from bot.commands.table import Table
from catalog.kept import toml
from tests.bot.said import DATA

TABLES = {reader.name: reader.table for reader in readers()}
FOLDER = Path(__file__).parents[2] / "bot" / "commands"


def defined(name: str) -> set[str]:
    """Every name that the source defines: options, variables, keys of an options file."""
    lines = (DATA / "arguments" / f"{name}.txt").read_text("utf-8").splitlines()
    return set(" ".join(line for line in lines if not line.startswith("#")).split())


def header(name: str) -> str:
    lines = (DATA / "arguments" / f"{name}.txt").read_text("utf-8").splitlines()
    return " ".join(line[2:] for line in lines if line.startswith("#"))


def spelled(names: set[str]) -> set[str]:
    """The names as flag tables have them: max_seq_len, --max_seq_len and --max-seq-len are one."""
    return {f"--{name.lstrip('-').replace('_', '-')}" if len(name.lstrip("-")) > 1 else name for name in names} | names


def others(name: str) -> set[str]:
    """Flags of other programs, releases and files that the same reader reads, each with where it is from."""
    return set(" ".join(toml(FOLDER / f"{name}.toml").get("others", {}).values()).split())


def is_known(table: Table, name: str) -> bool:
    found = table.find(name, guess=False)
    return found is not None and found.how == "exact"


def test_every_table_has_its_list() -> None:
    """The list of its source, of the release that the table names."""
    assert set(TABLES) == {file.stem for file in (DATA / "arguments").iterdir()}
    assert [] == [name for name, table in TABLES.items() if table.release.removesuffix(".0") not in header(name)]


@pytest.mark.parametrize("name", TABLES)
def test_no_option_of_the_source_is_unknown(name: str) -> None:
    """Every option is in the table, so that none is called unknown."""
    assert [] == sorted(
        option for option in defined(name) if option.startswith("-") and not is_known(TABLES[name], option)
    )


@pytest.mark.parametrize("name", TABLES)
def test_no_flag_is_made_up(name: str) -> None:
    """Every flag is in the source, gone from it, a slip that is read, or named with where else it is from."""
    table = TABLES[name]
    real = spelled(defined(name)) | table.gone.keys() | table.misspelt | others(name)
    named = {flag for variable, flag in table.env.items() if variable in defined(name)}
    assert [] == sorted(flag for flag in table.flags if flag not in real | named)


@pytest.mark.parametrize("name", TABLES)
def test_every_variable_stands_for_a_flag(name: str) -> None:
    """Variables of the source lead to flags of the table; no other program's variable does without being named."""
    table, known = TABLES[name], defined(name) | others(name)
    assert [] == sorted(flag for flag in table.env.values() if flag not in table.flags)
    assert [] == sorted(variable for variable in table.env if variable not in known)
