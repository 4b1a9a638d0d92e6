"""Which lines around a command belong to the paste and are no words of the question."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.yaml_lines import IMAGE

_ASSIGNMENTS = re.compile(
    r"[ \t]*(?:[$#>][ \t]+)?(?:export[ \t]+|set[ \t]+|ENV[ \t]+)?"
    r"(?:[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|\$\(\([^)]*\)\)|\S)*[ \t,]*)+;?\Z"
    r"|[ \t]*\$(?:env:)?[A-Za-z_]\w*[ \t]*=(?!=)"
)
_SHELL = re.compile(
    r"[ \t]*(?:[$#>][ \t]+)?(?:sudo[ \t]+)?(?:docker|podman|kubectl|helm|pip3?|uv|git|cd|curl|source|conda|echo|"
    r"apt(?:-get)?|export|mkdir|sleep|import|from[ \t]+\w+[ \t]+import|volume|PARAMETER|FROM|SYSTEM|TEMPLATE|"
    r"#.*\s--[a-zA-Z][\w-]+|/set|fi|then|else|done|if[ \t]+\[|ENTRYPOINT|CMD|EXPOSE|RUN|COPY|WORKDIR|ENV|ARG|LABEL|"
    r"ray[ \t]+(?:start|stop|status)|module[ \t]+(?:load|purge)|function[ \t]+\w+|@echo|pause|nvidia-smi|chmod|"
    r"systemctl|journalctl|ulimit|srun|sbatch|Start-Process|Set-Location|Write-Host|\[(?:Unit|Service|Install)\])"
    r"(?:[ \t]|\Z)"
)
_PYTHON = re.compile(
    r"[ \t]*[A-Za-z_][\w.\[\]\"']{0,60}[ \t]*=(?!=)|[ \t]*(?:await[ \t]+)?[A-Za-z_][\w.]*\("
    r"|[ \t]*(?:[\w., ]{1,60}=[ \t]*)(?:await[ \t]+)?[A-Za-z_][\w.]*\(|[ \t]*(?:for|def|class|async|with|if|@)\b.*:\Z"
)
_STAMP = re.compile(r"[ \t]*\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
"""The time in front of a logged command."""
_LISTED = re.compile(IMAGE.pattern + r"|^[ \t]*-[ \t]+[\"']?--[a-zA-Z]", re.M)
"""A specification that lists arguments."""
_SHEBANG = re.compile(r"#!\s*/")
_HEREDOC = re.compile(r"<<-?[ \t]*[\"']?(\w+)")
_YAML = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w./-]+[\"']?:(?:[ \t]|\Z)|[ \t]*-(?:[ \t]|\Z)|[ \t]+\S|[\]\[{}]|---")


def lines_of_paste(paste: Paste, command: Command) -> Iterator[tuple[int, int]]:
    """Start and end of each line that belongs to the paste without being part of the command."""
    is_yaml = bool(paste.regions) or command.is_map or _LISTED.search(paste.text) is not None
    at, closes = 0, ""
    for line in paste.text.split("\n"):
        end = at + len(line)
        if at < command.start < end and _STAMP.match(line):
            yield at, command.start
        if at < command.end and end > command.start:
            belongs = is_yaml
        else:
            belongs = bool(closes) or _belongs(line, is_yaml, command.is_map)
        if belongs:
            yield at, end
        closes = _document(line, closes, paste.text[end:])
        at = end + 1


def _document(line: str, closes: str, rest: str) -> str:
    """The word that ends the here-document in which the next line stands; "" outside of one."""
    if closes:
        return "" if line.strip() == closes else closes
    opened = _HEREDOC.search(line)
    return opened.group(1) if opened and opened.group(1) in rest else ""


def _belongs(line: str, is_yaml: bool, is_map: bool) -> bool:
    patterns = (_ASSIGNMENTS, _SHELL, _SHEBANG, *((_PYTHON,) if is_map else ()), *((_YAML,) if is_yaml else ()))
    return bool(line.strip()) and any(pattern.match(line) for pattern in patterns)
