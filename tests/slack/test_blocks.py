"""Replies drawn as Slack messages."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.contract import Answer, GpuMemory, Memory, Understood
from bot.reply import Cell, Reply, Section, Step, Table
from bot.surfaces.slack.blocks import PAGE_ROWS, card, headline, plain_blocks
from bot.surfaces.slack.message import failure
from tests.slack import replies
from tests.slack.check_blocks import check, objects

EXAMPLES = 100
NASTY = (
    "<!channel>",
    "<@U1|x>",
    "&lt;",
    "*b* _i_ `c`",
    "‮كبير",
    "👩‍👩‍👧‍👦",
    "ñ̃" * 9,
    "\x00\r\n\t",
    "",
    " ",
    "\ud800",
    "x" * 4000,
)
LONG = st.builds(str.__mul__, st.text(min_size=1, max_size=9), st.sampled_from((90, 700)))
TEXTS = st.sampled_from(NASTY) | st.text(max_size=30) | LONG
NUMBERS = st.none() | st.floats() | st.integers(-(2**70), 2**70).map(float)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Up to 1,000 rows and 30 columns."""
    columns = draw(st.lists(TEXTS, max_size=25))
    row = tuple(Cell(draw(TEXTS), draw(NUMBERS)) for _ in columns)
    return Table(draw(TEXTS), tuple(columns), (row,) * draw(st.sampled_from((0, 1, 99, 100, 1000))))


@st.composite
def any_reply(draw: st.DrawFn) -> Reply:
    """A reply with any number of parts of any size, texts of any kind."""
    many = {"max_size": draw(st.sampled_from((0, 3, 25)))}
    byte_counts = st.integers(0, 2**45)
    memory = Memory(weights=0, kv_cache=0, activations=0, overhead=0, total=draw(byte_counts))
    gpu = GpuMemory(visible=draw(byte_counts), usable=draw(byte_counts))
    answer = Answer(question="", understood=Understood(), memory=memory, gpu_memory=draw(st.none() | st.just(gpu)))
    steps = st.builds(Step, TEXTS, st.none() | TEXTS, st.none() | TEXTS)
    return Reply(
        answer=answer,
        verdict="fits",
        headline=draw(TEXTS),
        language=draw(st.sampled_from(("en", "vi", "xx"))),
        tables=tuple(draw(st.lists(tables(), max_size=5))),
        facts=tuple(draw(st.lists(TEXTS, **many))),
        notes=tuple(draw(st.lists(TEXTS, **many))),
        steps=tuple(draw(st.lists(steps, **many))),
        assumptions=tuple(draw(st.lists(TEXTS, **many))),
        sections=tuple(draw(st.lists(st.builds(Section, TEXTS, TEXTS, st.booleans()), **many))),
        source=draw(TEXTS),
    )


@pytest.mark.parametrize("draw", [card, plain_blocks])
@given(reply=any_reply())
@settings(max_examples=EXAMPLES, deadline=None)
def test_whatever_the_reply_slack_takes_it(draw, reply: Reply) -> None:
    """Any reply is drawn within every limit, its headline first, nothing of a kind that Slack parses."""
    blocks = draw(reply)
    check(blocks, headline(reply))
    assert blocks[0]["type"] == ("rich_text" if draw is card else "section")
    json.dumps(blocks, allow_nan=False).encode()


def kinds(reply: Reply) -> list[str]:
    return [block["type"] for block in card(reply)]


def test_order_of_a_full_card() -> None:
    """Verdict, bar, table, facts, notes, passage, steps, footer."""
    expected = ["rich_text", "context", "data_table", *["rich_text"] * 4, "context"]
    assert expected == kinds(replies.sized())


@pytest.mark.parametrize(("verdict", "label"), [("help", "Examples"), ("fits", "Next")])
def test_help_shows_examples(verdict, label: str) -> None:
    """The steps of a help reply are examples, those of an answer what to do next."""
    drawn = json.dumps(card(dataclasses.replace(replies.sized(), verdict=verdict)))
    assert [label] == [name for name in ("Examples", "Next") if f'"{name}"' in drawn]


def test_a_bare_reply_is_one_block() -> None:
    """What a reply does not have is not drawn."""
    assert ["rich_text"] == kinds(replies.refused("x"))


def test_the_table_is_native_and_sorts_by_number() -> None:
    """Cells with a number are numbers, shown as the reply words them; the caption and the row header are set."""
    table = next(block for block in card(replies.sized()) if block["type"] == "data_table")
    assert ("Where the bytes go", 0, 3) == (table["caption"], table["row_header_column_index"], table["page_size"])
    assert [{"type": "raw_text", "text": "Part"}, {"type": "raw_text", "text": "Size"}] == table["rows"][0]
    assert {"type": "raw_number", "value": 32.0, "text": "32.0 GiB"} == table["rows"][1][1]


