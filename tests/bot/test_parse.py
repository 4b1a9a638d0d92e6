"""What parse reads from a question: fields, refusals, words left over; over the shipped catalog."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.parse import parse
from bot.parsing.clean import LONGEST_TEXT
from tests.bot.said import gpu_name, rows, said, values


@pytest.mark.parametrize("row", rows("phrases"))
def test_settled_fields_are_read(row: dict[str, Any]) -> None:
    """Every field that the text settles is read as it was meant, and nothing forbids an answer."""
    query = parse(row["text"])
    expected = {slot: value for slot, value in row["expect"].items() if slot not in ("gpu", "mix")}
    assert () == query.problems
    assert expected == {slot: said(query, slot) for slot in expected}
    assert row["expect"].get("mix") == (None if query.mix is None else [list(part) for part in query.mix.value])
    assert [] == [part for part in row["expect"].get("gpu", []) if part not in gpu_name(query)]


@pytest.mark.parametrize("row", rows("refused"))
def test_refused(row: dict[str, Any]) -> None:
    """A text that settles no question gets a problem with its code and slot, never a silent choice."""
    problems = [(problem.code, problem.slot) for problem in parse(row["text"]).problems]
    assert (row["code"], row["slot"]) == problems[0]


@pytest.mark.parametrize("row", rows("help"))
def test_help(row: dict[str, Any]) -> None:
    """A plea for help is one in either language, with no problem attached."""
    query = parse(row["text"])
    assert ("help", ()) == (query.verb, query.problems)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("qwen3-32b fp8 batch 20 seq 12k on h100", ()),
        ("qwen3-32b fp8 batch 20 frobnicate 12k on h100", ("frobnicate",)),
        ("qwen3-32b fp8 h100 20", ("20",)),
        ("qwen3-32b / fp8 / h100 / 20 / 8k", ("20",)),
        ("qwen3-32b fp8 h100 $3000 budget", ("$3000",)),
        ("qwen3-32b fp8 h100 p99 latency 20 users", ("p99",)),
        ("qwen3-32b h100 leave 10% spare", ("leave", "10%", "spare")),
        ("qwen3-32b fp8 h100 8 h100 on 2 nodes", ("2",)),
        ("how many users and what is the longest context for qwen3-32b on h100", ("what is", "longest")),
        ("vllm serve Qwen/Qwen3-8B --no-such-flag 3 --max-model-len 8192 on l4 quickly", ("--no-such-flag", "quickly")),
    ],
)
def test_words_left_over(text: str, unread: tuple[str, ...]) -> None:
    """What was not understood is named, in order; numbers that nothing explains are not guessed."""
    assert unread == parse(text).unread


@pytest.mark.parametrize(
    ("text", "slot", "vague"),
    [
        ("qwen3-32b 4bit h100 nvl", "weights", True),
        ("qwen3-32b half precision", "weights", True),
        ("qwen3-32b fp8", "weights", False),
        ("qwen3-32b on h100", "gpu", True),
        ("qwen3-32b on h100 nvl", "gpu", False),
        ("qwen3-8b prompt 4k", "sequence_tokens", True),
    ],
)
def test_vague_words_are_marked(text: str, slot: str, vague: bool) -> None:
    """A value that the words leave open is marked, so that the reply lists it as assumed."""
    assert vague == getattr(parse(text), slot).vague


@pytest.mark.parametrize(
    ("text", "slot", "words"),
    [
        ("qwen3-32b fp8 Batch of 20 on h100", "batch", "Batch of 20"),
        ("qwen3-32b 2048 in + 512 out", "sequence_tokens", "2048 in + 512 out"),
        ("Qwen3 32B ngữ cảnh 12k", "sequence_tokens", "ngữ cảnh 12k"),
        ("vllm serve Qwen/Qwen3-8B --max-model-len 8192 on l4", "sequence_tokens", "--max-model-len 8192"),
    ],
)
def test_values_carry_their_words(text: str, slot: str, words: str) -> None:
    """A value comes with the words that said it, as they were typed."""
    assert words == getattr(parse(text), slot).words


@pytest.mark.parametrize(
    ("text", "suggestions"),
    [
        (
            "qwen3-8b fp8 batch 24 batch 40 seq 6k",
            ("qwen3-8b fp8 batch 24 seq 6k", "qwen3-8b fp8 batch 40 seq 6k"),
        ),
        ("qwen3-32b fp8 with 20 to 30 users", ("qwen3-32b fp8 with 30 users", "qwen3-32b fp8 with 20 users")),
        ("qwen3-8b fp8 batch 6 seq -7", ("qwen3-8b fp8 batch 6",)),
        ("qwen3-32b on rtx 9090", ("RTX 4090", "RTX 3090", "RTX 5090")),
        ("mixtral 8x9b fp16", ("mistralai/Mixtral-8x7B-v0.1",)),
    ],
)
def test_corrections_are_offered(text: str, suggestions: tuple[str, ...]) -> None:
    """A refusal comes with corrected questions or with names that exist."""
    offered = " | ".join(parse(text).problems[0].suggestions)
    assert [] == [wanted for wanted in suggestions if wanted not in offered]


@pytest.mark.parametrize("row", [row for row in rows("refused") if row.values[0]["code"] == "conflict"])
def test_corrected_questions_have_no_conflict(row: dict[str, Any]) -> None:
    """A corrected question does not contain the contradiction it was made from."""
    for question in parse(row["text"]).problems[0].suggestions:
        assert row["slot"] not in [p.slot for p in parse(question).problems if p.code == "conflict"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("qwen3-32b fp8 batch 20 seq 12k", "en"),
        ("which gpu for qwen3-32b", "en"),
        ("qwen3-32b fp8 20 người dùng", "vi"),
        ("qwen3-32b fp8 20 nguoi dung ngu canh 8k", "vi"),
        ("em muốn serve qwen3-32b on h100", "vi"),
    ],
)
def test_language(text: str, language: str) -> None:
    """The language is that of the words, with or without accents; English when only trade words are there."""
    assert language == parse(text).language


@pytest.mark.parametrize(
    ("text", "seconds"), [("5 minutes of audio", 300), ("30s audio", 30), ("2 phút âm thanh", 120), ("5m audio", 300)]
)
def test_audio_is_no_token_count(text: str, seconds: float) -> None:
    """The length of a recording is seconds and leaves the token length open."""
    query = parse(f"whisper large v3 batch 8 {text}")
    assert (seconds, None) == (said(query, "audio_seconds"), said(query, "sequence_tokens"))


@pytest.mark.parametrize(
    ("text", "visible"),
    [("48GB", 48 * 10**9), ("40GiB", 40 * 2**30), ("24 GB gpu", 24 * 10**9), ("80 gigs", 80 * 10**9)],
)
def test_custom_cards(text: str, visible: int) -> None:
    """A card may be known by its memory alone, in either unit."""
    card = said(parse(f"qwen3-8b fp8 on {text}"), "gpu")
    assert visible == card.visible_bytes


PARTS = ("qwen3-32b", "fp8", "batch 20", "seq 12k", "on 2x h100", "util 0.92", "tp2", "kv cache int8", "vllm 0.19.0")
VIETNAMESE_PARTS = ("qwen3-32b", "fp8", "20 người dùng", "ngữ cảnh 12k", "trên 2 h100", "util 0,92", "tp2")


@given(st.permutations(PARTS))
@settings(max_examples=150, deadline=None)
def test_word_order_is_free(parts: list[str]) -> None:
    """Parts that do not depend on each other may come in any order, with or without commas."""
    assert values(parse(", ".join(PARTS))) == values(parse(", ".join(parts))) == values(parse(" ".join(parts)))


@given(st.permutations(VIETNAMESE_PARTS))
@settings(max_examples=80, deadline=None)
def test_word_order_is_free_in_vietnamese(parts: list[str]) -> None:
    """The same holds where numbers stand before their words and after them by turns."""
    assert values(parse(", ".join(VIETNAMESE_PARTS))) == values(parse(" ".join(parts)))


@given(st.integers(1, 4096), st.integers(1, 2**20))
@settings(max_examples=100, deadline=None)
def test_any_load_is_read_back(batch: int, tokens: int) -> None:
    """Whole numbers are read back exactly, whatever their size."""
    query = parse(f"qwen3-32b fp8 batch {batch} seq {tokens:,} h100")
    assert (batch, tokens) == (said(query, "batch"), said(query, "sequence_tokens"))


@given(st.text(max_size=200))
@settings(max_examples=400, deadline=None)
def test_never_raises(text: str) -> None:
    """Any text gives a Query; one without a model gives a problem or help."""
    query = parse(text)
    assert query.model or query.problems or query.verb == "help"


SIGNS = "x * = - + / : , @ ( ) 0,9 90% 1e400 nan 20 12k 80gb 30s 2x x4 70b"
TERMS = (
    "qwen3-32b fp8 batch seq h100 users each max in out half --tp mỗi kv tp2 audio mix q4_k_m rtx to v0.9 vllm how many"
)
SCRAPS = st.sampled_from([*SIGNS.split(), *TERMS.split(), "org/name", "https://x.y/z", "\n", "vllm serve", "which gpu"])


@given(st.lists(SCRAPS, max_size=14), st.sampled_from([" ", "", "-", ", "]))
@settings(max_examples=600, deadline=None)
def test_never_raises_on_scraps(scraps: list[str], glue: str) -> None:
    """Fragments of questions in any order give a Query whose values are in range."""
    query = parse(glue.join(scraps))
    assert query.batch is None or 1 <= query.batch.value <= 10**6
    assert query.utilization is None or 0 < query.utilization.value <= 1


@given(
    st.lists(
        st.sampled_from(["zorp", "flim", "qwen3-32b", "fp8", "batch 20", "12k", "please", "on h100"]),
        min_size=1,
        unique=True,
    )
)
@settings(max_examples=100, deadline=None)
def test_every_word_is_accounted_for(words: list[str]) -> None:
    """A word is understood, a known filler, or named as unread or as part of a problem."""
    query = parse(" ".join(words))
    named = [*query.unread, *itertools.chain.from_iterable(problem.words for problem in query.problems)]
    strange = [word for word in words if word in ("zorp", "flim")]
    assert [] == [word for word in strange if not any(word in other for other in named)]


def test_too_long_a_text_is_said_to_be() -> None:
    """Only the first part of a very long text is read, and the answer says so."""
    query = parse("qwen3-32b fp8 batch 20 seq 12k on h100 " + "x" * LONGEST_TEXT)
    assert ("out_of_range", None) == (query.problems[0].code, query.problems[0].slot)
    assert 20 == said(query, "batch")


@pytest.mark.parametrize(
    "noise", ["(" * 10**6, "8x" * 500_000, "a-" * 500_000, "<http://" * 120_000, "batch 20 " * 110_000, "\0" * 10**6]
)
def test_hostile_megabytes_are_refused(noise: str) -> None:
    """A megabyte of nonsense is a problem, not an answer."""
    assert () != parse(noise).problems
