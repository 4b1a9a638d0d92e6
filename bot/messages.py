"""The sentences of a reply, from the [messages] of each language file."""

from __future__ import annotations

from functools import cache
from typing import Any

from bot.words import DEFAULT_LANGUAGE, languages


class Messages:
    """Sentences of one language by dotted key; English where the language has none."""

    def __init__(self, language: str, sentences: dict[str, str], fallback: dict[str, str]) -> None:
        self.language = language
        self._sentences = {**fallback, **sentences}

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence with its values filled in. Raises KeyError for an unknown key."""
        return self._sentences[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def first(self, *keys: str, **values: Any) -> str:
        """The sentence of the first key that there is one for."""
        return self(next(key for key in keys if key in self), **values)


def title(quantity: str, meaning: str, language: str) -> str:
    """What a quantity is called in this language; its own meaning where the language has no title for it."""
    found: str = languages().get(language, {}).get("quantities", {}).get(quantity, meaning)
    return found


@cache
def messages(language: str = DEFAULT_LANGUAGE) -> Messages:
    """Sentences of this language, of English where it is unknown."""
    tables = languages()
    fallback = _flat(tables[DEFAULT_LANGUAGE]["messages"])
    return Messages(language, _flat(tables.get(language, {}).get("messages", {})), fallback)


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
