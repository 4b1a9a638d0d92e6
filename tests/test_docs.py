"""What the documents tell a newcomer is so: tasks, paths, links and questions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))

TASK = re.compile(r"(?:^ {4}|`)make ([a-z][\w-]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
QUOTED_PATH = re.compile(r"`((?:bot|benchmarks|catalog|docs|examples|formulas|tests|tools)/[\w./-]*)`")
QUESTION = re.compile(r"""(?:make run Q=|vram (?:--json |explain )?)"([^".$][^"]*)\"""")


def text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def test_the_sample_is_what_the_program_prints() -> None:
    """The answer that the README shows is the one that a reader gets; `make generate` writes it again."""
    from tools.samples import page

    assert page() == text("README.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_tasks_exist(document: str) -> None:
    """Every `make` task that a document names is in the Makefile."""
    tasks = set(re.findall(r"^([a-z][\w-]*):", text("Makefile"), re.MULTILINE))
    assert set() == set(TASK.findall(text(document))) - tasks


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_and_links_exist(document: str) -> None:
    """Every file that a document links to or names is there."""
    linked = [link for link in LINK.findall(text(document)) if "://" not in link]
    beside = [(ROOT / document).parent / link for link in linked]
    named = [ROOT / path for path in QUOTED_PATH.findall(text(document))]
    assert [] == [path for path in [*beside, *named] if not path.exists()]


@pytest.mark.parametrize("question", sorted({asked for each in DOCUMENTS for asked in QUESTION.findall(text(each))}))
def test_questions_are_answered(question: str) -> None:
    """Every example question in a document gets an answer."""
    from bot.answer import answer

    assert answer(question).answer.error is None
