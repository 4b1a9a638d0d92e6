"""What the tests of reading share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.parse import SLOTS
from bot.query import CustomCard, Query

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[Any]:
    lines = (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [pytest.param(json.loads(line), id=json.loads(line)["text"][:60]) for line in lines]


def said(query: Query, slot: str) -> Any:
    if slot == "verb":
        return query.verb
    value = getattr(query, slot)
    return None if value is None else value.value


def gpu_name(query: Query) -> str:
    card = said(query, "gpu")
    return (card.label if isinstance(card, CustomCard) else card or "").lower()


def values(query: Query) -> dict[str, Any]:
    return {slot: said(query, slot) for slot in sorted(SLOTS)}
