"""A language is one file: complete, and clear about what each phrase means."""

from __future__ import annotations

from collections import defaultdict

import pytest

from bot.answer import answer
from bot.words import ROLES, fold, languages, notation, phrase_key, phrases, vocabulary
from formulas.law import laws

CODES = sorted(languages())


@pytest.mark.parametrize("code", CODES)
def test_same_roles_as_english(code: str) -> None:
    """Every language file has the sections of the English one."""
    assert set(languages()["en"]["words"]) == set(languages()[code]["words"])


@pytest.mark.parametrize("code", CODES)
def test_no_phrase_means_two_things(code: str) -> None:
    """Within a language a phrase, accents included, has one role."""
    roles = defaultdict(set)
    for reading in phrases(code, languages()[code]):
        roles[reading.written].add(reading.role)
    assert {} == {written: found for written, found in roles.items() if len(found) > 1}


@pytest.mark.parametrize("code", CODES)
def test_no_language_repeats_the_notation(code: str) -> None:
    """Words of the trade are written once, for all languages."""
    shared = {reading.written for reading in phrases("", notation())}
    assert set() == shared & {reading.written for reading in phrases(code, languages()[code])}


def test_all_roles_are_used() -> None:
    """No role is declared that no phrase has."""
    used = {
        reading.role for code, table in [("", notation()), *languages().items()] for reading in phrases(code, table)
    }
    assert used == ROLES


def test_unknown_role_is_refused() -> None:
    """A misspelt section is an error that names the file and the role."""
    with pytest.raises(ValueError, match="xx: unknown role 'batches'"):
        phrases("xx", {"words": {"batches": ["lot"]}})


@pytest.mark.parametrize(("written", "folded"), [("Ngữ Cảnh", "ngu canh"), ("độ dài", "do dai"), ("FP8", "fp8")])
def test_fold(written: str, folded: str) -> None:
    """Case and accents go, đ is d."""
    assert folded == fold(written)


@pytest.mark.parametrize(
    ("written", "language", "role"),
    [
        ("mấy", "vi", "how_many"),
        ("may", "en", "filler"),
        ("thẻ", "vi", "cards"),
        ("the", "en", "filler"),
        ("nửa", "vi", "half"),
    ],
)
def test_accents_and_language_settle_a_shared_spelling(written: str, language: str, role: str) -> None:
    """Where languages or accents share a spelling, the language of the text and the accents typed decide."""
    rows = dict(vocabulary().first[phrase_key(written)[0]])
    assert role == rows[phrase_key(written)].read(written, language).role


@pytest.mark.parametrize("code", CODES)
def test_titles_are_of_quantities_that_exist(code: str) -> None:
    """A translated title belongs to a quantity that some law computes."""
    results = {law.result.name for law in laws().values()}
    assert set() == set(languages()[code].get("quantities", {})) - results


def test_a_derivation_is_titled_in_the_language_of_the_question() -> None:
    """The sections of a Vietnamese derivation carry Vietnamese titles."""
    found = {section.title for section in answer("giải thích qwen3-8b trên l4 8k").sections}
    assert {"trọng số trên GPU này", "một trang của vùng KV trên một GPU, gồm mọi lớp dùng chung"} <= found
