"""Payloads of every kind of interaction, as Slack's reference shows them, and the requests that carry them."""

from __future__ import annotations

import itertools
import json
import urllib.parse
from functools import reduce
from pathlib import Path
from typing import Any

from tests.slack.serving import JSON, Response, Server

HERE = Path(__file__).parent / "data" / "payloads"
_numbers = itertools.count(1)


def payload(name: str, **changes: Any) -> dict[str, Any]:
    """One golden payload; a change names its place with double underscores: event__text="…", actions__0__value="…"."""
    body = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    if "event_id" in body:
        body["event_id"] = f"Ev{next(_numbers)}"
    for place, value in changes.items():
        *path, last = [int(part) if part.isdigit() else part for part in place.split("__")]
        reduce(lambda at, part: at[part], path, body)[last] = value
    return body


def send(server: Server, body: dict[str, Any], **headers: str) -> Response:
    """As Slack sends it: events as JSON, interactions as a form; each request is new."""
    if body["type"] == "event_callback":
        return server.post(json.dumps(body).encode(), Content_Type=JSON, **headers)
    fresh = {**body, "action_ts": str(next(_numbers))}
    return server.post(urllib.parse.urlencode({"payload": json.dumps(fresh)}).encode(), **headers)


def mention(server: Server, text: str, **changes: Any) -> dict[str, Any]:
    """Mention the bot; the payload that was sent."""
    body = payload("app_mention", event__text=f"<@UVRAM> {text}", **changes)
    assert 200 == send(server, body).status
    return body


def said(message: dict[str, Any]) -> str:
    """A message's text and all that its blocks say."""
    return f"{message['text']}\n{json.dumps(message['blocks'], ensure_ascii=False)}"


def filled(**fields: str) -> dict[str, Any]:
    """The state of a form: field -> what was filled in, as each kind of element reports it."""
    return {"values": {field: {field: _element(field, value)} for field, value in fields.items()}}


def _element(field: str, value: str) -> dict[str, Any]:
    if field in ("vram_conversation", "vram_post_to", "vram_for_channel"):
        return {"type": "conversations_select", "selected_conversation": value}
    if field in ("vram_length", "vram_more", "vram_link", "vram_version"):
        return {"type": "plain_text_input", "value": value}
    if field in ("vram_count", "vram_batch", "vram_share"):
        return {"type": "number_input", "value": value}
    return {"type": "static_select", "selected_option": {"text": {"type": "plain_text", "text": value}, "value": value}}
