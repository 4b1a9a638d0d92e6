"""Engine settings that have no field in a question: LoRA, drafts and what flags state; read from words or flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.query import Query
from bot.stated_vllm import kept_settings

if TYPE_CHECKING:
    from bot.resolve import Notes

COUNTS_ADDITIONS = "vllm"
"""The engine whose adapters and drafts are computed."""
LORA_SLOTS, LORA_RANK = 1, 16
"""vLLM config/lora.py: max_loras, max_lora_rank."""
DRAFT_TOKENS = {"mtp": 1, "eagle": 3}
"""Draft tokens a step where none are stated: one prediction layer; the value of vLLM's EAGLE example."""
LAYERED = ("mtp", "eagle", "nextn")
"""Speculative methods whose draft is layers on top of the model."""
WITHOUT_MODEL = ("ngram", "suffix")
"""Speculative methods that load nothing."""
MOST_DRAFTED, MOST_ADAPTERS, HIGHEST_RANK = 64, 1024, 4096
"""Beyond these a flag is a slip of the pen."""


def engine_settings(query: Query, engine_key: str, notes: Notes) -> dict[str, Any]:
    """Fields of formulas.deployment.Settings beyond those that a question has; what is not counted is said."""
    extra = query.extra
    if extra.get("cheapest"):
        notes.warn("warning.cheapest")
    if "rate" in extra:
        notes.warn("warning.rate", words=(extra["rate"],))
    if engine_key != COUNTS_ADDITIONS:
        _warn_uncounted(extra, engine_key, notes)
        return {}
    return kept_settings(extra) | _lora(extra, notes) | _draft(extra, notes)


def _lora(extra: dict[str, Any], notes: Notes) -> dict[str, int]:
    if not extra.get("lora"):
        return {}
    slots = min(extra.get("max_loras", LORA_SLOTS), MOST_ADAPTERS)
    rank = min(extra.get("max_lora_rank", LORA_RANK), HIGHEST_RANK)
    notes.explain("assumed.lora", slots=slots, rank=rank)
    return {"lora_slots": slots, "lora_rank": rank}


def _draft(extra: dict[str, Any], notes: Notes) -> dict[str, Any]:
    method = str(extra.get("speculative_method") or ("draft_model" if "speculative_model" in extra else ""))
    kind = next(
        (name for name in LAYERED if name in method or name in str(extra.get("speculative_model", "")).lower()), ""
    )
    if not method:
        return {}
    tokens = min(extra.get("speculative_tokens", DRAFT_TOKENS.get(kind, DRAFT_TOKENS["mtp"])), MOST_DRAFTED)
    if method in WITHOUT_MODEL:
        return {"speculative_tokens": tokens, "drafts_looked_up": True}
    if not kind:
        notes.warn("warning.draft_model", words=(str(extra.get("speculative_model", method)),))
        return {}
    notes.explain("assumed.draft", method=method.partition(" ")[0], count=tokens)
    return {"speculative_tokens": tokens}


def _warn_uncounted(extra: dict[str, Any], engine_key: str, notes: Notes) -> None:
    if extra.get("lora") or extra.get("lora_adapters"):
        notes.warn("warning.no_lora", engine=engine_key)
    drafts = str(extra.get("speculative_method") or extra.get("speculative_model") or extra.get("draft_model") or "")
    if drafts and drafts not in WITHOUT_MODEL:
        notes.warn("warning.draft_model", words=(drafts,))
