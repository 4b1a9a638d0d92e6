"""Engine settings that have no field in a question: LoRA, drafts and what flags state; read from words or flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bot.amounts import gib
from bot.choices import Named
from bot.formats import GGUF_ENGINE
from bot.query import Query
from bot.stated_vllm import kept_settings
from catalog.types import Model

if TYPE_CHECKING:
    from bot.resolve import Notes

COUNTS_ADDITIONS, COUNTS_DRAFTS = "vllm", "sglang"
"""The engine whose adapters and drafts are computed, and that whose drafts alone are."""
SGLANG_DRAFTED = 4
"""Draft tokens of SGLang where neither they nor steps are stated: srt/arg_groups/speculative_hook.py, (3, 1, 4)
for all but Llama; one more than the steps where a step has one candidate."""
LORA_SLOTS, LORA_RANK = 1, 16
"""vLLM config/lora.py: max_loras, max_lora_rank."""
LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that vLLM makes room for: config/lora.py, MaxLoRARanks."""
DRAFT_TOKENS = {"mtp": 1, "eagle": 3, "draft_model": 5}
"""Draft tokens a step where none are stated: one prediction layer; the values of vLLM's own examples."""
LAYERED = ("mtp", "eagle", "nextn")
"""Speculative methods whose draft is layers on top of the model."""
WITHOUT_MODEL = ("ngram", "suffix")
"""Speculative methods that load nothing."""
MOST_DRAFTED, MOST_ADAPTERS, HIGHEST_RANK = 64, 1024, 4096
"""Beyond these a flag is a slip of the pen."""


ADDED = (
    "lora",
    "max_loras",
    "max_lora_rank",
    "lora_modules",
    "lora_adapters",
    "speculative_method",
    "speculative_model",
    "speculative_tokens",
    "speculative_num_steps",
    "draft_model",
    "mmproj",
)
"""Names of Query.extra that say what is served beside the model."""


class Beside(NamedTuple):
    """What is served beside the model."""

    settings: dict[str, Any]
    """Fields of formulas.deployment.Settings beyond those that a question has."""
    draft: Model | None = None


def served_beside(query: Query, named: Named, engine_key: str, notes: Notes) -> Beside:
    """Adapters, drafts and towers, named or implied; what is not counted is said."""
    extra = {**named.extra, **query.extra}
    if extra.get("cheapest"):
        notes.warn("warning.cheapest")
    if "rate" in extra:
        notes.warn("warning.rate", words=(extra["rate"],))
    _note_projector(extra, named.model, engine_key, notes)
    if engine_key not in (COUNTS_ADDITIONS, COUNTS_DRAFTS):
        _warn_adapters(extra, engine_key, notes)
        _warn_drafts(extra, notes)
        return Beside({})
    draft = _draft_of(str(extra["speculative_model"])) if extra.get("speculative_model") else None
    if engine_key == COUNTS_DRAFTS:
        _warn_adapters(extra, engine_key, notes)
        return Beside(_states(extra) | _draft(_as_sglang_drafts(extra), draft, notes), draft)
    return Beside(kept_settings(extra) | _lora(extra, notes) | _draft(extra, draft, notes), draft)


def _states(extra: dict[str, Any]) -> dict[str, Any]:
    stated = extra.get("mamba_ssm_dtype")
    return {"state_dtype": stated} if isinstance(stated, str) else {}


def _as_sglang_drafts(extra: dict[str, Any]) -> dict[str, Any]:
    """With methods in small letters, and the tokens that SGLang chooses where they are not stated."""
    steps = extra.get("speculative_num_steps")
    tokens = extra.get("speculative_tokens") or (int(steps) + 1 if isinstance(steps, int | float) else SGLANG_DRAFTED)
    method = str(extra.get("speculative_method") or "").lower()
    return {**extra, "speculative_tokens": tokens} | ({"speculative_method": method} if method else {})


def _draft_of(name: str) -> Model | None:
    from bot.repositories import find_draft

    return find_draft(name)


def _rank_of(name: str) -> int | None:
    from bot.repositories import find_adapter

    return find_adapter(name)


def _lora(extra: dict[str, Any], notes: Notes) -> dict[str, int]:
    if not extra.get("lora"):
        return {}
    slots = min(extra.get("max_loras", LORA_SLOTS), MOST_ADAPTERS)
    rank = min(extra.get("max_lora_rank") or _adapter_rank(extra, notes), HIGHEST_RANK)
    notes.explain("assumed.lora", slots=slots, rank=rank)
    return {"lora_slots": slots, "lora_rank": rank}


def _adapter_rank(extra: dict[str, Any], notes: Notes) -> int:
    """The rank that holds the adapter that is named, from its own files; vLLM's default where none is."""
    name = str(extra.get("lora_modules") or "").rpartition("=")[2]
    rank = _rank_of(name) if name else None
    if name and rank is None:
        notes.warn("warning.adapter", words=(name,))
    return next((room for room in LORA_RANKS if room >= (rank or LORA_RANK)), LORA_RANK)


def _note_projector(extra: dict[str, Any], model: Model, engine_key: str, notes: Notes) -> None:
    """The tower's own file, which llama-server loads with a repository's model; a word for one where there is none."""
    if engine_key == GGUF_ENGINE and model.projector:
        notes.explain("assumed.projector", file=model.projector.name, size=gib(model.projector.bytes))
    elif "mmproj" in extra and not model.architecture.towers:
        notes.warn("warning.no_projector", model=model.id)


def _draft(extra: dict[str, Any], model: Model | None, notes: Notes) -> dict[str, Any]:
    method = str(extra.get("speculative_method") or ("draft_model" if "speculative_model" in extra else ""))
    kind = next(
        (name for name in LAYERED if name in method or name in str(extra.get("speculative_model", "")).lower()), ""
    )
    if not method:
        return {}
    default = DRAFT_TOKENS.get(kind or "draft_model", DRAFT_TOKENS["mtp"])
    tokens = min(extra.get("speculative_tokens", default), MOST_DRAFTED)
    if method in WITHOUT_MODEL:
        return {"speculative_tokens": tokens, "drafts_looked_up": True}
    if model is None and (not kind or "speculative_model" in extra):
        notes.warn("warning.draft_model", words=(str(extra.get("speculative_model", method)),))
    if model is None and not kind:
        return {}
    name = model.id if model else next((word for word in method.split() if word != "draft"), method)
    notes.explain("assumed.draft", method=name, count=tokens)
    return {"speculative_tokens": tokens}


def _warn_adapters(extra: dict[str, Any], engine_key: str, notes: Notes) -> None:
    if extra.get("lora") or extra.get("lora_adapters"):
        notes.warn("warning.no_lora", engine=engine_key)


def _warn_drafts(extra: dict[str, Any], notes: Notes) -> None:
    drafts = str(extra.get("speculative_method") or extra.get("speculative_model") or extra.get("draft_model") or "")
    if drafts and drafts not in WITHOUT_MODEL:
        notes.warn("warning.draft_model", words=(drafts,))
