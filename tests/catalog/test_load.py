"""TOML rows become a catalog: compiled once, validated when looked up, and refused by file and key."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from catalog import tables
from catalog.compiled import CatalogError
from catalog.load import Catalog, load, read
from catalog.names import compact
from catalog.tables import GIB

CARD = """
[[gpu]]
name = "{name}"
aliases = {aliases}
vendor = "NVIDIA"
marketed_gb = 80
visible_gib = 79.19
visible_basis = "measured"
source = "a log"
checked = 2026-11-23
"""
VISIBLE = str(round(79.19 * GIB))
TUNED = {"max_position_embeddings"}
"""What fine-tuning of an architecture may change."""

CHIP = """
[[gpu]]
name = "Chip"
vague_aliases = ["c1"]
vendor = "Apple"
memory_options_gb = [16, 8]
visible_basis = "derived"
source = "a page"
checked = 2026-11-23
"""


def card(name: str = "Card", aliases: str = "[]") -> str:
    return CARD.format(name=name, aliases=aliases)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one card."""
    write(tmp_path, card())
    return tmp_path


def write(folder: Path, text: str, file: str = "gpus/maker.toml") -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def copies(folder: Path) -> list[Path]:
    return list(folder.glob("__pycache__/*"))


def never_parsed(*_: object) -> None:
    raise AssertionError("the compiled copy was not used")


def test_visible_memory_becomes_whole_bytes(folder: Path) -> None:
    """GiB of a data file are whole bytes in the catalog."""
    assert round(79.19 * GIB) == read(folder).gpus["Card"].visible_bytes


def test_second_reading_parses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a current compiled copy no TOML is parsed."""
    first = read(folder)
    monkeypatch.setattr(tables, "parse", never_parsed)
    assert list(first.gpus) == list(read(folder).gpus)


def test_changed_data_is_read_again(folder: Path) -> None:
    """A change in any data file replaces the compiled copy and the digest."""
    first = read(folder)
    write(folder, card("Other"))
    second = read(folder)
    assert ["Other"] == list(second.gpus)
    assert first.digest != second.digest
    assert 1 == len(copies(folder))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(VISIBLE, VISIBLE[::-1]),
        lambda text: "",
        lambda text: "[]\n[]",
    ],
    ids=["cut off", "altered", "empty", "another thing"],
)
def test_damaged_copy_is_not_trusted(folder: Path, damage: Callable[[str], str]) -> None:
    """A compiled copy that is not whole is written anew."""
    read(folder)
    (copy,) = copies(folder)
    copy.write_text(damage(copy.read_text(encoding="utf-8")), encoding="utf-8")
    assert round(79.19 * GIB) == read(folder).gpus["Card"].visible_bytes
    assert VISIBLE in copy.read_text(encoding="utf-8")


def test_copy_that_is_no_text_is_not_trusted(folder: Path) -> None:
    """Bytes that are no UTF-8 are no compiled copy."""
    read(folder)
    (copy,) = copies(folder)
    copy.write_bytes(b"\xff\xfe\x00")
    assert ["Card"] == list(read(folder).gpus)


def test_a_place_that_cannot_be_written_is_no_error(folder: Path) -> None:
    """The catalog loads where no compiled copy can be kept."""
    (folder / "__pycache__").write_text("a file where the folder should be")
    assert ["Card"] == list(read(folder).gpus)


def test_row_is_one_object(folder: Path) -> None:
    """Looking a row up twice, from many threads, gives the same object."""
    gpus = read(folder).gpus
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: gpus["Card"], range(64)))
    assert {id(gpus["Card"])} == {id(row) for row in rows}


def test_catalog_is_one_object() -> None:
    """Threads that load the catalog at once share it."""
    with ThreadPoolExecutor(8) as pool:
        catalogs: list[Catalog] = list(pool.map(lambda _: load(), range(16)))
    assert {id(load())} == {id(catalog) for catalog in catalogs}


def test_a_bad_row_spoils_no_other(folder: Path) -> None:
    """What is wrong with a row is said when it is looked up, with file, row and field."""
    write(folder, card("Good") + card("Bad").replace("source", "sauce"))
    catalog = read(folder)
    assert "Good" == catalog.gpus["Good"].name
    with pytest.raises(CatalogError, match=r"(?s)gpus/maker\.toml: Bad: .*sauce"):
        catalog.gpus["Bad"]
    assert ["Good"] == list(catalog.gpus)
    assert 1 == len(catalog.errors)


@pytest.mark.parametrize("missing", ["visible_gib", "vendor", "checked"])
def test_missing_key_is_named(folder: Path, missing: str) -> None:
    """A row without a required key is refused by that key."""
    lines = [line for line in card().splitlines() if not line.startswith(missing)]
    write(folder, "\n".join(lines))
    with pytest.raises(CatalogError, match=rf"(?s)gpus/maker\.toml: Card: .*{missing}"):
        read(folder).gpus["Card"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (card() + card(), r"gpus/maker\.toml: Card: also in gpus/maker\.toml"),
        (card().replace("name =", "nom ="), r"gpus/maker\.toml: a gpu row without name"),
        ("[[gpu]\n", r"gpus/maker\.toml: .*line 1"),
        ("[[card]]\nname = 'x'\n", r"gpus/maker\.toml: card: "),
        ("[gpu]\nname = 'x'\n", r"gpus/maker\.toml: gpu: "),
    ],
    ids=["twice", "nameless", "no TOML", "unknown kind", "no list"],
)
def test_bad_file_is_refused_by_name(folder: Path, text: str, message: str) -> None:
    """A file that breaks the rules is refused with its name and what is wrong."""
    write(folder, text)
    with pytest.raises(CatalogError, match=message):
        read(folder)


def test_unknown_key_is_no_row(folder: Path) -> None:
    """Asking for a row that is not there is a KeyError, as with any mapping."""
    gpus = read(folder).gpus
    assert "Nothing" not in gpus
    with pytest.raises(KeyError):
        gpus["Nothing"]


def test_memory_options_make_one_card_each(folder: Path) -> None:
    """A chip with several sizes is one card per size; the smallest has the chip's name."""
    write(folder, CHIP)
    gpus = read(folder).gpus
    assert {"Chip": 8 * GIB, "Chip 16GB": 16 * GIB} == {name: gpu.visible_bytes for name, gpu in gpus.items()}


