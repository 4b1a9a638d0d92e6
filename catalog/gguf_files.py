"""GGUF files of a repository: which format each holds, its parts summed up."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath

from catalog.types import WeightFile

SUFFIX = ".gguf"
MMPROJ = "mmproj"
_PART = re.compile(r"-(\d{5})-of-(\d{5})$", re.I)
_FORMAT = re.compile(
    r"(?<![a-z0-9])(i?q\d(?:_(?:kss|k[slt]?|0|1|nl|bn|xxs|xs|xl|s|m|l)){0,3}|tq\d_\d|mxfp4|nvfp4|bf16|fp?16|fp?32)(?![a-z0-9])",
    re.I,
)
GGML_NAMES = {"f16": "fp16", "f32": "fp32"}
"""What ggml calls otherwise than the catalog."""
DYNAMIC = "ud-"
"""Mark of mixtures that a publisher chose by himself ("UD-Q4_K_XL")."""


def gguf_files(sizes: Mapping[str, int]) -> tuple[WeightFile, ...]:
    """Every GGUF file with its bytes, smallest first; a split file that misses a part is left out.

    sizes: bytes of every file of the repository by path.
    """
    sets: dict[str, dict[int, str]] = defaultdict(dict)
    wanted: dict[str, int] = {}
    for path in sizes:
        if path.lower().endswith(SUFFIX):
            stem = path[: -len(SUFFIX)]
            part = _PART.search(stem)
            base = stem[: part.start()] if part else stem
            sets[base][int(part[1]) if part else 1] = path
            wanted[base] = int(part[2]) if part else 1
    whole = [
        _file(base, parts, sizes) for base, parts in sets.items() if sorted(parts) == [*range(1, wanted[base] + 1)]
    ]
    return tuple(sorted((file for file in whole if file), key=lambda file: (file.bytes, file.name)))


def _file(base: str, parts: Mapping[int, str], sizes: Mapping[str, int]) -> WeightFile | None:
    total = sum(sizes[path] for path in parts.values())
    if not total or not all(sizes[path] for path in parts.values()):
        return None
    is_tower = PurePosixPath(base).name.lower().startswith(MMPROJ)
    return WeightFile(
        name=parts[1], format=file_format(base), bytes=total, parts=len(parts), role="mmproj" if is_tower else "model"
    )


def file_format(base: str) -> str:
    """Format that a path names: in the file's name, else in its folder's; empty where in neither."""
    for place in reversed(PurePosixPath(base).parts):
        found = list(_FORMAT.finditer(place))
        if found:
            name = found[-1][1].lower()
            dynamic = place[: found[-1].start()].lower().endswith(DYNAMIC)
            return (DYNAMIC if dynamic else "") + GGML_NAMES.get(name, name)
    return ""
