"""Hugging Face ids, addresses and paths; no address is ever fetched here."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from catalog.gguf_files import file_format

_HUB = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/|api/models/)?([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(.*)\Z",
    re.S,
)
_NOT_MODELS = ("datasets/", "spaces/", "docs/", "blog/", "collections/", "papers/")
_ID = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z][\w.-]{0,95})(?:@([\w./-]{1,100}))?(?::([\w.-]{1,40}))?\Z")
_PATH = re.compile(r"(?:~|\.{1,2})(?:/[^/\s]+)+/?\Z|/(?:[^/\s]+/)+[^/\s]+/?\Z|[A-Za-z]:\\\S+\Z")
_RATE = re.compile(r"[\d.]*[a-z]{1,8}/(?:s|sec|seconds?|min|h)\Z", re.I)
"""A speed: 49t/s, t/s."""
_TAIL = re.compile(r"/(?:tree|blob|resolve|raw)/([^/?#\s]+)(?:/([^?#\s]+))?")
_VARIANT = re.compile(r":([\w.-]{1,40})\Z")


class Link(NamedTuple):
    """What an id, address or path names."""

    kind: Literal["hub", "id", "path", "address"]
    model: str = ""
    revision: str = ""
    variant: str = ""
    """The file or format behind a colon (org/model:Q4_K_M)."""


def read_link(word: str) -> Link | None:
    """The link that a word is, or None."""
    hub = _HUB.match(word)
    if hub and not hub.group(1).startswith(_NOT_MODELS):
        return Link("hub", hub.group(1).rstrip("."), *_behind(hub.group(2)))
    if word.startswith(("http://", "https://", "www.")) or hub:
        return Link("address")
    identifier = _ID.match(word)
    if identifier and not _RATE.match(word):
        return Link("id", identifier.group(1).rstrip("."), identifier.group(2) or "", identifier.group(3) or "")
    return Link("path", word.rstrip("/")) if _PATH.match(word) else None


def _behind(tail: str) -> tuple[str, str]:
    """Revision and format that an address goes on with: /tree/v1, /blob/main/model-Q8_0.gguf, :Q8_0."""
    place, variant = _TAIL.match(tail), _VARIANT.match(tail)
    if place:
        return place.group(1), file_format(place.group(2) or "")
    return "", variant.group(1) if variant else ""
