"""`python -m tools.screens` takes every picture of docs/images again."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.answer import answer
from bot.surfaces.slack.blocks import COMMAND, card
from tools.screens.browser import PictureError, picture
from tools.screens.page import page

IMAGES = Path(__file__).parents[2] / "docs" / "images"
QUESTIONS = {
    "card-fits": "qwen3-32b fp8 batch 20 seq 12k on h200",
    "card-does-not-fit": "qwen3-32b fp8 batch 20 seq 12k on h100",
    "card-vietnamese": "qwen3-32b fp8 20 người dùng ngữ cảnh 12k trên h100",
    "help": "help",
}
"""Picture -> what the person typed."""


def main() -> int:
    """Draw all, print each file with its size; 1 when a picture could not be taken."""
    IMAGES.mkdir(exist_ok=True)
    for name, question in QUESTIONS.items():
        target = IMAGES / f"{name}.png"
        try:
            picture(page(f"{COMMAND} {question}", card(answer(question))), target)
        except PictureError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{target.relative_to(IMAGES.parents[1])}: {target.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
