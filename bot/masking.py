"""Secrets in a paste are replaced before anything else sees it: they are never stored, logged or echoed."""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = "***"
_KNOWN = re.compile(
    r"h(?<!\wh)f_[A-Za-z0-9]{8,}|s(?<!\ws)k-[A-Za-z0-9_\-]{8,}|x(?<!\wx)ox[abeprs]-[A-Za-z0-9\-]{8,}"
    r"|x(?<!\wx)app-[A-Za-z0-9\-]{8,}|g(?<!\wg)h[opsur]_[A-Za-z0-9]{16,}|g(?<!\wg)ithub_pat_\w{16,}"
    r"|g(?<!\wg)lpat-[\w\-]{12,}|A(?<!\wA)KIA[0-9A-Z]{16}|A(?<!\wA)Iza[\w\-]{30,}|n(?<!\wn)vapi-[\w\-]{16,}"
    r"|e(?<!\we)yJ[\w\-]{8,}\.[\w\-]{8,}(?:\.[\w\-]*)?"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)
"""Tokens known by their first letters: Hugging Face, OpenAI, Slack, GitHub, GitLab, AWS, Google, NVIDIA, JWT, PEM.

Every alternative of these patterns starts with a letter, what must not stand before it is looked at behind: so re skips
to the places where one can start, which is several times as fast on a long paste."""
_CARRIED = re.compile(
    r"(?P<before>b(?<!\wb)earer\s+|B(?<!\wB)earer\s+|B(?<!\wB)EARER\s+"
    r"|authorization[\"']?\s*[:=]\s*[\"']?(?:Basic\s+|Token\s+)?|Authorization[\"']?\s*[:=]\s*[\"']?(?:Basic\s+|Token\s+)?)"
    r"(?P<value>(?![Bb]earer|BEARER)[\w\-.=+/]{12,})"
)
_PASSWORD = re.compile(
    r"(?P<scheme>://[^\s/:@\"']{0,200}:|-(?<![\w-]-)(?:u|-user)[= ][\"']?[\w.@-]{1,64}:)"
    r"(?P<password>[^\s/@\"']{3,200})"
)
_NAMED = re.compile(
    r"(?P<before>(?:TOKEN|API_?KEY|ACCESS_?KEY|SECRET|PASSWORD|PASSWD|_PAT|Token(?<=[a-z]Token)|apiKey|ApiKey|accessKey"
    r"|AccessKey|secretKey|SecretKey"
    r"|token|api[_-]?keys?|secret(?:[_-]key)?|password|passwd|authtoken)"
    r"(?:_[A-Z]+)?[\"']?\]?"
    r"(?:\s*=\s*|:(?:[ \t]+|(?=[\"']))|[ \t]*\n[ \t]*value:[ \t]*"
    r"|(?P<spaced>(?:,[ \t]*|[ \t]*\\?\r?\n[ \t]*(?:-[ \t]+)?|[ \t]+)(?=[^\s\-=:]))))"
    r"(?P<value>\"[^\"\n]{3,}\"|'[^'\n]{3,}'|[^\s\"',;)}\]]{3,})"
)
_HINTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (_KNOWN, ("hf_", "sk-", "xox", "xapp-", "gh", "glpat-", "AKIA", "AIza", "nvapi-", "eyJ", "PRIVATE KEY")),
    (_CARRIED, ("earer", "uthorization", "BEARER")),
    (_PASSWORD, ("://", "-u", "--user")),
    (_NAMED, ("TOKEN", "KEY", "SECRET", "PASSW", "_PAT", "Token", "Key", "token", "key", "secret", "passw")),
)
"""Each pattern with words without which it cannot match."""
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?[kKmMgG]?\Z|(?:true|false|none|null|auto)\Z|[$<{*\[(`]", re.I)
"""Values that are no secret: numbers (max tokens), variables, placeholders."""
_FLAG = re.compile(r"--?[\w-]*\Z|(?:^|\n)[ \t]*ENV[ \t]+\w*\Z")
"""What stands before a name whose value follows a space: a flag's dashes, a Dockerfile's ENV."""


def masked(text: str) -> str:
    """The text with every secret replaced by ***; names and everything else stay as they are."""
    for pattern, hints in _HINTS:
        if any(hint in text for hint in hints):
            text = pattern.sub(_BY_PATTERN[pattern], text)
    return text


def _known(match: re.Match[str]) -> str:
    return MASK


def _carried(match: re.Match[str]) -> str:
    return f"{match['before']}{MASK}"


def _password(match: re.Match[str]) -> str:
    """A password of an address ends at its @; a user and group by number (docker -u 1000:1000) are none."""
    is_address = match["scheme"].startswith("://")
    follows = match.string[match.end() : match.end() + 1]
    if (is_address and follows != "@") or (not is_address and _PLAIN.match(match["password"])):
        return match.group()
    return f"{match['scheme']}{MASK}"


def _named(match: re.Match[str]) -> str:
    """A name followed by a space alone names a secret only behind a flag's dashes: --api-key x."""
    line = match.string[max(0, match.start() - 40) : match.start()]
    is_flag = match["spaced"] is None or _FLAG.search(line)
    if not is_flag or _PLAIN.match(match["value"].strip("\"'")):
        return match.group()
    return f"{match['before']}{MASK}"


_BY_PATTERN: dict[re.Pattern[str], Callable[[re.Match[str]], str]] = {
    _KNOWN: _known,
    _CARRIED: _carried,
    _PASSWORD: _password,
    _NAMED: _named,
}
