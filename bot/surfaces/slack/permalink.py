"""Links to messages: https://<workspace>.slack.com/archives/<channel>/p<time>?thread_ts=<time>&cid=<channel>."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

PATH = re.compile(r"/archives/(?P<channel>[A-Z0-9]{2,30})/p(?P<seconds>\d{10})(?P<fraction>\d{6})/?")
TIME = re.compile(r"\d{10}\.\d{6}")
CHANNEL = re.compile(r"[A-Z0-9]{2,30}")
OPTION = re.compile(r"(?:^|\s)thread:\s*<?(?P<url>https?://[^\s<>|]+)(?:\|[^>]*)?>?", re.I)
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """A channel, and the thread in it if there is one."""

    channel: str
    thread: str | None = None


def read(url: str) -> Target | None:
    """The thread that a message belongs to, by the link to the message; None for any other link."""
    if len(url) > LONGEST:
        return None
    try:
        parts = urlsplit(url.strip().strip("<>").partition("|")[0])
    except ValueError:
        return None
    found = PATH.fullmatch(parts.path)
    if parts.scheme not in ("https", "http") or found is None:
        return None
    asked = parse_qs(parts.query.replace("&amp;", "&"))
    root = asked.get("thread_ts", [""])[0]
    own = f"{found['seconds']}.{found['fraction']}"
    return Target(found["channel"], root if TIME.fullmatch(root) else own)


def split(text: str) -> tuple[str, str | None]:
    """A question without its `thread:<link>`, and the link."""
    found = OPTION.search(text)
    if found is None:
        return text, None
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), found["url"]
