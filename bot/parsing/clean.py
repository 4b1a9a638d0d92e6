"""Undo what Slack, phones and word processors did to a text, so that one spelling is left."""

from __future__ import annotations

import re
import unicodedata

LONGEST_TEXT = 16_000
"""Characters that are read: four of Slack's longest recommended messages (4,000 characters)."""

_SLACK_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|\s]{1,2000})(?:\|[^<>]{0,2000})?>")
_SLACK_MENTION = re.compile(r"<(?:[@#][A-Z0-9]{2,40}|![a-zA-Z^]{1,40}[^<>|\s]{0,80})(?:\|[^<>]{0,200})?>")
SLACK_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_COMMAND_NAME = re.compile(r"\s*(?:[/@](?:vram|vram[-_]?bot)\b:?|vram(?=\s+[\"']?\S))\s*", re.I)
_LONG_DASH_FLAG = re.compile(r"(?<!\S)[\u2013\u2014\u2015](?=[A-Za-z])")
_EMPHASIS = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^*_~\n]{1,200}?\S|\S)\1(?![\w*_~])")
_FLAG = re.compile(r"(?:^|\s)--?[a-zA-Z]")
"""A pasted command: its marks are no emphasis."""
_SUBSTITUTION = re.compile(r"(?<=[=:\"'])`([^`\n]{1,80})`|(?<=-\w )`([^`\n]{1,80})`")
"""`id -u` inside a command, which a shell would run."""
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-9;?]{0,20}[A-Za-z]|\][^\x07\x1b]{0,200}\x07)")
"""Colours and titles of a terminal (ECMA-48)."""
_FENCE = re.compile(
    r"```(?:(?:bash|sh|shell|console|zsh|python|py|ya?ml|json|toml|ini|text|txt|log|cmd|bat|powershell|dockerfile)"
    r"(?=[ \t]*(?:\n|\Z)))?",
    re.I,
)
"""The mark of code, with the language it is in."""
_EMOJI = re.compile(r"(?<!\S):[a-z][\w+-]{0,60}:(?!\S)")
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u20e3]")
"""Emoji and dingbats."""
_DICTATED = re.compile(
    r"(?<![\w.-])(?:(h) (100s?|200s?|20s?|800s?)(?! (?:users|people|requests|tokens|sessions|chats))"
    r"|(l) (40 ?s)|(a) (100s?)(?= (?:gpus?|cards?|sxm|pcie|[48]0 ?g|[48]0 gig))"
    r"|(?<=[a-z0-9] )(\d{1,3}(?:\.\d)?) (b)(?! \d))(?![\w.])",
    re.I,
)
"""Names as they are spelled out to a phone: "h 100", "l 40 s", "qwen3 32 b"."""
_LABEL = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff]):(?=\S)")
"""A colon that ends a word of a script without spaces."""
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x061C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
_CONTROLS = dict.fromkeys((code for code in (*range(32), 127, *range(128, 160)) if code not in (9, 10)), " ")
_ALIKE = {
    **dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2043, 0x2212, 0xFE63, 0xFF0D], "-"),
    **dict.fromkeys([0x2014, 0x2015], " - "),
    **dict.fromkeys([0x2018, 0x2019, 0x201B, 0x02BC, 0x2032, 0x00B4], "'"),
    **dict.fromkeys([0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0x00AB, 0x00BB], '"'),
    **dict.fromkeys([0x00D7, 0x2715, 0x2716, 0x22C5, 0x2A09], "x"),
    **dict.fromkeys([0x2264, 0x2265, 0x2248, 0x223C], "~"),
    **dict.fromkeys([0x2192, 0x27A1, 0x21D2, 0x279C], "->"),
    **dict.fromkeys([0x2028, 0x2029, 0x0085], "\n"),
    **dict.fromkeys([0x3001, 0x00B7, 0x2022, 0x2027, 0x30FB], ","),
    0x3002: ". ",
    0x2044: "/",
}
_TABLE = {**_INVISIBLE, **_CONTROLS, **_ALIKE}


def clean(text: str) -> str:
    """The first LONGEST_TEXT characters in plain form; code fences become line breaks, so a command stays a line."""
    text = _SLACK_LINK.sub(r" \1 ", _TERMINAL_CODES.sub(" ", text[:LONGEST_TEXT]))
    text = _SLACK_MENTION.sub(" ", text)
    for escaped, plain in SLACK_ESCAPES:
        text = text.replace(escaped, plain)
    if not text.isascii():
        text = _plain_characters(text)
    pasted = "-" in text and _FLAG.search(text) is not None
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
    text = _FENCE.sub("\n", text) if "```" in text else text
    text = _SUBSTITUTION.sub(lambda match: "_" * len(match.group()), text) if pasted and "`" in text else text
    text = text.replace("`", "\n" if pasted else " ")
    text = _EMOJI.sub(" ", text) if ":" in text else text
    text = _EMPHASIS.sub(r"\2", text) if not pasted and ("*" in text or "_" in text or "~" in text) else text
    text = text if pasted else _DICTATED.sub(_joined, text)
    return _COMMAND_NAME.sub("", text, count=1) if _COMMAND_NAME.match(text) else text


def _joined(match: re.Match[str]) -> str:
    return match.group().replace(" ", "")


def _plain_characters(text: str) -> str:
    text = _LONG_DASH_FLAG.sub("--", text).translate(_TABLE)
    text = _PICTURES.sub(" ", text)
    return _LABEL.sub(": ", unicodedata.normalize("NFKC", text).translate(_TABLE))
