"""The checker itself: what it must not let through."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError

from tests.slack.check_blocks import check

Block = dict[str, Any]


def raw(text: str) -> Block:
    return {"type": "raw_text", "text": text}


def plain(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def table(rows: list[list[Block]], **fields: Any) -> Block:
    return {"type": "data_table", "caption": "c", "page_size": 5, "row_header_column_index": 0, "rows": rows, **fields}


TWO = [[raw("a"), raw("b")], [raw("c"), {"type": "raw_number", "value": 1, "text": "1"}]]


def test_good_blocks_pass() -> None:
    """A section, a table, a context line."""
    check([plain("x"), table(TWO), {"type": "context", "elements": [plain("y")["text"]]}], "x &lt;")


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [plain("x")] * 51,
        [plain("x" * 3001)],
        [plain("")],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}],
        [{"type": "section", "txt": {"type": "plain_text", "text": "x"}}],
        [{"type": "divider", "unknown": 1}],
        [{"type": "alert", "text": {"type": "plain_text", "text": "x"}}],
        [{"type": "nothing"}],
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        [{"type": "context", "elements": [plain("y")["text"]] * 11}],
        [plain("x" * 2900)] * 5,
        [table(TWO[:1])],
        [table([TWO[0], [raw("c")]])],
        [table([[raw("x")]] * 102)],
        [table([[raw("x")] * 21] * 2)],
        [table([[raw("x")], [raw("")]])],
        [table([TWO[1], TWO[0]])],
        [table(TWO, caption="")],
        [table(TWO, page_size=0)],
        [table(TWO, row_header_column_index=2)],
        [table(TWO, rowss=[])],
    ],
)
def test_bad_blocks_do_not(blocks: list[Block]) -> None:
    """Each of these Slack refuses, or parses."""
    with pytest.raises((AssertionError, SlackObjectFormationError)):
        check(blocks)


def test_brackets_in_the_notification_text() -> None:
    """Unescaped brackets there can mention a whole channel."""
    with pytest.raises(AssertionError, match="bracket"):
        check([plain("x")], "<!channel>")
