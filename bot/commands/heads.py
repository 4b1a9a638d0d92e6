"""How a command begins: the program's name, and the words in front that belong to it."""

from __future__ import annotations

import re
from itertools import islice, takewhile

from bot.commands.shell import ENDS, Token
from bot.commands.values import read_share

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*\Z")
_RUNNERS = frozenset(
    {"python", "-m", "sudo", "nohup", "time", "exec", "env", "$", "uv", "run", "uvx", "-u", "srun", "entrypoint", "cmd"}
)
_VERSION = re.compile(r"(?<=python)[\d.]+\Z")
_PROMPT = re.compile(r"\S*@\S*[#$%>]?\Z|[$#>%]\Z|\([\w.-]+\)\Z|\S*[#$]\Z|PS\Z|[A-Za-z]:\\\S*>\Z")
_WINDOWS_PROMPT = ">"
EXECUTABLE = ".exe"
CONTAINERS = ("docker", "podman", "nerdctl")
"""Programs that run an image."""
BUILDS = frozenset({"build", "buildx", "pull", "push", "tag", "rmi", "images"})
"""What else they do with an image."""
LAUNCHERS = frozenset(
    {
        *CONTAINERS,
        "numactl",
        "taskset",
        "nice",
        "stdbuf",
        "mpirun",
        "nsys",
        "srun",
        "kubectl",
        "apptainer",
        "singularity",
        "enroot",
        "torchrun",
        "conda",
        "screen",
        "tmux",
        "systemd-run",
        "start-process",
    }
)
"""Programs that run another, whose name stands behind their own flags."""
IMAGE_KEYS = frozenset({"image:", "FROM", "image_id:", "--image"})
IMAGE_FLAG = re.compile(r"--(?:container-)?image=")
"""kubectl run and srun: the image behind the sign."""
CHARTS = "helm"
"""Its words with a slash are charts."""
FEWEST_OPTIONS = 3
"""Options in front of a program that make what stands before it another program, which runs it."""
MOST_NAMED = 2
_NAMED = re.compile(r"[a-z][a-z._/-]*\Z")
"""Words of that program's name: docker run."""
MOST_BEFORE = 300
"""Words of a line that are looked through in front of a program or an image."""


def called(word: str) -> str:
    """A word as the name of a program: C:\\llama\\llama-server.exe is c:/llama/llama-server."""
    return word.lower().replace("\\", "/").removesuffix(EXECUTABLE)


def program(word: str) -> str:
    """The program that a word runs, with its folder; "" for an assignment."""
    name = called(word).lstrip("[(").removeprefix("execstart=").rpartition(_WINDOWS_PROMPT)[2]
    return "" if "=" in name and _ASSIGNMENT.match(name) else name


def is_called(word: str, part: str) -> bool:
    """Whether a word runs this program, whatever its folder: a part with a slash wants one."""
    name, part = program(word), part.removesuffix(EXECUTABLE)
    if "/" in part:
        return name.endswith(part)
    return name.rsplit("/", 1)[-1] == part


def is_flag(word: str) -> bool:
    """Whether a word is written like a flag; a negative number is none."""
    return len(word) > 1 and word[0] == "-" and word != "--" and read_share(word) is None


def is_value(following: Token | None) -> bool:
    """Whether what follows a flag can be its value."""
    return (
        following is not None and following.text != "\n" and following.text not in ENDS and not is_flag(following.text)
    )


def is_run(words: list[Token], index: int) -> bool:
    """Whether a word stands behind `docker run` on its line, or behind `image:`."""
    before = [word.text for word in line_before(words, index)]
    keys = [word for word in before if word != "-"]
    runs = not set(CONTAINERS).isdisjoint(before) and BUILDS.isdisjoint(before)
    return runs or (len(keys) == 1 and keys[0] in IMAGE_KEYS)


def line_before(words: list[Token], index: int) -> list[Token]:
    """The words in front of one on its line, MOST_BEFORE at most."""
    line = index
    while line and index - line < MOST_BEFORE and words[line - 1].text != "\n":
        line -= 1
    return words[line:index]


def _leads(word: str) -> bool:
    """Whether a word in front of a program belongs to its command: a setting, python, env, a folder's python3.11."""
    return _ASSIGNMENT.match(word) is not None or _VERSION.sub("", word.lower().rsplit("/", 1)[-1]) in _RUNNERS


def first(words: list[Token], index: int) -> int:
    """Where the command starts: environment settings, python -m, docker run and a prompt in front belong to it."""
    line = index - len(line_before(words, index))
    launcher = next((at for at in range(line, index) if words[at].text.lower() in LAUNCHERS), None)
    options = [at for at in range(line, index) if is_flag(words[at].text)]
    if launcher is not None:
        index = launcher
    elif len(options) >= FEWEST_OPTIONS:
        named = takewhile(lambda at: _NAMED.match(words[at].text), range(options[0] - 1, line - 1, -1))
        index = options[0] - len(list(islice(named, MOST_NAMED)))
    while index > line and _leads(words[index - 1].text):
        index -= 1
    return line if all(_PROMPT.match(word.text) for word in words[line:index]) else index


def handed_over(words: list[Token], index: int) -> int:
    """Where the arguments start that kubectl run hands to an image: behind -- on its line; 0 elsewhere."""
    if not IMAGE_FLAG.match(words[index].text):
        return 0
    line = takewhile(lambda at: words[at].text != "\n", range(index, len(words)))
    return next((at + 1 for at in line if words[at].text == "--"), 0)
