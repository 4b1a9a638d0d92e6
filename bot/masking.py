"""Secrets in a paste are replaced before anything else sees it: they are never stored, logged or echoed."""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = "***"
_KNOWN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{8,}|sk-[A-Za-z0-9_\-]{8,}|xox[abeprs]-[A-Za-z0-9\-]{8,}|xapp-[A-Za-z0-9\-]{8,}|gh[opsur]_[A-Za-z0-9]{16,}"
    r"|github_pat_\w{16,}|glpat-[\w\-]{12,}|AKIA[0-9A-Z]{16}|AIza[\w\-]{30,}|nvapi-[\w\-]{16,}"
    r"|eyJ[\w\-]{8,}\.[\w\-]{8,}(?:\.[\w\-]*)?)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
"""Tokens known by their first letters: Hugging Face, OpenAI, Slack, GitHub, GitLab, AWS, Google, NVIDIA, JWT, PEM."""
_CARRIED = re.compile(
    r"(?P<before>\b(?:[Bb]earer|[Bb]asic|BEARER)\s+)(?P<value>[\w\-.=+/]{8,})"
    r"|(?P<scheme>://[^\s/:@\"']{0,200}:)(?P<password>[^\s/@\"']{1,200})(?=@)"
)
_NAMED = re.compile(
    r"(?P<before>(?:TOKEN|API_?KEY|ACCESS_KEY|SECRET|PASSWORD|PASSWD|token|api[_-]?keys?|secret|password|passwd|authtoken)"
    r"(?:_[A-Z]+)?"
    r"[\"']?(?:\s*=\s*|:[ \t]+|[ \t]*\n[ \t]*value:[ \t]*|[ \t]+(?=[^\s\-=:])))"
    r"(?P<value>\"[^\"\n]{3,}\"|'[^'\n]{3,}'|[^\s\"',;)}\]]{3,})"
)
_HINTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (_KNOWN, ("hf_", "sk-", "xox", "xapp-", "gh", "glpat-", "AKIA", "AIza", "nvapi-", "eyJ", "PRIVATE KEY")),
    (_CARRIED, ("earer", "asic", "BEARER", "://")),
    (_NAMED, ("TOKEN", "KEY", "SECRET", "PASSW", "token", "key", "secret", "passw")),
)
"""Each pattern with words without which it cannot match."""
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?[kKmMgG]?\Z|(?:true|false|none|null|auto)\Z|[$<{*\[(]", re.I)
"""Values that are no secret: numbers (max tokens), variables, placeholders."""
_FLAG = re.compile(r"--?[\w-]*\Z")


def masked(text: str) -> str:
    """The text with every secret replaced by ***; names and everything else stay as they are."""
    for pattern, hints in _HINTS:
        if any(hint in text for hint in hints):
            text = pattern.sub(_BY_PATTERN[pattern], text)
    return text


def _known(match: re.Match[str]) -> str:
    return MASK


def _carried(match: re.Match[str]) -> str:
    return f"{match['before'] or match['scheme']}{MASK}"


def _named(match: re.Match[str]) -> str:
    """A name followed by a space alone names a secret only behind a flag's dashes: --api-key x."""
    value, before = match["value"].strip("\"'"), match["before"]
    line = match.string[max(0, match.start() - 40) : match.start()]
    spaced = before.rstrip("\"' \t") == before.strip() and before[-1] in " \t" and not re.search(r"[=:]\s*\Z", before)
    if _PLAIN.match(value) or (spaced and not _FLAG.search(line)):
        return match.group()
    return f"{before}{MASK}"


_BY_PATTERN: dict[re.Pattern[str], Callable[[re.Match[str]], str]] = {
    _KNOWN: _known,
    _CARRIED: _carried,
    _NAMED: _named,
}
