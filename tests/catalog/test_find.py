"""Names are found as people type them, near names are only suggested, and runs of words end where names end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import index
from catalog.cache import MemoryCache
from catalog.find import MAX_CHARACTERS, Finder, Found, find_format, find_gpu, find_model, finder, longest
from catalog.load import load
from catalog.names import compact, fold, model_names, sized_names
from catalog.types import NotFound

CATALOG = load()

FOLDED = [
    ("Qwen3‑32B", "qwen3-32b"),
    ("Qwen3—32B", "qwen3-32b"),
    ("ｑｗｅｎ３－３２ｂ", "qwen3-32b"),
    ("qwen3\u200b-32b\ufeff", "qwen3-32b"),
    ("Độ dài ngữ cảnh", "do dai ngu canh"),
    ("do\u0323\u0302 da\u0300i", "do dai"),
    ("“smart” ‘quotes’", "\"smart\" 'quotes'"),
    ("2× H100", "2x h100"),
    ("ÉTÉ", "ete"),
]
SPELLINGS = [
    ("qwen3 32b", "qwen3-32b"),
    ("Qwen3_32B", "qwen3-32b"),
    ("qwen3:32b", "qwen3-32b"),
    ("Qwen3/32B", "qwen3-32b"),
    ("llama 3.3", "llama3.3"),
    ("LLaMA-3.3", "llama3.3"),
    ("llama33", "llama33"),
    ("gemma 3 27b", "gemma3-27b"),
    ("gemma 32 7b", "gemma32-7b"),
    ("command-r+", "commandrplus"),
    ("Q4_K_M", "q4km"),
    ("3090.", "3090"),
    ("v0.3", "v0.3"),
    ("...", ""),
    ("", ""),
]
IMPLIED = [
    ("google/gemma-3-27b-it", ["gemma-3-27b-it", "gemma-3-27b"]),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", ["Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B-Instruct", "Mixtral-8x7B"]),
    (
        "mistralai/Mistral-Large-Instruct-2407",
        ["Mistral-Large-Instruct-2407", "Mistral-Large-Instruct", "Mistral-Large"],
    ),
    ("openai/gpt-oss-120b", ["gpt-oss-120b"]),
    ("Qwen/QwQ-32B", ["QwQ-32B"]),
]
RUNS = [
    ("h100 batch 20", "NVIDIA H100 SXM 80GB", 1),
    ("a100 80gb batch", "NVIDIA A100 80GB SXM", 2),
    ("a100 80 gb batch", "NVIDIA A100 80GB SXM", 3),
    ("a100-80 max batch", "NVIDIA A100 80GB SXM", 1),
    ("a100 80 users", "NVIDIA A100 80GB SXM", 1),
    ("a100 40 users", "NVIDIA A100 80GB SXM", 1),
    ("a100 40gb 40 users", "NVIDIA A100 40GB", 2),
    ("3060 12gb 12k", "GeForce RTX 3060 12GB", 2),
    ("16gb 4060 ti", "GeForce RTX 4060 Ti 16GB", 3),
    ("4060 ti 16 users", "GeForce RTX 4060 Ti 8GB", 2),
    ("nvidia h100 nvl 20 users", "NVIDIA H100 NVL 94GB", 3),
    ("rtx pro 6000, how many", "RTX PRO 6000 Blackwell 96GB", 3),
    ("m4 max 64 users", "Apple M4 Max", 2),
    ("4 bit on h100", "int4", 2),
    ("half precision 4 users", "bf16", 2),
    ("q4_k_m on a 4090", "q4_k_m", 1),
]
NO_RUN = ["batch 20 seq 12k", "a 4000 tokens", "- h100", "on 2x h100", "", "12k", "80 gb", "nvidia"]


@pytest.mark.parametrize(("text", "expected"), FOLDED)
def test_fold(text: str, expected: str) -> None:
    """Case, accents, widths, dashes, quotes and invisible characters make no difference."""
    assert expected == fold(text)


@given(st.text())
def test_fold_is_stable(text: str) -> None:
    """What is folded stays as it is, and so does a key."""
    assert fold(text) == fold(fold(text))
    assert compact(text) == compact(compact(text))


@pytest.mark.parametrize(("text", "expected"), SPELLINGS)
def test_compact(text: str, expected: str) -> None:
    """Spellings of a name meet; versions and sizes stay apart."""
    assert expected == compact(text)


@pytest.mark.parametrize(("identifier", "expected"), IMPLIED)
def test_implied_names(identifier: str, expected: list[str]) -> None:
    """An id implies its last part and that without its edition and date."""
    assert expected == list(model_names(identifier))


# --------------------------------------------------------------------------- who gets a name


def settle(*identifiers: str, **aliases: list[str]) -> index.Index:
    """The names of these models; aliases by the last part of the id, dashes as underscores."""
    rows = {
        identifier: {"aliases": aliases.get(identifier.split("/")[-1].replace("-", "_"), [])}
        for identifier in identifiers
    }
    return index.build({"model": rows})


def test_one_row_gets_the_implied_name() -> None:
    """A short name that one row implies is that row."""
    assert "o/m-8b-it" == settle("o/m-8b-it").names["m8b"].key


def test_a_full_name_wins_over_implied_ones() -> None:
    """m-8b is the row called that, not the one that would be with -instruct dropped."""
    assert "o/m-8b" == settle("o/m-8b", "o/m-8b-instruct", "o/m-8b-it").names["m8b"].key


def test_nobody_gets_a_name_that_two_imply() -> None:
    """A short name that several rows imply is none of theirs, and the rows are its candidates."""
    settled = settle("o/m-8b-instruct", "o/m-8b-base")
    assert "m8b" not in settled.names
    assert ["o/m-8b-base", "o/m-8b-instruct"] == sorted(named.key for named in settled.shared["m8b"])
    assert {} == settled.clashes()


def test_an_alias_settles_it() -> None:
    """A row that states the name gets it."""
    settled = settle("o/m-8b-instruct", "o/m-8b-base", m_8b_instruct=["m 8b"])
    assert "o/m-8b-instruct" == settled.names["m8b"].key


def test_numbers_run_together_only_in_one_word() -> None:
    """gemma327b is gemma-3-27b, but the words gemma 32 7b are not."""
    settled = settle("o/gemma-3-27b")
    assert "o/gemma-3-27b" == settled.names[compact("gemma327b")].key
    assert compact("gemma 32 7b") not in settled.names


# --------------------------------------------------------------------------- runs of words


@pytest.mark.parametrize(("text", "key", "used"), RUNS)
def test_longest_run(text: str, key: str, used: int) -> None:
    """The longest run of words that is a name is taken, and no number of the question with it."""
    match = longest(text.split())
    assert match is not None
    assert (key, used) == (match.key, match.words_used)


@pytest.mark.parametrize("text", NO_RUN)
def test_no_run(text: str) -> None:
    """Where no name starts there is no match."""
    assert longest(text.split()) is None


def test_run_starts_where_it_is_told() -> None:
    """Words before the start are not looked at."""
    match = longest("will it fit on a l40s today".split(), 5)
    assert match is not None
    assert ("gpu", "NVIDIA L40S", 1) == (match.kind, match.key, match.words_used)


def test_runs_do_not_ask_the_cache() -> None:
    """Reading a question is dictionary look-ups alone."""
    cache = MemoryCache()
    assert Finder(CATALOG, cache).longest(["h100"]) is not None
    assert 0 == len(cache)


@given(st.lists(st.text(max_size=12), max_size=12), st.integers(0, 12))
def test_a_run_is_a_name(words: list[str], start: int) -> None:
    """Whatever the words are, a settled match is a row, and its words are there."""
    match = longest(words, start)
    if match and match.key:
        assert match.key in CATALOG.rows(match.kind)
        assert 1 <= match.words_used <= len(words) - start


@pytest.mark.parametrize(
    ("text", "key", "used"),
    [
        ("gemma 3 27b fit", "google/gemma-3-27b-it", 3),
        ("gemma3:27b q4_k_m", "google/gemma-3-27b-it", 1),
        ("qwen3 32b bf16", "Qwen/Qwen3-32B", 2),
        ("Qwen/Qwen3-32B batch 4", "Qwen/Qwen3-32B", 1),
        ("llama 3.3 70b 4 users", "meta-llama/Llama-3.3-70B-Instruct", 3),
        ("llama 3.1 8b instruct bf16", "meta-llama/Llama-3.1-8B-Instruct", 4),
        ("gpt oss 120b mxfp4", "openai/gpt-oss-120b", 3),
        ("mistral large 2407 fp8", "mistralai/Mistral-Large-Instruct-2407", 3),
        ("phi 4 4 users", "microsoft/phi-4", 2),
        ("phi-4 14b fp16", "microsoft/phi-4", 2),
        ("mistral nemo 12b awq", "mistralai/Mistral-Nemo-Instruct-2407", 3),
        ("phi-4 70b fp16", "", 2),
        ("phi-4 8x7b fp16", "", 2),
        ("qwq-32b v9", "", 2),
    ],
)
def test_longest_model(text: str, key: str, used: int) -> None:
    """A model's name ends where the question goes on; with a size that no row has it is no model's name."""
    match = longest(text.split())
    assert match is not None
    assert ("model", key, used) == (match.kind, match.key, match.words_used)


# --------------------------------------------------------------------------- texts


TRAPS = st.one_of(
    st.text(max_size=40),
    st.from_regex(re.compile(r"[a-z]{1,6}[-_ ]?\d{1,3}(\.\d)?[-_ ]?\d{0,3}b?"), fullmatch=True),
)


@given(TRAPS)
def test_found_means_named(text: str) -> None:
    """A text is found only where it is, folded, a name that the row states or implies."""
    found = find_model(text)
    if isinstance(found, Found):
        model = found.item
        names = {compact(name) for name in (model.id, *model.aliases, *model.vague_aliases, *model_names(model.id))}
        assert compact(text).replace("-", "") in {name.replace("-", "") for name in names}


@given(TRAPS)
def test_cards_and_formats_are_not_guessed(text: str) -> None:
    """A card is found only by its names with or without vendor, plural and size; a format only by its names."""
    card, number_format = find_gpu(text), find_format(text)
    if isinstance(card, Found):
        row = card.item
        names = (row.name, *row.aliases, *row.vague_aliases)
        sized = sized_names((*row.aliases, *row.vague_aliases, *row.series), row.marketed_gb)
        folded = {compact(name) for name in (*names, *sized)} | {compact(name + "s") for name in names}
        assert any(compact(text).endswith(name) for name in folded)
    if isinstance(number_format, Found):
        own = number_format.item
        assert compact(text) in {compact(name) for name in (own.key, *own.aliases, *own.vague_aliases)}


@pytest.mark.parametrize("text", ["", "   ", "???", "x" * (MAX_CHARACTERS + 1), "\0", "🤖"])
def test_texts_without_a_name(text: str) -> None:
    """Nothing, or far too much, names nothing and suggests nothing."""
    found = find_model(text)
    assert isinstance(found, NotFound)
    assert ("model", text, ()) == (found.what, found.text, found.suggestions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h1000", "NVIDIA H100 SXM 80GB"),
        ("rtx 4900", "GeForce RTX 4090"),
        ("l4os", "NVIDIA L40S"),
        ("mi300y", "AMD Instinct MI300X"),
    ],
)
def test_near_cards_are_suggested(text: str, expected: str) -> None:
    """A slip in a card's name is answered with the card, as a suggestion."""
    found = find_gpu(text)
    assert isinstance(found, NotFound)
    assert expected in found.suggestions
    assert len(found.suggestions) <= 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qwen3-23b", "Qwen/Qwen3-32B"),
        ("mixtral 8x9b", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("lama 3.3 70b", "meta-llama/Llama-3.3-70B-Instruct"),
        ("Qwen/Qwen3-32", "Qwen/Qwen3-32B"),
        ("unsloth/Llama-3.3-70B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"),
    ],
)
def test_near_models_are_suggested(text: str, expected: str) -> None:
    """A slip in a model's name is answered with the model first, as a suggestion."""
    found = find_model(text)
    assert isinstance(found, NotFound)
    assert expected == found.suggestions[0]
    assert len(found.suggestions) <= 3


@pytest.mark.parametrize(("text", "expected"), [("q4_k_n", "q4_k_m"), ("nvpf4", "nvfp4"), ("bfloat61", "bf16")])
def test_near_formats_are_suggested(text: str, expected: str) -> None:
    """A slip in a format's name is answered with the format, as a suggestion."""
    found = find_format(text)
    assert isinstance(found, NotFound)
    assert expected == found.suggestions[0]


def test_look_ups_are_remembered() -> None:
    """The same text in another spelling is not looked up twice."""
    cache = MemoryCache()
    own = Finder(CATALOG, cache)
    first, second = own.find_gpu("RTX-4090"), own.find_gpu("rtx 4090")
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert first.item is second.item
    assert 1 == len(cache)


def test_the_default_finder_is_one() -> None:
    """Every caller shares the finder over the shipped catalog."""
    assert finder() is finder()
    assert CATALOG is finder().catalog
