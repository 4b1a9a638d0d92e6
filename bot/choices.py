"""How each open field of a question is filled in; every choice is recorded where the text did not state it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.commands.command import Command
from bot.errors import OutOfRange, Unsupported
from bot.formats import (
    CACHE_IN_8_BITS,
    EIGHT,
    GGUF_AS_STORED,
    GGUF_ENGINE,
    GGUF_FOR_BITS,
    SIXTEEN_BIT,
    number_format,
    own_kv_cache,
    shown,
)
from bot.ollama import default_context, is_ollama, pasted_model
from bot.query import Query
from bot.stated import LLAMA
from catalog.types import Gpu, Model, NumberFormat
from formulas.compiled import audio_windows
from formulas.deployment import Version, version
from formulas.engines import engine

if TYPE_CHECKING:
    from bot.resolve import Notes

_LAST_WORD = re.compile(r"[^\s=:]+\Z")
"""Of a flag or a word with its value, the value."""
DEFAULT_ENGINE = "vllm"
_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w.-]+(?<!\.gguf)")
PULLS_4_BIT = ("ollama", "lmstudio", "lmsload", "dockermodelrun", "ramalama")
"""Programs over llama.cpp whose library hands out Q4_K_M by default (ollama/ollama docs/import.md)."""
GUIDE = "guide"
GUIDE_FOR_BITS = {8: "fp8", 4: "int4"}
"""Rows of the guide's precision table by bits."""
DEFAULT_LENGTH = 8192
"""Tokens assumed when a question states no length: long enough for chat with retrieval, far below model limits."""

AUDIO_WINDOW_SECONDS = 30
"""Whisper cuts audio into windows of 30 s (Radford 2022, section 2.1)."""


class Named(NamedTuple):
    """The model of a question, the id it goes by, and the format that its name states."""

    model: Model
    name: str
    weights: str | None
    extra: Mapping[str, Any] = {}
    """Settings that the name implies, by the names of engine flags: an adapter's."""


def choose_weights(query: Query, named: Named, notes: Notes) -> NumberFormat:
    """The stated format, else that in the name, else the checkpoint's own."""
    model = named.model
    stored = model.quantization.weights if model.quantization else SIXTEEN_BIT[model.architecture.dtype]
    if named.weights and (query.weights is None or query.weights.vague):
        return number_format(named.weights)
    if query.weights is None and stored != GGUF_AS_STORED and (puller := _pulls_gguf(query)):
        notes.assume("weights", "assumed.format", words=puller, weights=GGUF_FOR_BITS[4])
        return number_format(GGUF_FOR_BITS[4])
    if query.weights is None:
        notes.assume("weights", "assumed.weights", weights=shown(stored))
        return number_format(stored)
    if query.weights.vague:
        notes.assume("weights", "assumed.format", words=query.weights.words, weights=query.weights.value)
    if model.quantization and shown(stored) == query.weights.value:
        return number_format(stored)
    return number_format(query.weights.value)


def _pulls_gguf(query: Query) -> str:
    """The program that downloads a 4-bit file when it is told no type, or the model that is asked of it; else ""."""
    if query.paste and (is_ollama(query) or _takes_from_hub(query.paste)):
        return pasted_model(query.paste) or (query.model.words if query.model else "")
    words = query.engine.words if query.engine else ""
    return words if words.lower().replace(" ", "").startswith(PULLS_4_BIT) else ""


def _takes_from_hub(paste: Command) -> bool:
    """Whether llama.cpp is given a repository (-hf), of which it takes Q4_K_M by itself (common/arg.cpp)."""
    return paste.table == LLAMA and bool(_REPOSITORY.fullmatch(pasted_model(paste)))


def fit_engine(weights: NumberFormat, engine_key: str, notes: Notes) -> NumberFormat:
    """The format as the engine stores it: llama.cpp takes quantized weights as GGUF alone, the guide has a few."""
    if engine_key == GUIDE:
        return _fit_guide(weights, notes)
    usual = GGUF_FOR_BITS.get(round(weights.bits))
    if engine_key != GGUF_ENGINE or weights.gguf or weights.key == GGUF_AS_STORED or usual is None:
        return weights
    notes.assume("weights", "assumed.format", words=shown(weights.key), weights=usual)
    return number_format(usual)


def _fit_guide(weights: NumberFormat, notes: Notes) -> NumberFormat:
    """The format of as many bits in the guide's table. Raises Unsupported where it has none."""
    if weights.guide_bytes is not None:
        return weights
    usual = GUIDE_FOR_BITS.get(round(weights.bits)) if weights.bits.is_integer() else None
    if usual is None:
        raise Unsupported("unsupported.format", words=(shown(weights.key),))
    notes.assume("weights", "assumed.format", words=shown(weights.key), weights=usual)
    return number_format(usual)


def fit_card(weights: NumberFormat, query: Query, gpu: Gpu, engine_key: str, notes: Notes) -> NumberFormat:
    """The format that the card computes in where none was stated: fp16 in place of bfloat16 on cards without it."""
    needs, has = weights.min_compute_capability, gpu.compute_capability
    if query.weights or weights.key != "bf16" or engine_key == GGUF_ENGINE or not needs or not has or has >= needs:
        return weights
    notes.explain("assumed.no_bf16", gpu=gpu.name)
    return number_format("fp16")


