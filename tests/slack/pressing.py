"""Everything on a card, in a modal or on the Home that a person can press, and the requests that this sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.slack.payloads import payload, send
from tests.slack.serving import Response, Server

CHOSEN = "NVIDIA L40S"
"""What a person picks from a menu that is filled as one types."""


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each element that sends something when pressed, with its block's id."""
    for block in blocks:
        within = block.get("elements", []) if block["type"] == "actions" else [block.get("accessory")]
        yield from ((block.get("block_id", "b"), element) for element in within if element and "action_id" in element)


def action(block_id: str, element: dict[str, Any]) -> dict[str, Any]:
    """What Slack reports of a pressed element."""
    kept = {key: element[key] for key in ("type", "action_id", "value") if key in element}
    options = element.get("options") or [{"text": {"type": "plain_text", "text": CHOSEN}, "value": CHOSEN}]
    chosen = {"selected_option": options[0]} if element["type"].endswith("_select") else {}
    return {**kept, **chosen, "block_id": block_id, "action_ts": "1800000002.000200"}


def press(server: Server, name: str, block_id: str, element: dict[str, Any], **changes: Any) -> Response:
    """Send one press with the golden payload `name`."""
    return send(server, payload(name, actions=[action(block_id, element)], **changes))