@pytest.mark.parametrize(
    ("total", "usable", "bar"),
    [(0, 72, "░" * 20 + " 0 %"), (65, 72, "██████████████████░░ 90 %"), (720, 72, "█" * 20 + " 1000 %")],
)
def test_memory_bar(total: int, usable: int, bar: str) -> None:
    """Twenty cells of what the engine may use, full at most, with the share in figures."""
    reply = replies.sized()
    memory = reply.answer.memory.model_copy(update={"total": total * replies.GIB})
    gpu = GpuMemory(visible=80 * replies.GIB, usable=usable * replies.GIB)
    changed = dataclasses.replace(reply, answer=reply.answer.model_copy(update={"memory": memory, "gpu_memory": gpu}))
    assert card(changed)[1]["elements"][0]["text"].startswith(bar)


STEPS = (
    Step("First:", question="a on h100"),
    Step("Second:", question="b on h100", command="vllm serve b"),
    Step("Third:", question="c on h100", command="vllm serve c"),
)


def test_next_steps_can_be_copied() -> None:
    """The first command comes as a code block, the other steps as their question, a slash command in code form."""
    drawn = card(Reply(answer=replies.refused("x").answer, verdict="fits", headline="x", steps=STEPS))
    styles = {item["text"]: item.get("style") for item in objects(drawn) if item.get("type") == "text"}
    code = {"code": True}
    assert {"/vram a on h100": code, "vllm serve b": None, "/vram c on h100": code} == {
        text: style for text, style in styles.items() if text.startswith(("/vram", "vllm"))
    }


@pytest.mark.parametrize(
    ("said", "code"), [("set `--x 1` and `-y`", ["--x 1", "-y"]), ("a ` b", []), ("`x` `y`", ["x", "y"]), ("``", [])]
)
def test_code_in_a_sentence(said: str, code: list[str]) -> None:
    """What stands between backticks is code; nothing is lost of a sentence without pairs."""
    drawn = card(Reply(answer=replies.refused("x").answer, verdict="fits", headline="x", facts=(said,)))
    runs = [item for item in objects(drawn[1]) if item.get("type") == "text"]
    assert code == [run["text"] for run in runs if "style" in run]
    assert said.count("`") % 2 == 0 or said == runs[0]["text"]


def test_what_is_left_out_is_owned_up_to() -> None:
    """More laws than a message holds: a line says that it was shortened; few: it does not."""
    for laws, shortened in ((3, False), (60, True)):
        reply = dataclasses.replace(replies.sized(), sections=(Section("Law", "a = b", preformatted=True),) * laws)
        assert shortened == ("Shortened" in json.dumps(card(reply)))


def test_a_command_too_long_is_left_out_not_cut() -> None:
    """A command that would have to be cut is not shown: it would be pasted as it stands."""
    reply = dataclasses.replace(replies.sized(), steps=(Step("Serve it:", command="vllm serve " + "x" * 3000),))
    assert not [item for item in objects(card(reply)) if "vllm serve" in str(item.get("text"))]


def test_a_long_table_says_how_much_it_shows() -> None:
    """Rows beyond what fits are counted in the caption; the rest is read page by page."""
    reply = replies.sized()
    long = dataclasses.replace(reply.tables[0], rows=reply.tables[0].rows[:1] * 1000)
    table = next(block for block in card(dataclasses.replace(reply, tables=(long,))) if block["type"] == "data_table")
    assert f"Where the bytes go (first {len(table['rows']) - 1} of 1000)" == table["caption"]
    assert PAGE_ROWS == table["page_size"]


def test_a_cut_card_says_so() -> None:
    """A reply that fits in no form ends with a line that says it was shortened."""
    reply = dataclasses.replace(replies.sized(), sections=(Section("t", "x" * 6000),) * 9, notes=("y" * 3000,) * 40)
    steps = (Step("z" * 900, question="q" * 1900, command="c" * 1900),) * 9
    assert "Shortened" in card(dataclasses.replace(reply, steps=steps))[-1]["elements"][0]["text"]


def test_labels_are_in_the_language_of_the_reply() -> None:
    """A Vietnamese reply has Vietnamese labels."""
    drawn = json.dumps(card(dataclasses.replace(replies.sized(), language="vi")), ensure_ascii=False)
    assert ("Giả định" in drawn, "Assumed" in drawn) == (True, False)


def test_plain_sections_say_the_same() -> None:
    """The plain form has every figure of the native one."""
    drawn = json.dumps(plain_blocks(replies.sized()), ensure_ascii=False)
    for said in ("Fits: 65.0", "90 %", "weights · 32.0 GiB", "Largest batch: 24.", "/vram qwen3-32b", "a = b", "bf16"):
        assert said in drawn


def test_our_own_failure_names_its_reference() -> None:
    """The reply to an error of ours carries the id that the log has."""
    assert "abcd1234" in headline(failure("abcd1234"))
