"""Names as people type them, folded so that spelling habits meet, and the shorter names a full one implies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

_DASHES = dict.fromkeys((0x00AD, *range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D, 0x30FC), "-")
_QUOTES = {**dict.fromkeys((0x2018, 0x2019, 0x201A, 0x201B, 0x2032, 0x02BC, 0x00B4, 0x0060), "'"),
           **dict.fromkeys((0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0x00AB, 0x00BB), '"')}  # fmt: skip
_LETTERS = {0x0111: "d", 0x0110: "d", 0x00D7: "x", 0x2715: "x", 0x2044: "/", 0x2215: "/"}
_INVISIBLE = dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0x180E))
_FOLDED = {**_DASHES, **_QUOTES, **_LETTERS, **_INVISIBLE}

_PLUS = re.compile(r"(?<=[a-z])\+")
_CHUNK = re.compile(r"[^\W_]+(?:(?<=\d)\.(?=\d)[^\W_]+)*")

_EDITION = r"instruct|it|pt|chat|hf|(?<=b-)base|thinking|preview|v0\.\d|v1\.0"
_DATE = r"\d{2}-\d{2}|\d{2}-\d{4}|\d{4}|\d{6}|\d{8}"
_MODEL_SUFFIX = re.compile(rf"[-_. ](?:{_EDITION}|{_DATE})$", re.I)


def fold(text: str) -> str:
    """Lower case without accents (đ is d), full-width forms, invisible characters, or variants of dashes and quotes."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.translate(_FOLDED)).translate(_FOLDED)
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return unicodedata.normalize("NFKC", bare).casefold()


@lru_cache(maxsize=8192)
def compact(text: str) -> str:
    """The key that spellings of one name share: letters and digits only, "-" where two numbers would run together.

    A dot stays between digits. So "Qwen3_32B", "qwen3:32b" and "qwen3 32b" are all "qwen3-32b",
    "llama 3.3" is "llama3.3" and never "llama33", and "gemma 3 27b" is not "gemma 32 7b".
    """
    return join(_CHUNK.findall(_PLUS.sub("plus", fold(text))))


def join(chunks: Sequence[str]) -> str:
    """Chunks that are compact already, as one key."""
    key = ""
    for chunk in chunks:
        key = key + "-" + chunk if key and key[-1].isdigit() and chunk[:1].isdigit() else key + chunk
    return key


def model_names(identifier: str) -> Iterator[str]:
    """Shorter names that an id implies: its last part, then that without -instruct, -it, a date and so on."""
    name = identifier.rsplit("/", 1)[-1]
    yield name
    while shorter := _MODEL_SUFFIX.sub("", name):
        if shorter == name:
            return
        yield (name := shorter)


def sized_names(names: Sequence[str], gigabytes: float) -> Iterator[str]:
    """Card names with the memory size before or behind: "a100 80gb", "80gb a100", and "a100-80" after a digit."""
    size = f"{gigabytes:g}"
    for name in (name for name in names if not name.endswith("gb")):
        yield from (f"{name} {size}gb", f"{name} {size}g", f"{size}gb {name}", f"{size}g {name}")
        if name[-1].isdigit():
            yield f"{name}-{size}"


_MACHINE_PREFIX = re.compile(r"Standard_", re.I)
"""What Azure's names of sizes begin with."""
SAGEMAKER = "ml."
"""What SageMaker puts before a name of EC2."""


def machine_names(name: str) -> Iterator[str]:
    """Other ways to write an instance type: "p5.48xl" and "ml.p5.48xlarge", "ND96isr_H100_v5"."""
    if name.endswith("xlarge"):
        yield from (name.removesuffix("arge"), SAGEMAKER + name, SAGEMAKER + name.removesuffix("arge"))
    if shorter := _MACHINE_PREFIX.sub("", name):
        yield shorter


def plural(name: str) -> str:
    """The plural of a card name ("h100s")."""
    return name + "s"
