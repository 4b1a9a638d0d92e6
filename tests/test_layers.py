"""Imports go one way, bot -> formulas -> catalog.types and bot -> catalog. Heavy packages keep to their places."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("bot", "catalog", "formulas")

MAY_IMPORT = {
    "catalog": ("catalog",),
    "formulas": ("formulas", "catalog.types", "catalog.kept"),
    "bot": ("bot", "formulas", "catalog"),
}
"""For each package, the packages and modules of this project that it may import.

catalog.kept knows nothing of the catalog: it reads a TOML file and keeps the result, here fitted.toml."""

ONLY_IN = {
    "sympy": (
        "formulas/laws",
        "formulas/closed_forms.py",
        "formulas/explain.py",
        "formulas/generate.py",
        "formulas/law.py",
        "formulas/symbols.py",
    ),
    "numpy": ("formulas/arrays.py",),
    "redis": ("catalog/cache.py", "bot/surfaces/slack"),
    "rapidfuzz": ("catalog",),
    "huggingface_hub": ("catalog/hub.py",),
    "slack_bolt": ("bot/surfaces/slack",),
    "slack_sdk": ("bot/surfaces/slack",),
    "sqlalchemy": ("bot/surfaces/slack/installations.py",),
    "cryptography": ("bot/surfaces/slack/installations.py",),
    "structlog": ("bot/surfaces",),
    "argparse": ("bot/surfaces",),
}
"""For each package from outside, the only folders and files that may import it."""

KEEPS_ENVIRONMENT = "bot/settings.py"
HEAVY = (*(package for package in ONLY_IN if package != "argparse"), "gunicorn", "catalog.checkpoint")


def sources() -> list[str]:
    """Every module of the three packages, as a path from the root."""
    return sorted(path.relative_to(ROOT).as_posix() for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def tree(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"), source)


def imports(source: str) -> Iterator[str]:
    """Every module that a source names in an import, wherever in the file; `from a import b` gives a and a.b."""
    package = ".".join(Path(source).parent.parts)
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            yield from ([f"{module}.{name.name}" for name in node.names] if module in LAYERS else [module])


def within(name: str, allowed: tuple[str, ...], separator: str) -> bool:
    return any(name == each or name.startswith(each + separator) for each in allowed)


def run(program: str) -> str:
    """What a fresh interpreter prints for this program."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.mark.parametrize("source", sources())
def test_imports_go_one_way(source: str) -> None:
    """A module imports only what its layer may see."""
    allowed = MAY_IMPORT[source.split("/")[0]]
    ours = [name for name in imports(source) if name.split(".")[0] in LAYERS]
    assert [] == [name for name in ours if not within(name, allowed, ".")]


@pytest.mark.parametrize("source", [source for source in sources() if not source.startswith("bot/surfaces/")])
def test_only_surfaces_know_surfaces(source: str) -> None:
    """The answer is made without any surface in sight."""
    assert [] == [name for name in imports(source) if within(name, ("bot.surfaces",), ".")]


@pytest.mark.parametrize("package", ONLY_IN)
def test_outside_packages_keep_to_their_place(package: str) -> None:
    """A package from outside is imported only where the table above says."""
    found = [source for source in sources() if any(within(name, (package,), ".") for name in imports(source))]
    assert [] == [source for source in found if not within(source, ONLY_IN[package], "/")]


def test_only_settings_reads_the_environment() -> None:
    """Environment variables are read in one module."""
    found = [source for source in sources() if reads_environment(tree(source))]
    assert [] == [source for source in found if source != KEEPS_ENVIRONMENT]


def reads_environment(module: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os":
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {name.name for name in node.names}:
            return True
    return False


def test_the_answer_loads_without_heavy_packages() -> None:
    """Importing bot.answer loads no algebra, no Redis, no Slack and no reader of config.json."""
    loaded = json.loads(run("import bot.answer, json, sys; print(json.dumps(sorted(sys.modules)))"))
    assert [] == [name for name in HEAVY if name in loaded]


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import pydantic, slack_bolt, redis, structlog, sympy  # these may do as they please

seen = []
def watch(event, arguments):
    data = event == "open" and str(arguments[0]).endswith((".toml", ".json", ".env"))
    if data or event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.system"):
        seen.append(f"{event} {arguments[0]}")
sys.addaudithook(watch)

for layer in ("catalog", "formulas", "bot"):
    package = importlib.import_module(layer)
    for module in pkgutil.walk_packages(package.__path__, layer + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(*seen, sep="\\n", end="")
"""


def test_importing_does_nothing() -> None:
    """Importing any module opens no data file, no socket and no process."""
    assert "" == run(IMPORT_EVERYTHING)
