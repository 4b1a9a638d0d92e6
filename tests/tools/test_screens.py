"""The pictures of the docs show what the server sends."""

from __future__ import annotations

import re
from html import unescape

import pytest

from bot.answer import answer
from bot.reply import Reply
from bot.surfaces.slack.blocks import card, plain_blocks
from tests.slack import replies
from tests.slack.check_blocks import objects
from tools.screens.__main__ import IMAGES
from tools.screens.browser import LARGEST_BYTES, WIDTH
from tools.screens.page import KINDS, STYLE, Block, UnknownKind, asked_privately, drawn, page
from tools.screens.scenes import SAMPLE, SCENES

ASKED = (SAMPLE, "help", "what gpu for qwen3-14b bf16, 4 users, 8k", "explain qwen3-32b fp8 on h200", "no such")
BY_HAND = "a reply with every part"


def reply_to(asked: str) -> Reply:
    return replies.sized() if asked == BY_HAND else answer(asked)


def test_every_kind_of_block_has_a_renderer() -> None:
    """What the cards of every sort of reply are made of can be drawn."""
    sent = [draw(reply_to(asked)) for asked in (BY_HAND, *ASKED) for draw in (card, plain_blocks)]
    parts = [part for blocks in sent for part in objects(blocks)]
    assert set() == {part["type"] for part in parts if "type" in part} - KINDS.keys()


@pytest.mark.parametrize("asked", [BY_HAND, *ASKED])
def test_a_picture_shows_every_text(asked: str) -> None:
    """Each text of a card is on its page."""
    blocks = card(reply_to(asked))
    shown = unescape(re.sub("<[^>]*>", "", drawn(blocks)))
    texts = [part["text"] for part in objects(blocks) if isinstance(part.get("text"), str)]
    assert texts
    assert [] == [text for text in texts if text not in shown]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "carousel"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*x*"}},
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"blink": True}}]},
    ],
)
def test_an_unknown_kind_is_an_error(block: Block) -> None:
    """A block, text or style that would be drawn wrongly is not drawn at all."""
    with pytest.raises(UnknownKind):
        drawn([block])


def test_a_page_is_safe_and_as_wide_as_its_picture() -> None:
    """What was typed is escaped; the style sheet and the browser agree on the width."""
    assert "&lt;b&gt;" in page(asked_privately("/vram <b>"))
    assert f"width: {WIDTH}px" in STYLE.read_text("utf-8")


def test_long_tables_show_their_first_page() -> None:
    """As in Slack, rows beyond the page are counted."""
    row = [{"type": "raw_text", "text": "row"}]
    table = {"type": "data_table", "caption": "c", "page_size": 2, "rows": [row] * 6}
    assert (2, True) == (drawn([table]).count("<td>"), "1–2 of 5" in drawn([table]))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card-does-not-fit", ["/vram", "Does not fit", "Post to thread…", "NVIDIA H100 SXM 80GB"]),
        ("card-vietnamese", ["người dùng", "Đăng vào luồng…"]),
        ("thread", ["Asked by @Alice", "Memory by batch, GiB", "<path", "<polyline"]),
        ("form", ["Size a deployment", "12288", "Size it"]),
        ("home", ["Your last questions", "Delete them", "GPU: NVIDIA L40S"]),
    ],
)
def test_scenes_show_the_real_bot(name: str, words: list[str]) -> None:
    """Cards with their controls, a thread with charts, the form and the Home."""
    shown = SCENES[name]().replace('<span class="person">', "").replace("</span>", "")
    assert [] == [word for word in words if word not in unescape(shown)]


@pytest.mark.parametrize("name", SCENES)
def test_pictures_are_there_and_small(name: str) -> None:
    """Each picture is a PNG that a page loads quickly."""
    body = (IMAGES / f"{name}.png").read_bytes()
    assert body.startswith(b"\x89PNG")
    assert len(body) <= LARGEST_BYTES
