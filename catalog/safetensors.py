"""Bytes of safetensors files, from totals by dtype, from the index of a split checkpoint, or from a header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple, Protocol

from catalog.reading import Unreadable, read_object

BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16,
    "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E4M3FN": 8, "F8_E8M0": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6,
    "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
"""Bits of one element by dtype: safetensors 0.6, src/tensor.rs."""

PACKED = ("U8", "I8", "I32", "U32")
"""Dtypes of which one element may hold several numbers; some totals count the numbers."""

FLOATS = ("F64", "F32", "F16", "BF16")
AGREES = 0.02
"""Files hold their tensors and a header, which is smaller than this share."""
HEADER_BYTES = 32_000_000
"""Largest header read; 100,000 tensors take about 12 MB."""
INDEX_BYTES = 32_000_000
LENGTH_BYTES = 8
"""A file starts with the length of its header, little-endian."""
MOST_DIMENSIONS = 16

INDEX = "model.safetensors.index.json"
_WEIGHTS = re.compile(r"(?:model|pytorch_model|diffusion_pytorch_model)?(?:-\d+-of-\d+)?\.safetensors")


class Parts(Protocol):
    """What this module needs of a repository's files."""

    def whole(self, name: str, *, most_bytes: int) -> bytes: ...
    def part(self, name: str, *, first: int, count: int) -> bytes: ...


class Tensors(NamedTuple):
    """Elements by dtype, and bytes of all."""

    dtypes: dict[str, int] = {}  # noqa: RUF012
    bytes: int = 0

    @classmethod
    def of(cls, totals: Mapping[str, Any]) -> Tensors:
        """Totals by dtype; none where a dtype or a number makes no sense."""
        if not all(key in BITS and type(value) is int and 0 <= value < 2**53 for key, value in totals.items()):
            return cls()
        bits = sum(BITS[key] * value for key, value in totals.items())
        return cls(dict(totals), -(-bits // 8))

    @property
    def has_packed(self) -> bool:
        return any(self.dtypes.get(dtype) for dtype in PACKED)

    def agrees_with(self, sizes: Mapping[str, int]) -> bool:
        """Whether the files are as large as these tensors; True where no sizes are known."""
        stored = sum(sizes[name] for name in weight_names(sizes))
        return not stored or abs(stored - self.bytes) <= AGREES * stored


def weight_names(sizes: Mapping[str, int]) -> list[str]:
    """The model's own safetensors files: at the top, and not a second copy under another name."""
    return [name for name in sizes if _WEIGHTS.fullmatch(name)]


def read_index(files: Parts, sizes: Mapping[str, int]) -> Tensors | None:
    """Bytes that the index of a split checkpoint states."""
    if INDEX not in sizes:
        return None
    metadata = read_object(files.whole(INDEX, most_bytes=INDEX_BYTES), most_bytes=INDEX_BYTES).get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    whole = isinstance(total, int | float) and not isinstance(total, bool) and 0 < total < 2**53
    return Tensors({}, int(total)) if whole and total is not None else None


def read_header(files: Parts, sizes: Mapping[str, int]) -> Tensors | None:
    """Elements and bytes of a checkpoint's files, from their headers; None where there is no such file."""
    names = weight_names(sizes)
    if not names:
        return None
    counted: Counter[str] = Counter()
    for name in names:
        counted.update(header_totals(files, name))
    return Tensors.of(counted)


def header_totals(files: Parts, name: str) -> Counter[str]:
    """Elements by dtype of one file. Raises Unreadable for a header that is none."""
    length = int.from_bytes(files.part(name, first=0, count=LENGTH_BYTES), "little")
    if not 2 <= length <= HEADER_BYTES:
        raise Unreadable("no safetensors header")
    header = read_object(files.part(name, first=LENGTH_BYTES, count=length), most_bytes=HEADER_BYTES)
    counted: Counter[str] = Counter()
    for key, tensor in header.items():
        if key != "__metadata__":
            dtype, shape = _tensor(tensor)
            counted[dtype] += prod(shape)
    return counted


def _tensor(tensor: Any) -> tuple[str, list[int]]:
    dtype, shape = (tensor.get("dtype"), tensor.get("shape")) if isinstance(tensor, dict) else (None, None)
    if dtype not in BITS or not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise Unreadable("no safetensors header")
    if not all(type(size) is int and 0 <= size < 2**53 for size in shape):
        raise Unreadable("no safetensors header")
    return dtype, shape
