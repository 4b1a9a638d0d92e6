"""Copies of a known model under another name: quantized repositories, mirrors, local folders.

The name alone is read, as its parts say it; whoever uses a variant tells so in the answer.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from catalog.find import find_format, find_model
from catalog.types import Model, NotFound

MOST_PARTS = 8
"""Parts at the end of a name that may describe its format."""

GGUF = re.compile(r"(?:[-_.]i1)?[-_.]gguf\Z", re.I)
"""End of the names of repositories that hold one model in several GGUF formats."""
USUAL_FILE = "q4_k_m"
"""The file that llama.cpp takes of such a repository when none is named (common/download.cpp), and
Ollama where a tag names no type (docs/import.md)."""

FORMAT_DETAILS = frozenset(
    "dynamic static block quantized quant autoround hf tensor channel ct marlin g32 g64 g128 4bit 8bit int4 int8 "
    "w4a16 w8a8 w8a16 bnb gptq awq fp8 kv sym asym".split()
)
"""Parts that describe a format further, without changing the model."""


GGUF_END = re.compile(r"[-_.]gguf\Z", re.I)
"""How repositories of GGUF files end their name; the file chosen says the format."""


class Variant(NamedTuple):
    """The model behind a name, and the format that the name states."""

    model: Model
    weights: str | None


def variant_of(text: str) -> Variant | None:
    """The known model that an id or a path names by its last part, a format behind it; None where it names none."""
    name = GGUF_END.sub("", re.split(r"[/\\]", text.rstrip("/\\"))[-1])
    if not name or name == text:
        return None
    bare = GGUF.sub("", name)
    found = find_model(bare)
    if not isinstance(found, NotFound):
        return Variant(found.item, USUAL_FILE if bare != name else None)
    return _with_format(re.split(r"[-_.]", name), name)


def _with_format(parts: list[str], name: str) -> Variant | None:
    for cut in range(len(parts) - 1, max(0, len(parts) - MOST_PARTS), -1):
        weights = _format(parts[cut:])
        if weights is None:
            continue
        head = name[: name.rindex(parts[cut], len("-".join(parts[:cut])))].rstrip("-_.")
        found = find_model(head)
        if not isinstance(found, NotFound):
            return Variant(found.item, weights)
    return None


def _format(parts: list[str]) -> str | None:
    """The format that these parts state, all of them understood."""
    whole = find_format(" ".join(parts))
    if not isinstance(whole, NotFound):
        return whole.item.key
    first, rest = find_format(parts[0]), parts[1:]
    if isinstance(first, NotFound) or any(part.lower() not in FORMAT_DETAILS for part in rest):
        return None
    return first.item.key
