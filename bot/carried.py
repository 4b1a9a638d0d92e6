"""What a question carries from one answer to the next as words that only the parser reads.

settings={"prefix_caching": true}: flags of a paste that have no field of their own.
logged_at="Qwen/Qwen3-14B on 1x NVIDIA L40S": the server that the measurements are of, where the question is of another.
language="vi": the language that was asked in, where no word is left of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.additions import ADDED
from bot.card_state import SET_UP
from bot.stated import AS_STATED, SWITCHED
from bot.stated_vllm import FLASHINFER, KEPT
from bot.words import DEFAULT_LANGUAGE, languages

SETTINGS, LOGGED_AT, LANGUAGE = "settings", "logged_at", "language"
_START = re.compile(rf"(?<![\w-])(?P<name>{SETTINGS}|{LOGGED_AT}|{LANGUAGE})=(?=[{{\"])")
_MARKS = tuple(f"{name}=" for name in (SETTINGS, LOGGED_AT, LANGUAGE))
_DECODER = json.JSONDecoder()
LONGEST = 2000
"""Characters of one carried value."""
TRAVELS = frozenset({*AS_STATED, *SWITCHED, *ADDED, *SET_UP, *(kept.name for kept in KEPT)})
"""Names of Query.extra that the figures depend on."""
NUMBERS = frozenset({*AS_STATED, "max_loras", "max_lora_rank", "speculative_tokens"})
"""Those of them that are counted with."""
ENVIRONMENT = "env"
"""Of a command's environment, which may hold secrets, only what is known to matter travels."""


def settings_words(extra: Mapping[str, Any]) -> str:
    """Flags of a paste as a question carries them; nothing where there are none that matter."""
    travels = {name: value for name, value in extra.items() if name in TRAVELS}
    if isinstance(environment := travels.pop(ENVIRONMENT, None), Mapping) and FLASHINFER in environment:
        travels[ENVIRONMENT] = {FLASHINFER: environment[FLASHINFER]}
    return f"{SETTINGS}={_short(travels)}" if travels else ""


def logged_words(question: str) -> str:
    """The server of the measurements as a question carries it."""
    return f"{LOGGED_AT}={_short(question)}"


def language_words(language: str) -> str:
    """The language of the person, which words of the trade do not tell."""
    return f"{LANGUAGE}={_short(language)}" if language != DEFAULT_LANGUAGE else ""


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def read_carried(text: str) -> tuple[dict[str, Any], str]:
    """What a text carries by name, and the text without it; what does not read stays in the text."""
    found: dict[str, Any] = {}
    if not any(mark in text for mark in _MARKS):
        return found, text
    at = 0
    while (match := _START.search(text, at)) is not None:
        value, end = _decoded(text, match.end())
        at = match.end()
        if isinstance(value, dict if match["name"] == SETTINGS else str):
            found[match["name"]] = value
            text, at = f"{text[: match.start()]} {text[end:]}", match.start()
    if found.get(LANGUAGE) not in languages():
        found.pop(LANGUAGE, None)
    if SETTINGS in found:
        found[SETTINGS] = {name: value for name, value in found[SETTINGS].items() if _makes_sense(name, value)}
    return found, text


def _makes_sense(name: str, value: Any) -> bool:
    return name in TRAVELS and (name not in NUMBERS or isinstance(value, int | float))


def _decoded(text: str, start: int) -> tuple[Any, int]:
    try:
        value, length = _DECODER.raw_decode(text[start : start + LONGEST])
    except (ValueError, RecursionError):
        return None, start
    return value, start + length
