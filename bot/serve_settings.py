"""Flags for the engine settings of a deployment that a question has no field for: adapters, drafts, stated pools."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.commands.table import Table
from formulas.deployment import Deployment, Settings
from formulas.units import GIB

ALL_LAYERS = 999
"""More layers than any model has: what -ngl is set to for all of them."""
NUMBERS = {
    "kv_cache_memory_bytes": "kv_cache_memory_bytes",
    "gpu_blocks": "gpu_blocks",
    "max_capture_size": "max_cudagraph_capture",
    "most_tokens": "kv_tokens_cap",
    "state_share": "mamba_full_memory_ratio",
    "state_slots": "max_mamba_cache_size",
    "window_share": "swa_full_tokens_ratio",
    "value_cache": "kv_cache_v",
    "host_experts": "n_cpu_moe",
}
SWITCHES = {"language_model_only": "language_model_only", "full_windows": "swa_full", "shared_slots": "kv_unified"}
UNSAID = {("llama.cpp", "language_model_only")}
"""(engine, field of Settings) that is so without a flag: llama-server -m loads no tower."""
OFF = {"prefix_caching": ("radix_cache_off", "prefix_caching"), "hybrid_manager": ("hybrid_manager_off",)}
"""Field of Settings -> name under which the flag tables keep it; of OFF, the first that an engine has."""


class CannotState(Exception):
    """The engine has no flag, in this release, for something that the deployment needs."""


def setting_flags(deployment: Deployment, table: Table) -> Iterator[tuple[str, str | None]]:
    """Flags with their values, None for switches. Raises CannotState."""
    settings = deployment.settings
    for field, name in NUMBERS.items():
        if (value := getattr(settings, field)) is not None:
            number = f"{value:.10g}" if isinstance(value, int | float) else table.serve["kv_cache"].get(value, value)
            yield _flag(table, name), number
    for field, name in SWITCHES.items():
        if getattr(settings, field) and (table.engine, field) not in UNSAID:
            yield _flag(table, name), None
    for field, names in OFF.items():
        if getattr(settings, field) is False:
            yield _off(table, names), None
    yield from _additions(deployment, table)


def _additions(deployment: Deployment, table: Table) -> Iterator[tuple[str, str | None]]:
    settings = deployment.settings
    if settings.cpu_offload_bytes:
        yield _flag(table, "cpu_offload_gb"), f"{settings.cpu_offload_bytes / GIB:.6g}"
    if settings.lora_slots:
        yield _flag(table, "lora"), None
        yield _flag(table, "max_loras"), str(settings.lora_slots)
        yield _flag(table, "max_lora_rank"), str(settings.lora_rank)
    if settings.speculative_tokens:
        yield _flag(table, "speculative_config"), _draft(deployment)
    if flag := table.flag_of("gpu_layers"):
        yield flag, str(_layers(settings))


def _layers(settings: Settings) -> int:
    return ALL_LAYERS if settings.gpu_layers is None else settings.gpu_layers


def _draft(deployment: Deployment) -> str:
    """The draft as vLLM is told of it: a named checkpoint, the text itself, or the model's own layers."""
    tokens = {"num_speculative_tokens": deployment.settings.speculative_tokens}
    if deployment.draft is not None:
        return json.dumps({"model": deployment.draft.id, **tokens})
    if deployment.settings.drafts_looked_up:
        return json.dumps({"method": "ngram", **tokens})
    if deployment.model.architecture.nextn_layer is None:
        raise CannotState("speculative_config")
    return json.dumps({"method": "mtp", **tokens})


def _off(table: Table, names: tuple[str, ...]) -> str:
    found = next((flag for name in names if (flag := table.flag_of(name))), None)
    if found is None:
        raise CannotState(names[-1])
    return f"--no-{found[2:]}" if found.startswith("--enable") else found


def _flag(table: Table, name: str) -> str:
    flag = table.flag_of(name)
    if flag is None:
        raise CannotState(name)
    return flag
