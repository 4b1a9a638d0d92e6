"""Ollama over llama.cpp: what it sets by itself, and its settings as it takes them: variables, Modelfiles, requests."""

from __future__ import annotations

import json
import re
import shlex
from typing import NamedTuple

from bot.commands import reader_of
from bot.commands.command import Command
from bot.formats import GGUF_ENGINE
from bot.query import Query
from catalog.types import Gpu, Model
from formulas.deployment import Deployment, version
from formulas.since import Since
from formulas.units import GIB

OLLAMA = "ollama"
RUN_LLAMA_CPP = (GGUF_ENGINE, OLLAMA)
"""Names under which logs and commands of llama.cpp are known."""
FIXED_CONTEXT: Since[int] = Since(
    {"0": 2048, "0.6.7": 4096, "0.15.5": 0},
    source="ollama/ollama#10364 (4,096 from 0.6.7) and the notes of 0.15.5: by the memory of all GPUs from then on",
)
"""Tokens where nothing states a context; 0: by memory."""
CONTEXT_BY_MEMORY = ((47 * GIB, 262_144), (23 * GIB, 32_768), (0, 4096))
"""(memory of all GPUs from which on, tokens): Ollama server/routes.go, defaultNumCtx."""
LATEST = "0.33.0"
PORT = 11434
USUAL_CACHE = "fp16"
CACHES = (USUAL_CACHE, "q8_0", "q4_0")
"""Formats of OLLAMA_KV_CACHE_TYPE (docs/faq.mdx)."""
QUANTIZED_CACHE = "OLLAMA_FLASH_ATTENTION=1"
"""Without it a quantized cache is not used where flash attention is off by default."""
CONTEXT_VARIABLE = "OLLAMA_CONTEXT_LENGTH={}"
_TAG = re.compile(r"(?:[\w.-]+/)*[\w.-]+:[\w.-]+")
"""A model of Ollama's library."""


class Setting(NamedTuple):
    """A flag of Ollama's table and its value."""

    flag: str
    value: str


def is_ollama(query: Query) -> bool:
    """Whether the question is about Ollama, in words or by a paste."""
    if query.paste:
        return query.paste.table == OLLAMA
    return query.engine is not None and query.engine.words.lower().startswith(OLLAMA)


def default_context(query: Query, model: Model, gpu: Gpu) -> int:
    """Tokens of each request where nothing states them; of cards of an unknown size the least."""
    fixed = FIXED_CONTEXT.at(version(str(query.extra.get("ollama_version", LATEST))))
    total = gpu.visible_bytes * (query.gpu_count.value if query.gpu_count else 1) if query.gpu else 0
    tokens = fixed or next(tokens for least, tokens in CONTEXT_BY_MEMORY if total >= least)
    return min(tokens, model.max_length or tokens)


def kept_flag(name: str, value: object, *, ollama: bool) -> str:
    """A setting that the flag tables keep under this name, as Ollama or llama.cpp takes it."""
    reader = reader_of(OLLAMA if ollama else GGUF_ENGINE)
    flag = reader.table.flag_of(name) if reader else None
    return reader.table.write(flag, value) if reader and flag else ""


def settings_of(deployment: Deployment) -> list[Setting]:
    """Everything of a deployment that differs from what Ollama does by itself, its context always."""
    settings, slots = deployment.settings, deployment.batch_per_replica
    found = [Setting("--num-ctx", str(deployment.load.sequence_tokens))]
    if settings.gpu_layers is not None:
        found.append(Setting("--num-gpu", str(settings.gpu_layers)))
    if settings.max_batched_tokens:
        found.append(Setting("--num-batch", str(settings.max_batched_tokens)))
    if slots > 1:
        found.append(Setting("--num-parallel", str(slots)))
    if deployment.kv_cache.key != USUAL_CACHE:
        found.append(Setting("--kv-cache-type", deployment.kv_cache.key))
    return found


def changed_settings(before: Deployment, after: Deployment) -> list[str]:
    """What is different, as Ollama takes it."""
    known = set(settings_of(before))
    return [_write(setting) for setting in settings_of(after) if setting not in known]


def ollama_command(deployment: Deployment, query: Query) -> str | None:
    """The settings of a deployment in the form of the paste: the server's variables, a Modelfile, a request.

    None where Ollama has no such cache, or a parameter needs a model that the question does not name as Ollama does.
    """
    if deployment.kv_cache.key not in CACHES:
        return None
    settings, model = settings_of(deployment), ollama_model(query)
    variables = [_write(setting) for setting in settings if not _is_parameter(setting)]
    if any(text.startswith("OLLAMA_KV_CACHE_TYPE") for text in variables):
        variables.insert(0, QUANTIZED_CACHE)
    parameters = [setting for setting in settings if _is_parameter(setting)]
    if len(parameters) == 1 and not (query.paste and (query.paste.is_map or query.paste.is_request)):
        variables.insert(0, CONTEXT_VARIABLE.format(parameters[0].value))
        parameters = []
    if parameters and not model:
        return None
    server = " ".join([*variables, "ollama serve"]) if variables else ""
    if not parameters:
        return server
    return "\n".join([*([f"{server} &"] if server else []), *_parameters(parameters, model, query)])


def _parameters(parameters: list[Setting], model: str, query: Query) -> list[str]:
    """As a request where one was pasted, else as a Modelfile and the model that is made of it."""
    if query.paste and query.paste.is_request:
        options = {_name(setting): int(setting.value) for setting in parameters}
        body = json.dumps({"model": model, "options": options})
        return [f"curl localhost:{PORT}/api/generate -d {shlex.quote(body)}"]
    base, _, tag = model.rpartition("/")[2].removesuffix(".gguf").partition(":")
    made = shlex.quote(f"{base}:{tag or 'latest'}-fits")
    lines = [f"FROM {model}", *(_write(setting) for setting in parameters)]
    return ["cat > Modelfile <<'EOF'", *lines, "EOF", f"ollama create {made} -f Modelfile"]


def pasted_model(paste: Command) -> str:
    """The model as a command names it, or ""."""
    return str(paste.settings["model"].value) if paste.states("model") else ""


def ollama_model(query: Query) -> str:
    """The model as Ollama knows it, "" where the question does not say."""
    if query.paste:
        return pasted_model(query.paste)
    named = _TAG.search(query.model.words) if query.model else None
    return named.group() if named else ""


def _is_parameter(setting: Setting) -> bool:
    return _write(setting).startswith("PARAMETER")


def _name(setting: Setting) -> str:
    return setting.flag[2:].replace("-", "_")


def _write(setting: Setting) -> str:
    reader = reader_of(OLLAMA)
    assert reader is not None
    return reader.table.write(*setting)
