"""What commands of SGLang, TGI and llama.cpp state beside the fields of a question: pools, slots, layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.query import Query
from bot.serve_settings import ALL_LAYERS
from catalog.load import load as load_catalog
from formulas.deployment import Load, Version
from formulas.engines import llama_cpp_versions as builds

AS_STATED = {
    "kv_tokens_cap": "most_tokens",
    "mamba_full_memory_ratio": "state_share",
    "max_batch_total_tokens": "most_tokens",
    "max_gpu_total_bytes": "kv_cache_memory_bytes",
    "max_mamba_cache_size": "state_slots",
    "swa_full": "full_windows",
    "swa_full_tokens_ratio": "window_share",
}
"""Name under which a command keeps a flag -> the field of formulas.deployment.Settings that holds its value."""
SWITCHED = ("radix_cache_off",)
"""Names of switches that say something by being there."""
LLAMA, OLLAMA = "llama_cpp", "ollama"
"""Flag tables of the programs that run llama.cpp."""
_ALL_EXPERTS = re.compile(r"[^0-9=,]*exps[^0-9=,]*=CPU")
SERVER = "server"
"""What the name of a llama.cpp program with slots contains; llama-cli has one."""


def stated(query: Query, release: Version) -> dict[str, Any]:
    """Fields of Settings, by name."""
    extra = query.extra
    found = {field: extra[name] for name, field in AS_STATED.items() if extra.get(name) is not None}
    if any(extra.get(name) for name in SWITCHED):
        found["prefix_caching"] = False
    return found | dict(_llama(query, release))


def _llama(query: Query, release: Version) -> Iterator[tuple[str, Any]]:
    extra = query.extra
    if _table(query) not in (LLAMA, OLLAMA):
        return
    layers = extra.get("gpu_layers")
    if isinstance(layers, int | float) and 0 <= layers < ALL_LAYERS:
        yield "gpu_layers", int(layers)
    if experts := _host_experts(extra):
        yield "host_experts", experts
    if _has_no_projector(query):
        yield "language_model_only", True
    values = str(extra.get("kv_cache_v", "")).lower()
    key = query.paste.values.get(values, values) if query.paste else ""
    formats = load_catalog().formats
    if key in formats and formats[key].cache_bits is not None:
        yield "value_cache", key
    if slots := _shared_slots(query, release):
        yield "shared_slots", slots


def _host_experts(extra: Mapping[str, Any]) -> int:
    """Layers whose experts a command keeps in host memory."""
    if extra.get("cpu_moe") or all_experts(str(extra.get("override_tensor", ""))):
        return ALL_LAYERS
    stated = extra.get("n_cpu_moe")
    return min(int(stated), ALL_LAYERS) if isinstance(stated, int | float) and stated > 0 else 0


def all_experts(pattern: str) -> bool:
    """Whether -ot keeps the experts of all layers in host memory ("exps=CPU", ".ffn_.*_exps.=CPU")."""
    named = [name in pattern for name in ("gate", "up", "down")]
    return bool(_ALL_EXPERTS.fullmatch(pattern.replace("[0-9]", r"\d"))) and (all(named) or not any(named))


def _has_no_projector(query: Query) -> bool:
    """llama-server loads the tower's file where it is named, or by itself with a repository's model."""
    if _table(query) != LLAMA or "mmproj" in query.extra or not query.paste:
        return False
    model = query.paste.settings.get("model")
    return query.extra.get("mmproj_auto") is False or (model is not None and str(model.value).endswith(".gguf"))


def _table(query: Query) -> str:
    return query.paste.table if query.paste else ""


def _slots(query: Query) -> int:
    return query.max_sequences.value if query.max_sequences else 0


def _shared_slots(query: Query, release: Version) -> int:
    """Slots of one common context: as the command asks for, or as llama-server has it where it states no slots."""
    if query.extra.get("kv_unified"):
        return _slots(query) or builds.SHARED_SLOTS.at(builds.LATEST)
    serves = _table(query) == LLAMA and SERVER in query.text.lower()
    return builds.SHARED_SLOTS.at(release) if serves and not _slots(query) else 0


def slot_load(query: Query, load: Load, release: Version) -> Load:
    """The load of a llama.cpp command: -c is the context of all slots together, num_ctx of Ollama that of each."""
    slots, table = _slots(query), _table(query)
    if slots < 2 or table not in (LLAMA, OLLAMA) or _shared_slots(query, release):
        return load
    return Load(batch=slots, sequence_tokens=max(1, load.sequence_tokens // (slots if table == LLAMA else 1)))
