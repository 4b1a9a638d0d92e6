"""Which lines around a command belong to the paste and are no words of the question."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.commands.command import Command
from bot.commands.paste import Paste
from bot.commands.yaml_lines import IMAGE

_ASSIGNMENTS = re.compile(
    r"[ \t]*(?:(?:[\w.-]+@[^\s$#]*)?[$#>][ \t]+)?(?:export[ \t]+|set[ \t]+|ENV[ \t]+)?"
    r"(?:[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|\$\(\([^)]*\)\)|\S)*[ \t,]*)+;?(?:#.*)?\Z"
    r"|[ \t]*\$(?:env:)?[A-Za-z_]\w*[ \t]*=(?!=)"
)
_SHELL = re.compile(
    r"[ \t]*(?:[$#>][ \t]+)?(?:sudo[ \t]+)?(?:docker|podman|kubectl|helm|pip3?|uv|git|cd|curl|source|conda|echo|"
    r"apt(?:-get)?|export|mkdir|sleep|import|from[ \t]+[\w.]+[ \t]+import|volume|PARAMETER|FROM|SYSTEM|TEMPLATE|"
    r"#.*\s--[a-zA-Z][\w-]+|#[ \t]*(?:node|host|machine|server)[ \t]*\d*|/set|fi|then|else|done|if[ \t]+\[|"
    r"ENTRYPOINT|CMD|EXPOSE|RUN|COPY|WORKDIR|ENV|ARG|LABEL|"
    r"ray[ \t]+(?:start|stop|status)|module[ \t]+(?:load|purge)|function[ \t]+\w+|@echo|pause|nvidia-smi|chmod|"
    r"systemctl|journalctl|ulimit|srun|sbatch|Start-Process|Set-Location|Write-Host|\[(?:Unit|Service|Install)\])"
    r"(?:[ \t]|\Z)"
)
_PROMPT = re.compile(r"[ \t]*(?:\([\w.-]+\)[ \t]*)?(?:[\w.-]+@[\w.-]+:[^\s$#]*[$#][ \t]|(?:PS )?[A-Za-z]:\\[^>\n]*>)")
"""A terminal's own words at the start of a line: root@host:/app#, C:\\Users\\me>."""
_SET = re.compile(r"(?i)[ \t]*set[ \t]+\w+[ \t]*=")
_BROKEN = re.compile(r"(?=[^\n]*(?<!\S)--?[a-zA-Z])[^\n]*\\[ \t]*\Z|[ \t]*\.\.\.[ \t]*\\?\Z")
"""A line with flags that goes on, and the dots of one that is left out."""
_UNIT = re.compile(r"[ \t]*(?:[#;][ \t]*)?[A-Z][A-Za-z]+=")
_UNITS = re.compile(r"(?m)^[ \t]*(?:\[Service\]|ExecStart=|Environment=)")
"""A unit of systemd, and its lines."""
_PYTHON = re.compile(
    r"[ \t]*[A-Za-z_][\w.\[\]\"']{0,60}[ \t]*=(?!=)|[ \t]*(?:await[ \t]+)?[A-Za-z_][\w.]*\("
    r"|[ \t]*(?:[\w., ]{1,60}=[ \t]*)(?:await[ \t]+)?[A-Za-z_][\w.]*\(|[ \t]*(?:for|def|class|async|with|if)\b.*:\Z"
    r"|[ \t]*@[A-Za-z_]"
)
_CONTINUATION = re.compile(r"[ \t]*[\\^`](?=[ \t]*(?:\n|\Z))")
"""A mark behind the last flag, where more of the command was cut off."""
_REMARK = re.compile(r"[ \t]+#[^\n]*")
"""A comment behind the last flag."""
_STAMP = re.compile(r"[ \t]*\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
"""The time in front of a logged command."""
_LOGGED = re.compile(
    r"[ \t]*(?:\([^()\n]{1,60}\)[ \t]*)?"
    r"(?:(?:INFO|WARNING|ERROR|DEBUG|CRITICAL)[ \t]+\d\d-\d\d|\[\d{4}-\d\d-\d\d)[ \t]\d\d:\d\d:"
)
"""A line that the server printed."""
_LISTED = re.compile(IMAGE.pattern + r"|^[ \t]*-[ \t]+[\"']?--[a-zA-Z]|^[ \t]*(?:apiVersion|services):", re.M)
"""A specification."""
_SHEBANG = re.compile(r"#!\s*/|#(?:SBATCH|PBS|BSUB|COBALT)\b")
_HEREDOC = re.compile(r"<<-?[ \t]*[\"']?(\w+)")
_CODE = re.compile(r"[ \t]+\S|[\])}\"']")
"""Lines inside a statement of Python."""
_YAML = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w./-]+[\"']?:(?:[ \t]|\Z)|[ \t]*-(?:[ \t]|\Z)|[ \t]+\S|[\]\[{}]|---")


def lines_of_paste(paste: Paste, command: Command) -> Iterator[tuple[int, int]]:
    """Start and end of each line that belongs to the paste without being part of the command."""
    is_listed = bool(paste.regions) or _LISTED.search(paste.text) is not None
    patterns = [_ASSIGNMENTS, _SHELL, _SHEBANG, _LOGGED, _PROMPT, _SET, _BROKEN, *([_PYTHON] if command.is_map else [])]
    patterns += [_UNIT] if _UNITS.search(paste.text) else []
    is_code = command.is_code or any(start <= command.start < end for start, end in paste.lists)
    patterns += [_PYTHON, _CODE] if is_code else [_YAML] if is_listed or command.is_map else []
    if rest := _CONTINUATION.match(paste.text, command.end):
        yield rest.span()
    if remark := _REMARK.match(paste.text, command.end):
        yield remark.span()
    at, closes, goes_on = 0, "", ""
    for line in paste.text.split("\n"):
        end = at + len(line)
        if at < command.start < end and _STAMP.match(line):
            yield at, command.start
        if at < command.end and end > command.start:
            belongs = patterns[-1] in (_CODE, _YAML) or (_UNIT in patterns and _UNIT.match(line) is not None)
        else:
            belongs = bool(goes_on or closes) or _belongs(line, patterns)
        if belongs:
            yield at, end
        closes = _document(line, closes, paste.text[end:])
        goes_on = _open(line, goes_on) if belongs else ""
        at = end + 1


def _open(line: str, state: str) -> str:
    """What is open behind a line of a shell: a backslash, or the quote around the body of a request; "" for nothing."""
    in_body = (state == "'") != (line.count("'") % 2 == 1) if state or "curl" in line else False
    return "'" if in_body else "\\" if line.rstrip().endswith("\\") else ""


def _document(line: str, closes: str, rest: str) -> str:
    """The word that ends the here-document in which the next line stands; "" outside of one."""
    if closes:
        return "" if line.strip() == closes else closes
    opened = _HEREDOC.search(line)
    return opened.group(1) if opened and opened.group(1) in rest else ""


def _belongs(line: str, patterns: list[re.Pattern[str]]) -> bool:
    return bool(line.strip()) and any(pattern.match(line) for pattern in patterns)