def test_stated_name_of_two_rows_is_a_clash(folder: Path) -> None:
    """Two rows that state the same alias are reported, and neither gets the name."""
    write(folder, card("One", '["same"]') + card("Two", '["same"]'))
    catalog = read(folder)
    assert {"One", "Two"} == {named.key for named in catalog.clashes["same"]}
    assert catalog.named("same") is None


def test_shipped_rows_are_valid() -> None:
    """No row that ships is refused."""
    assert () == load().errors


def test_shipped_names_do_not_clash() -> None:
    """In the catalog that ships, no two rows of any kind state the same name."""
    assert {} == load().clashes


def own_name(identifier: str) -> str:
    """The folded last part of a Hugging Face id."""
    return compact(identifier.rsplit("/", 1)[-1])


@pytest.mark.parametrize("identifier", load().models)
def test_a_models_own_name_goes_to_no_other_build(identifier: str) -> None:
    """An alias takes what is the last part of another row's id only where both are built alike (base and chat)."""
    named = load().named(own_name(identifier))
    if named:
        own, taker = (load().models[each].architecture for each in (identifier, named.key))
        assert own.model_dump(exclude=TUNED) == taker.model_dump(exclude=TUNED)


def test_no_name_is_claimed_by_two_kinds() -> None:
    """No name could be a model as well as a card or a format."""
    kinds = {name: {named.kind for named in claims} for name, claims in load().shared.items()}
    assert {} == {name: found for name, found in kinds.items() if len(found) > 1}


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_compiled_copy_is_readable_by_others(folder: Path) -> None:
    """The copy that an installer leaves behind serves every user of the machine."""
    previous = os.umask(0o022)
    try:
        read(folder)
    finally:
        os.umask(previous)
    (copy,) = copies(folder)
    assert 0o644 == copy.stat().st_mode & 0o777
