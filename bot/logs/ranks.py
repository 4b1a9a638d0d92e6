"""The facts of one start, of which every worker prints its own: the tightest of them decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.logs.lines import Matched
from bot.logs.observation import UNITS

_WORKER = re.compile(r"\b(?:[TPDE]P\d+(?: [TPDE]P\d+)*)\b|(?i:\brank[= ]?\d+)|Worker\w*(?: pid=\d+)|Worker_\w+")
"""How the engines name a worker on its lines: TP1 (SGLang), rank=1, Worker_TP1 (vLLM), RANK 1 (TensorRT-LLM)."""
BY_RANK = "by_rank"
"""Fact -> worker -> value, where workers printed different ones."""
LAST = "last"
"""Key of the facts that change while a server runs."""
TIGHTEST: Mapping[str, Callable[[Iterable[float]], float]] = {"least": min, "most": max}


def gathered(matches: list[Matched], text: str, tightest: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Each fact by its first line or its last; of several workers the least or the most: as the table of names says."""
    facts: dict[str, Any] = {}
    by_worker: dict[str, dict[str, Any]] = {}
    for match in matches:
        worker = _worker(text, match)
        for name, value in match.facts.items():
            if isinstance(value, dict):
                known = facts.setdefault(name, {})
                facts[name] = {**value, **known} if isinstance(known, dict) else known
            elif name in tightest.get(LAST, ()):
                facts[name] = value
            else:
                facts.setdefault(name, value)
                by_worker.setdefault(name, {}).setdefault(worker, value)
    differ = {name: found for name, found in by_worker.items() if len(set(map(str, found.values()))) > 1}
    chosen = {name: _chosen(name, found, tightest) for name, found in differ.items()}
    settled = {name: value for name, value in chosen.items() if value is not None}
    return facts | settled | ({BY_RANK: {name: differ[name] for name in settled}} if settled else {})


def _worker(text: str, match: Matched) -> str:
    found = _WORKER.search(text, match.line_start, match.start)
    return found.group() if found else ""


def _chosen(name: str, found: Mapping[str, Any], tightest: Mapping[str, tuple[str, ...]]) -> Any:
    """The value that decides; None for a fact of which the first stands."""
    base, _, unit = name.rpartition("_")
    base = base if unit in UNITS else name
    which = next((which for which in TIGHTEST if base in tightest[which]), None)
    return TIGHTEST[which](found.values()) if which else None
