"""Whether Slack would accept a message's blocks: slack_sdk's own classes where it has them, published limits elsewhere.

Limits: slack_sdk 3.47 models, slackblocks 3.0 (its limit registry 1.4.0) and docs.slack.dev's data table page; where
they differ, the smaller. The whole payload: slackapi/bolt-js#2509 saw msg_blocks_too_long from about 13,200 characters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block
from slackblocks import _limits as limits
from slackblocks._surfaces import _BLOCK_TYPES_BY_SURFACE

LARGEST_PAYLOAD = 13_000
MOST_TABLE_ROWS = 101
MOST_SEGMENTS = MOST_SERIES = 6
PARSED_TEXT = "mrkdwn"


def check(blocks: list[dict[str, Any]], text: str = "", *, surface: str = "message") -> None:
    """Raise AssertionError with the first thing that Slack would refuse or parse."""
    assert 1 <= len(blocks) <= limits.MESSAGE_BLOCKS_MAX_ITEMS, f"{len(blocks)} blocks"
    for block in blocks:
        assert block["type"] in _BLOCK_TYPES_BY_SURFACE[surface], f"{block['type']} is not for a {surface}"
        BY_KIND.get(block["type"], check_known)(block)
    charts = sum(block["type"] == "data_visualization" for block in blocks)
    assert charts <= limits.MESSAGE_DATA_VISUALIZATIONS_MAX_ITEMS, f"{charts} charts"
    for item in objects(blocks):
        check_text(item)
    weight = utf16(json.dumps(blocks, ensure_ascii=False)) + utf16(text)
    assert weight <= LARGEST_PAYLOAD, f"{weight} characters in all"
    assert "<" not in text, "an unescaped bracket in the notification text"


def check_known(block: dict[str, Any]) -> None:
    """slack_sdk validates while it renders; a key that it does not know does not come back."""
    parsed = Block.parse(block)
    assert parsed is not None, f"unknown block {block['type']}"
    assert block == json.loads(json.dumps(parsed.to_dict())), f"does not survive slack_sdk: {block}"


def check_data_table(block: dict[str, Any]) -> None:
    """The rules of a block that slack_sdk lacks."""
    assert {"type", "caption", "rows", "page_size", "row_header_column_index"} >= block.keys(), "unknown key"
    rows, widths = block["rows"], {len(row) for row in block["rows"]}
    assert limits.DATA_TABLE_ROWS_MIN_ITEMS <= len(rows) <= MOST_TABLE_ROWS, f"{len(rows)} rows"
    assert len(widths) == 1, "rows of different lengths"
    assert 1 <= widths.pop() <= limits.DATA_TABLE_COLUMNS_MAX_ITEMS, "columns"
    assert 1 <= block["page_size"] <= limits.DATA_TABLE_PAGE_SIZE_MAX, "page size"
    assert 0 <= block["row_header_column_index"] < len(rows[0]), "row header"
    assert all(cell["type"] == "raw_text" for cell in rows[0]), "a header cell that is not text"
    assert sum(utf16(cell["text"]) for row in rows for cell in row) <= limits.DATA_TABLE_CONTENT_MAX_LENGTH
    assert block["caption"].strip(), "no caption"


def check_chart(block: dict[str, Any]) -> None:
    """The rules of another block that slack_sdk lacks."""
    assert {"type", "title", "chart"} >= block.keys(), "unknown key"
    assert 1 <= utf16(block["title"]) <= limits.DATA_VISUALIZATION_TITLE_MAX_LENGTH, "title"
    chart = block["chart"]
    (check_pie if chart["type"] == "pie" else check_curves)(chart)


def check_pie(chart: dict[str, Any]) -> None:
    assert 1 <= len(chart["segments"]) <= MOST_SEGMENTS, "segments"
    for segment in chart["segments"]:
        assert 1 <= utf16(segment["label"]) <= limits.DATA_VISUALIZATION_SEGMENT_LABEL_MAX_LENGTH, segment
        assert 0 < segment["value"] < math.inf, segment


def check_curves(chart: dict[str, Any]) -> None:
    """Lines, bars and areas: every series has a figure for every category."""
    assert chart["type"] in ("line", "bar", "area"), chart["type"]
    axes, names = chart["axis_config"], [series["name"] for series in chart["series"]]
    categories = axes["categories"]
    assert 1 <= len(categories) <= limits.DATA_VISUALIZATION_CATEGORIES_MAX_ITEMS, "categories"
    assert 1 <= len(names) == len(set(names)) <= MOST_SERIES, "series"
    assert all(1 <= utf16(text) <= limits.DATA_VISUALIZATION_CATEGORY_LABEL_MAX_LENGTH for text in categories + names)
    assert all(utf16(axes[axis]) <= limits.DATA_VISUALIZATION_AXIS_LABEL_MAX_LENGTH for axis in ("x_label", "y_label"))
    for series in chart["series"]:
        assert categories == [point["label"] for point in series["data"]], series["name"]
        assert all(math.isfinite(point["value"]) for point in series["data"]), series["name"]


BY_KIND = {"data_table": check_data_table, "data_visualization": check_chart}


def check_text(item: dict[str, Any]) -> None:
    """No text is empty, too long or of the kind that Slack parses."""
    if "text" not in item or not isinstance(item["text"], str):
        return
    assert item["type"] != PARSED_TEXT, f"parsed text: {item}"
    assert item["text"], f"empty text: {item}"
    assert utf16(item["text"]) <= limits.TEXT_MAX_LENGTH, f"too long: {utf16(item['text'])}"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