def by_guide(query: Query) -> bool:
    """Whether the guide's own formulas are asked for."""
    return query.method is not None and query.method.value == GUIDE


def choose_engine(query: Query, weights: NumberFormat, gpu: Gpu, notes: Notes) -> tuple[str, Version]:
    """The stated engine and release; GGUF weights and Apple chips mean llama.cpp, all else vLLM."""
    if by_guide(query):
        return GUIDE, engine(GUIDE).latest
    if query.engine:
        key = query.engine.value
    else:
        key = GGUF_ENGINE if weights.gguf or gpu.vendor == "Apple" else DEFAULT_ENGINE
        notes.assume("engine")
    _check_engine(key)
    if query.engine_version:
        return key, _release(query.engine_version.value, key, notes)
    notes.assume("engine_version")
    return key, engine(key).latest


def _check_engine(key: str) -> None:
    try:
        engine(key)
    except KeyError:
        raise Unsupported("unsupported.engine", words=(key,), engine=key) from None


def _release(text: str, key: str, notes: Notes) -> Version:
    try:
        release = version(text)
    except ValueError:
        raise OutOfRange("out_of_range.engine_version", words=(text,)) from None
    if release > engine(key).latest:
        notes.warn("warning.newer_release", engine=key, version=text, known=".".join(map(str, engine(key).latest)))
    return release


def choose_kv_cache(
    query: Query, model: Model, gpu: Gpu, weights: NumberFormat, engine_key: str, notes: Notes
) -> NumberFormat:
    """The stated format, in the engine's own terms, else what the engine picks by itself."""
    if query.kv_cache:
        return _cache_of(engine_key, number_format(query.kv_cache.value), query.text, query.kv_cache.words, notes)
    key = own_kv_cache(model, gpu, weights, engine_key)
    notes.assume("kv_cache", "assumed.kv_cache", kv_cache=key, engine=engine_key)
    return number_format(key)


def hears(model: Model) -> bool:
    """Whether sequences are windows of audio."""
    return model.architecture.model_type == "whisper"


def _cache_of(engine_key: str, stated: NumberFormat, text: str, words: str, notes: Notes) -> NumberFormat:
    """GGUF types are llama.cpp's alone, and fp8 is none of its: the engine's own 8-bit cache stands in for either.

    Raises Unsupported for other widths, and for formats of weights alone.
    """
    foreign = stated.key == "fp8" if engine_key == GGUF_ENGINE else stated.gguf
    if not foreign and stated.cache_bits is not None:
        return stated
    own = CACHE_IN_8_BITS.get(engine_key)
    if own is None or not foreign or round(stated.bits) != EIGHT:
        instead = (text.replace(words, _LAST_WORD.sub(own.key, words), 1),) if own and words in text else ()
        raise Unsupported("unsupported.kv_cache", engine=engine_key, words=(words,), suggestions=instead)
    notes.assume("kv_cache", "assumed.format", words=words, weights=f"KV cache {own.key}")
    return number_format(own.key)


def choose_length(query: Query, model: Model, gpu: Gpu, notes: Notes) -> int:
    """The stated length; the mean of a mix; for a command what its engine takes by itself; else a usual length."""
    if query.audio_seconds and not hears(model):
        notes.warn("warning.no_audio", words=(query.audio_seconds.words,), model=model.id)
    elif query.audio_seconds:
        windows = audio_windows(audio_seconds=query.audio_seconds.value, window_seconds=AUDIO_WINDOW_SECONDS)
        notes.explain("assumed.audio", windows=int(windows))
    if "quantiles" in query.extra:
        notes.explain("assumed.quantiles", words=query.extra["quantiles"])
    if query.sequence_tokens:
        return _stated_length(query, query.sequence_tokens.value, model, notes)
    if query.mix:
        mean = -int(-sum(share * tokens for share, tokens in query.mix.value) // 1)
        notes.assume("sequence_tokens", "assumed.mix", tokens=mean)
        return mean
    if query.command and is_ollama(query):
        tokens = default_context(query, model, gpu)
        notes.assume("sequence_tokens", "assumed.ollama_context", tokens=tokens)
        return tokens
    if own := query.extra.get("own_context"):
        notes.assume("sequence_tokens", "assumed.sequence", tokens=own)
        return int(own)
    if query.command and model.max_length:
        notes.assume("sequence_tokens", "assumed.model_limit", tokens=model.max_length)
        return model.max_length
    length = min(DEFAULT_LENGTH, model.max_length or DEFAULT_LENGTH)
    if not (query.solve_for and query.solve_for.value == "sequence"):
        notes.assume("sequence_tokens", None if hears(model) else "assumed.sequence", tokens=length)
    return length


def _stated_length(query: Query, length: int, model: Model, notes: Notes) -> int:
    """As it stands; Ollama lowers it to what the model is made for (Ollama llm/server.go)."""
    limit = model.max_length
    if not limit or length <= limit or not is_ollama(query):
        return length
    notes.warn("warning.ollama_lowers", tokens=length, limit=limit, model=model.id)
    return limit
