"""Cards as programs list them, a line for each: "GPU 0,1: NVIDIA H20", "Device 0: NVIDIA GeForce RTX 4070, ..."."""

from __future__ import annotations

import re

from bot.parsing.items import Claim, Sentence

_INDEX = r"\d{1,2}(?:,[ \t]?\d{1,2}){0,15}"
_LISTED = re.compile(rf"(?m)^[ \t|>*-]*(?:GPU|Device)[ \t]+({_INDEX})[ \t]*(?=[:\[])(?::[ \t]*\[)?")
"""The number of a card in front of its name."""
_MORE = re.compile(rf"(?m)^[ \t]*GPU[ \t]+{_INDEX}[ \t]+Compute Capability:[^\n]*")
"""What PyTorch's report says of the same cards again."""
MOST_LINES = 64


def blank_listing(words: str) -> tuple[str, Claim | None]:
    """The text without the numbers of its listed cards, each character in its place, and how many cards there are."""
    if "GPU" not in words and "Device" not in words:
        return words, None
    words = _MORE.sub(_spaces, words)
    matches = [match for _, match in zip(range(MOST_LINES), _LISTED.finditer(words), strict=False)]
    numbers = {number.strip() for match in matches for number in match.group(1).split(",")}
    if not matches:
        return words, None
    return _LISTED.sub(_spaces, words), Claim(len(numbers), matches[0].start(1), matches[0].end(1))


def claim_listing(sentence: Sentence, listed: Claim | None) -> None:
    """The cards of a machine, where no words count them."""
    if listed and "gpu_count" not in sentence.claims:
        sentence.claims["gpu_count"] = [listed]


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match.group())
