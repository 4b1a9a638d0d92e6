"""The repository keeps its own rules: what may be in a file, how long a function is, what a newcomer finds."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

ROOT = Path(__file__).parents[1]
HIDDEN_BUT_OURS = {".ci", ".env.example", ".gitignore"}
NOT_OURS = {"__pycache__", "node_modules"}
LONGEST_FUNCTION = 40
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)

MAY_NOT_APPEAR = {
    "a package registry": r"(py" r"pi|python" r"hosted)\.org|registry\.npm" r"js|deb\.deb" r"ian\.org",
    "a path of one machine": r"/wo" r"rk/",
}
MUST_EXIST = [
    ".ci/run",
    ".env.example",
    ".gitignore",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README.md",
    "benchmarks",
    "bot",
    "catalog",
    "formulas",
    "manifest.json",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements.lock",
    "tests",
]

LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-dev.lock")}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGET = re.compile(r"^([a-z][\w-]*):(?!=)(.*)$", re.MULTILINE)
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def files() -> list[str]:
    """Every file that belongs to the project, as a path from the root."""
    return sorted(path.relative_to(ROOT).as_posix() for path in _ours(ROOT))


def _ours(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in NOT_OURS or (path.name.startswith(".") and path.name not in HIDDEN_BUT_OURS):
            continue
        if path.is_dir():
            yield from _ours(path)
        else:
            yield path


def text(name: str) -> str:
    """A file's text; empty for pictures and other binary files."""
    body = (ROOT / name).read_bytes()
    return "" if b"\0" in body else body.decode("utf-8")


def requirements(lock: str) -> list[str]:
    """The requirements of a lock file, continuation lines joined, comments dropped."""
    lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]
    return [each for each in "\n".join(lines).replace("\\\n", " ").splitlines() if each.strip()]


@pytest.mark.parametrize("what", MAY_NOT_APPEAR)
def test_no_file_names(what: str) -> None:
    """No file names a package registry or a place on somebody's machine."""
    pattern = re.compile(MAY_NOT_APPEAR[what])
    assert [] == [f"{name}: {found[0]}" for name in files() if (found := pattern.search(text(name)))]


@pytest.mark.parametrize("name", [name for name in files() if name.endswith(".py")])
def test_functions_are_short(name: str) -> None:
    """No function is longer than a screen."""
    functions = [node for node in ast.walk(ast.parse(text(name))) if isinstance(node, FUNCTION)]
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    assert {} == {function: length for function, length in lengths.items() if length > LONGEST_FUNCTION}


@pytest.mark.parametrize("name", MUST_EXIST)
def test_is_there(name: str) -> None:
    """What a newcomer, a server and Slack look for is in its place."""
    assert (ROOT / name).exists()


def test_every_task_has_help() -> None:
    """`make` alone explains every task in one line."""
    assert [] == [name for name, rest in TARGET.findall(MAKEFILE) if not re.search(r"## \S", rest)]


def test_every_task_runs_whatever_files_exist() -> None:
    """No task is skipped because a file of its name exists."""
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert sorted(name for name, _ in TARGET.findall(MAKEFILE)) == sorted(phony[1].split())


@pytest.mark.parametrize("name", LOCKS)
def test_locked_packages_have_version_and_hashes(name: str) -> None:
    """A lock file pins every package by version and hash, and says nothing about where it comes from."""
    pinned = re.compile(r"[a-z0-9-]+==\S+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [] == [line for line in requirements(LOCKS[name]) if not pinned.fullmatch(line)]
    assert "//" not in LOCKS[name]


def test_the_development_lock_holds_the_run_time_lock() -> None:
    """Tests run on the versions that people get."""
    assert set() == set(requirements(LOCKS["requirements.lock"])) - set(requirements(LOCKS["requirements-dev.lock"]))


def test_every_dependency_is_locked() -> None:
    """What pyproject.toml asks for, run-time and build, is in the run-time lock."""
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    names = {match[0] for requirement in wanted if (match := re.match(r"[\w-]+", requirement))}
    assert set() == names - {name for name, _ in PINNED.findall(LOCKS["requirements.lock"])}


def test_the_wheel_holds_code_and_data(tmp_path: Path) -> None:
    """An installed package has every module and data file of the three packages, and nothing else."""
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", build, tmp_path], cwd=ROOT, check=True, capture_output=True, text=True
    )
    with zipfile.ZipFile(tmp_path / built.stdout.strip().splitlines()[-1]) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name for name in files() if name.startswith(("bot/", "catalog/", "formulas/"))} == packed


HOSTILE_QUESTION = """it's "20" $HOME ${Q} $$ `id` $(touch pwned) $(shell touch pwned) \\ ; # | & > pwned
và một dòng nữa"""


@pytest.mark.skipif(which("make") is None, reason="needs make")
def test_make_run_hands_the_question_over_unread(tmp_path: Path) -> None:
    """Neither make nor the shell reads what is in Q, whether it comes as an argument or from the environment."""
    program = tmp_path / "program"
    program.write_text(f'#!{sys.executable}\nimport sys\nprint(ascii(sys.argv[1:]), end="")\n', encoding="utf-8")
    program.chmod(0o755)
    command = ["env", "-u", "MAKEFLAGS", "make", "--silent", "--old-file=.venv/ready", "run", f"VRAM={program}"]
    question = f"Q={HOSTILE_QUESTION}"
    for with_question in ([*command, question], ["env", question, *command]):
        printed = subprocess.run(with_question, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        assert ascii(["--", HOSTILE_QUESTION]) == printed
    assert not (ROOT / "pwned").exists()
