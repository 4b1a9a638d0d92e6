"""Hugging Face ids, addresses and paths; no address is ever fetched here."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_HUB = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/|api/models/)?([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(.*)\Z",
    re.S,
)
_NOT_MODELS = ("datasets/", "spaces/", "docs/", "blog/", "collections/", "papers/")
_ID = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z][\w.-]{0,95})(?:@([\w./-]{1,100}))?(?::([\w.-]{1,40}))?\Z")
_PATH = re.compile(r"(?:~|\.{1,2})?/(?:[^/\s]+/)+[^/\s]+/?\Z|[A-Za-z]:\\\S+\Z")
_TAIL_REVISION = re.compile(r"/(?:tree|blob|resolve|raw)/([^/?#\s]+)")


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
        revision = _TAIL_REVISION.match(hub.group(2))
        return Link("hub", hub.group(1).rstrip("."), revision.group(1) if revision else "")
    if word.startswith(("http://", "https://", "www.")) or hub:
        return Link("address")
    identifier = _ID.match(word)
    if identifier:
        return Link("id", identifier.group(1).rstrip("."), identifier.group(2) or "", identifier.group(3) or "")
    return Link("path", word.rstrip("/")) if _PATH.match(word) else None
