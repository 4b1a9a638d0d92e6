"""`python -m tools.screens` takes every picture of docs/images again."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.screens.browser import PictureError, picture
from tools.screens.scenes import SCENES

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def main() -> int:
    """Draw all, print each file with its size; 1 when a picture could not be taken."""
    IMAGES.mkdir(exist_ok=True)
    for name, scene in SCENES.items():
        target = IMAGES / f"{name}.png"
        try:
            picture(scene(), target)
        except PictureError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{target.relative_to(IMAGES.parents[1])}: {target.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
