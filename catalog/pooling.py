"""Whether a decoder generates nothing: it embeds, ranks or scores, and a request ends with its prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from catalog.types import Architecture

_CLASSES = re.compile(r"\w+(?:Model|ForSequenceClassification|ForTokenClassification|RewardModel)\Z")
"""Classes of transformers without a head that generates; vLLM config/model.py serves them with its pooling runner."""
_NAMES = re.compile(r"(?:^|[-_./])(?:embed(?:ding)?s?|rerank(?:er)?|reward)(?:[-_.]|\Z)", re.I)
"""Models that are published in a class that generates, and are made for something else (Qwen3-Embedding)."""


def pools(config: Mapping[str, Any], architecture: Architecture, identifier: str) -> bool:
    """By the class that the config names, else by the name of the repository."""
    if architecture.role != "decoder":
        return False
    classes = [str(name) for name in config.get("architectures") or ()]
    return any(map(_CLASSES.match, classes)) or _NAMES.search(identifier) is not None
