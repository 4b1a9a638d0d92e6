"""A pasted log as claims: what the server printed about itself fills in what the words around it leave open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.commands import find_command, settings_in
from bot.commands.command import Command
from bot.logs import find_log
from bot.logs.observation import Observation
from bot.logs.readings import by_device, readings
from bot.parsing.clean import clean
from bot.parsing.items import Claim, Sentence
from bot.parsing.pasted import claim_settings
from bot.query import CustomCard
from catalog.gguf_files import GGML_NAMES
from catalog.types import NotFound
from formulas.deployment import PARALLEL
from formulas.units import GIB

NOWHERE = (0, 0)
"""The place of a claim that no words of the question make."""
LENGTHS = ("max_len_requested", "concurrency_len", "q_sequence_tokens", "context_per_sequence", "sequence_tokens")
"""Facts that say the limit of a sequence, the surest first."""
SETTINGS = {
    "length": "sequence_tokens",
    "util": "utilization",
    "cache": "kv_cache",
    "batched": "max_batched_tokens",
    "seqs": "max_sequences",
    "slots": "batch",
    "eager": "enforce_eager",
}
"""Setting of Readings -> the slot that states it."""
LIMITS = frozenset({"memory_limit_mi", "memory_limit_gi", "cpu_limit"})
RUNS_ON = {"ollama": "llama.cpp"}
CACHE_TYPE, FILE_TYPE = "kv_type", "file_type"
"""Facts of llama.cpp: the format of cached keys, and that of the weights as src/llama-model-loader.cpp spells it."""
SIZES = {"Small": "s", "Medium": "m", "Large": "l"}
SPREAD = ("gpu_count", *PARALLEL)
"""Fields that say over how many GPUs a server is spread."""
CALLS = ("LLM", "EngineArgs", "Engine", "pipeline")
"""Calls by which programs start a server."""
LONGEST_LINES = 100_000
"""Characters a line on average from which a text is no log."""


def split_log(text: str) -> tuple[Observation | None, str]:
    """The log in a text, and the text without it."""
    if len(text) > LONGEST_LINES * (text.count("\n") + 1):
        return None, text
    found = find_log(text)
    if found is None or _is_asked(found[0], text):
        return None, text
    return found[0], found[1] + _call_in(text, found[1])


def _call_in(text: str, rest: str) -> str:
    """The call of a program whose arguments read like what a server prints of its configuration."""
    if not any(f"{name}(" in text for name in CALLS):
        return ""
    command = find_command(cleaned := clean(text))
    call = cleaned[command.start : command.end] if command and command.is_code else ""
    return f"\n{call}" if call not in rest else ""


def _is_asked(log: Observation, text: str) -> bool:
    """Whether what was found is what a specification or a program asks for, not what a server printed."""
    if log.failure is not None or log.phase is not None:
        return False
    if log.facts and LIMITS.issuperset(log.facts):
        return True
    command = find_command(clean(text))
    return command is not None and command.is_code


def bind_log(sentence: Sentence) -> None:
    """Claim what the log says of fields that are still open."""
    if sentence.log is None:
        return
    said = frozenset(sentence.claims)
    for line in sentence.log.configs:
        command = settings_in(line, sentence.log.engine)
        if command:
            _claim_config(sentence, command, said)
    for slot, value in _stated(sentence, sentence.log):
        if value and slot not in sentence.claims:
            sentence.claims[slot] = [Claim(value, *NOWHERE)]
    if printed := readings(sentence.log, _settings(sentence)):
        sentence.claims["measured"] = [Claim(printed, *NOWHERE)]


def _settings(sentence: Sentence) -> dict[str, Any]:
    """What the server was started with, as far as the log or the words around it say."""
    said = {name: sentence.claims.get(slot) for name, slot in SETTINGS.items()}
    return {name: claims[0].value for name, claims in said.items() if claims}


def _claim_config(sentence: Sentence, command: Command, said: frozenset[str]) -> None:
    place = {slot: setting._replace(start=0, end=0) for slot, setting in command.settings.items()}
    command.settings = {slot: setting for slot, setting in place.items() if slot not in (said | sentence.claims.keys())}
    command.start, command.end = NOWHERE
    claim_settings(sentence, command)
    sentence.extra = {**command.extra, **sentence.extra}


def _stated(sentence: Sentence, log: Observation) -> Iterator[tuple[str, Any]]:
    facts = log.facts
    engine = RUNS_ON.get(log.engine or "", log.engine)
    yield "engine", engine
    if "engine" not in sentence.claims or sentence.claims["engine"][0].value == engine:
        yield "engine_version", facts.get("q_engine_version")
    yield "model", facts.get("q_model") or facts.get("model_name")
    yield "utilization", facts.get("utilization") or facts.get("mem_fraction_static")
    length = next((int(facts[name]) for name in LENGTHS if facts.get(name)), None)
    yield "sequence_tokens", length
    yield "max_batched_tokens", facts.get("max_num_tokens")
    yield "batch", _slots(log, length)
    yield "weights", _format(sentence, str(facts.get(FILE_TYPE, "")))
    yield "kv_cache", _format(sentence, str(facts.get(CACHE_TYPE, "")))
    if not any(field in sentence.claims for field in SPREAD):
        devices = len(by_device(log))
        yield "gpu_count", devices if devices > 1 else None
    if "free_bytes" not in sentence.claims:
        yield "gpu", _card(sentence, log)


def _slots(log: Observation, length: int | None) -> int | None:
    """Slots that share the context of llama.cpp out among them; none where each may use all of it."""
    context = log.number("sequence_tokens")
    slots = int(context // length) if context and length and log.number("context_per_sequence") else 1
    return slots if slots > 1 else None


def _format(sentence: Sentence, written: str) -> str | None:
    """The format that llama.cpp calls so: "Q4_K - Medium", "q8_0", "f16"."""
    name, _, size = written.partition(" - ")
    key = "_".join(filter(None, (name.lower(), SIZES.get(size))))
    found = sentence.finder.find_format(GGML_NAMES.get(key, key)) if key else None
    return None if found is None or isinstance(found, NotFound) else str(found.item.key)


def _card(sentence: Sentence, log: Observation) -> str | CustomCard | None:
    """The card that is named, else one known by its memory alone."""
    if name := log.facts.get("q_gpu"):
        found = sentence.finder.find_gpu(str(name))
        if not isinstance(found, NotFound):
            return found.item.name
    total = log.size("total_gpu")
    return CustomCard(total, f"{total / GIB:.4g} GiB") if total else None
