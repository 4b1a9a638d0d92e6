"""Which lines around a command belong to the paste and are no words of the question."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.yaml_lines import IMAGE

_ASSIGNMENTS = re.compile(
    r"[ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+|\$env:)?(?:[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|\S)*[ \t]*)+;?\Z"
)
_SHELL = re.compile(
    r"[ \t]*(?:[$#>][ \t]+)?(?:sudo[ \t]+)?(?:docker|podman|kubectl|helm|pip3?|uv|git|cd|curl|source|conda|echo|"
    r"apt(?:-get)?|export|mkdir|sleep|import|from[ \t]+\w+[ \t]+import|volume|PARAMETER|FROM|SYSTEM|TEMPLATE|"
    r"/set|fi|then|else|done|if[ \t]+\[)"
    r"(?:[ \t]|\Z)"
)
_YAML = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w./-]+[\"']?:(?:[ \t]|\Z)|[ \t]*-(?:[ \t]|\Z)|[ \t]+\S|[\]\[{}]|---")


def lines_of_paste(paste: Paste, command: Command) -> Iterator[tuple[int, int]]:
    """Start and end of each line that belongs to the paste without being part of the command."""
    text = paste.text
    is_yaml = bool(paste.regions) or command.is_map or IMAGE.search(text) is not None
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        inside = at < command.end and end > command.start
        if ((command.is_map or is_yaml) and inside) or (not inside and line.strip() and _belongs(line, is_yaml)):
            yield at, end
        at = end + 1


def _belongs(line: str, is_yaml: bool) -> bool:
    if _ASSIGNMENTS.match(line) or _SHELL.match(line):
        return True
    return is_yaml and _YAML.match(line) is not None
