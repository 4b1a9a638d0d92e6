"""A folder of this user's alone, for what the processes of one machine share; it may be lost with the machine."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def own_folder(name: str) -> Path:
    """The folder of this name among the temporary ones. Raises OSError where it cannot be ours alone."""
    path = Path(tempfile.gettempdir()) / f"vram-{name}-{os.getuid()}"
    make_own(path)
    return path


def make_own(path: Path) -> None:
    """Make a folder where it is missing. Raises OSError where it is another's, a link, or open to others."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{path} is not a folder of our own")
