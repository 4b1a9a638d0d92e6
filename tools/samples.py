"""The sample answers in README.md: what follows a line `$ vram "..."` is what the program prints.

`python -m tools.samples` writes them; a test compares.
"""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from bot.answer import answer
from bot.surfaces.terminal import show

TARGET = Path(__file__).parents[1] / "README.md"
SAMPLE = re.compile(r'^    \$ vram "(?P<question>[^"]+)"\n(?:    .*\n)*', re.MULTILINE)


def page() -> str:
    """README.md with every sample answer as it is printed now."""
    return SAMPLE.sub(_sample, TARGET.read_text(encoding="utf-8"))


def _sample(found: re.Match[str]) -> str:
    out = StringIO()
    show(answer(found["question"]), out)
    lines = (f'$ vram "{found["question"]}"', *out.getvalue().splitlines())
    return "".join(f"    {line}\n" for line in lines)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
