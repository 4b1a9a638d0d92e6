"""Names of models on the Hub, for who is typing one."""

from __future__ import annotations

from catalog.hub import is_identifier
from catalog.reading import Unreadable, read_json
from catalog.types import Fact

MOST_NAMES = 20
NAMES_BYTES = 200_000
FEWEST_LETTERS = 3
LONGEST_WORDS = 100
NAMES_SECONDS = 600.0
"""How long a search is remembered."""


class Names(Fact):
    """What a search found, as it is remembered."""

    ids: tuple[str, ...] = ()


def read_names(body: bytes) -> Names:
    """The ids of a search's answer; none where it is damaged."""
    try:
        listed = read_json(body, most_bytes=NAMES_BYTES)
    except Unreadable:
        return Names()
    found = [each.get("id") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return Names(ids=tuple(each for each in found if isinstance(each, str) and is_identifier(each))[:MOST_NAMES])
