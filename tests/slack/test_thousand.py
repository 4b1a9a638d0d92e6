"""More than a thousand real answers, drawn in every way that Slack is sent them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.defaults import Defaults
from bot.formats import shown
from bot.reply import Cell, Step, Table
from bot.surfaces.slack import default_answer, never
from bot.surfaces.slack.desk import Desk, Where
from bot.surfaces.slack.message import Message
from bot.surfaces.slack.preferences import save_person
from bot.surfaces.slack.store import MemoryStore, Tenant
from catalog.load import load
from tests.slack.check_blocks import check

QUESTIONS = 240
"""Each is drawn as it is, and with hostile words in every place that shows some: 1,200 answers."""
DISGUISES = 4
HERE = Where(tenant=Tenant(None, "T1"), user="U0ALICE", channel="C1")
LOADS = ("", "batch 20 seq 12k", "max batch seq 4k", "longest context", "4 người dùng", "chart batch 2")
HOSTILE = (
    "<!channel> <!here> <@U0ALICE> <https://evil.example|click>",
    "*bold* _it_ ~no~ `code` ```block``` > quote",
    "‮كم مستخدم على هذه البطاقة‬ 用户 ผู้ใช้",
    "👩‍👩‍👧‍👦🏳️‍🌈 :tada: :gpu:",
    "Z͑ͫa̴l̸g̶o̷" * 30,
    "x" * 3000,
    "a/b" * 60,
    "\x00\x07\ufeff\u2028 batch \ud800",
    "&lt;script&gt;&amp;amp;",
    "-1 0 1e999 NaN ٣٢ ½ ²",
)


def questions() -> list[str]:
    """Models, formats and cards of the catalog in ever new combinations, each with a load."""
    chance, catalog = random.Random(5), load()
    formats, cards = ["", *map(shown, catalog.formats)], ["", *sorted(catalog.gpus)]
    models = chance.sample(sorted(catalog.models), QUESTIONS)
    return [" ".join((model, chance.choice(formats), chance.choice(LOADS), place(chance, cards))) for model in models]


def place(chance: random.Random, cards: list[str]) -> str:
    card = chance.choice(cards)
    return f"on {chance.choice(('', '2x ', '8x '))}{card}" if card else ""


def disguised(message: Message, words: str) -> Message:
    """The same answer with these words wherever it shows a text."""
    reply = message.reply
    tables = tuple(
        Table(words, columns=tuple(words for _ in table.columns), rows=tuple(_cells(row, words) for row in table.rows))
        for table in reply.tables
    )
    steps = tuple(Step(words, question=words, command=step.command and words) for step in reply.steps)
    lists = {name: (words,) * len(getattr(reply, name)) for name in ("facts", "notes", "assumptions")}
    return replace(message, reply=replace(reply, headline=words, tables=tables, steps=steps, source=words, **lists))


def _cells(row: tuple[Cell, ...], words: str) -> tuple[Cell, ...]:
    return tuple(replace(cell, text=words) for cell in row)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """What the listeners answer with; this person has settings."""
    with ThreadPoolExecutor(1) as pool:
        desk = Desk(answer=default_answer, store=MemoryStore(), pool=pool, late=pool, waits=never, command="/vram")
        save_person(desk.store, HERE.tenant, HERE.user, Defaults(gpu="NVIDIA L40S", units="GB"))
        yield desk


def answered(desk: Desk, question: str) -> Message:
    """The card that everyone sees; drawing it fails loudly."""
    message = desk.shared(replace(desk.state(HERE, question), asker="U0ALICE", changer="U0BOB"))
    assert "internal" != getattr(message.reply.answer.error, "code", "")
    return message


def check_message(message: Message, *, plain: bool = True) -> None:
    """With native blocks; plain: and as plain sections."""
    for content in (message.native(), *([message.plain()] if plain else [])):
        check(content["blocks"], content["text"])


def test_over_a_thousand_answers_are_what_slack_takes(desk: Desk) -> None:
    """Every kind of model, format, card and load, as answered and with every text turned hostile."""
    messages, words = [answered(desk, question) for question in questions()], itertools.cycle(HOSTILE)
    drawn = messages + [disguised(message, next(words)) for message in messages for _ in range(DISGUISES)]
    assert len(drawn) >= 1_000
    for number, message in enumerate(drawn):
        check_message(message, plain=number % DISGUISES == 0)


@pytest.mark.parametrize("question", HOSTILE)
def test_hostile_words_alone(desk: Desk, question: str) -> None:
    """Whatever stands there instead of a question."""
    check_message(answered(desk, question))


@pytest.mark.parametrize("card", sorted(load().gpus)[::9])
def test_charts_of_any_answer(desk: Desk, card: str) -> None:
    """Asked for, two charts come with the answer, and go where blocks are refused."""
    message = answered(desk, f"chart qwen3-8b seq 4k batch 4 on {card}")
    check_message(message)
    assert 2 == sum(block["type"] == "data_visualization" for block in message.blocks)
    assert 0 == sum(block["type"] == "data_visualization" for block in message.plain()["blocks"])
