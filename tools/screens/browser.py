"""An HTML page -> a PNG picture of all of it, by headless Chromium."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from shutil import which

WIDTH = 760
"""As body in slack.css."""
ANY_HEIGHT = 400
SCALE = 2
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
).split()
HEIGHT = re.compile(r'data-height="(\d+)"')
SECONDS = 60
LARGEST_BYTES = 200_000
COLOURS = "64"


class PictureError(Exception):
    """A picture that could not be taken; the message says what to do."""


def picture(html: str, target: Path) -> None:
    """Write a picture of the page. Raises PictureError when a program is missing or the file gets too large."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.html")
        source.write_text(html, "utf-8")
        raw = Path(folder, "page.png")
        _chromium(source, _height(source), f"--screenshot={raw}")
        _fewer_colours(raw, target)
    if target.stat().st_size > LARGEST_BYTES:
        raise PictureError(f"{target.name} has {target.stat().st_size} bytes, more than {LARGEST_BYTES}")


def _height(source: Path) -> int:
    found = HEIGHT.search(_chromium(source, ANY_HEIGHT, "--dump-dom"))
    if found is None:
        raise PictureError("Chromium did not tell the page's height")
    return int(found[1])


def _chromium(source: Path, height: int, wanted: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        size = f"--window-size={WIDTH},{height}"
        command = [_program(*PROGRAMS), *QUIET, f"--user-data-dir={profile}", f"--force-device-scale-factor={SCALE}"]
        command += [size, wanted, source.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS).stdout


def _fewer_colours(source: Path, target: Path) -> None:
    command = [_program("pngquant"), COLOURS, "--force", "--strip", "--output", str(target), str(source)]
    subprocess.run(command, check=True, timeout=SECONDS)


def _program(*names: str) -> str:
    for name in names:
        if path := which(name):
            return path
    raise PictureError(f"install {names[0]} first (Debian: apt-get install chromium pngquant fonts-lato)")
