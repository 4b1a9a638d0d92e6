"""How each open field of a question is filled in; every choice is recorded where the text did not state it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.commands import reader_of
from bot.commands.rewrite import Change, rewritten
from bot.errors import Conflict, OutOfRange, Unsupported
from bot.query import Query
from catalog.find import find_format
from catalog.types import Gpu, Model, NotFound, NumberFormat
from formulas.compiled import audio_windows
from formulas.deployment import Layout, Version, version
from formulas.engines import engine
from formulas.layout import layouts

if TYPE_CHECKING:
    from bot.resolve import Notes

DEFAULT_ENGINE = "vllm"
PULLS_4_BIT = ("ollama", "lmstudio")
"""Programs over llama.cpp whose library hands out Q4_K_M by default (ollama/ollama docs/import.md)."""
GGUF_ENGINE = "llama.cpp"
GUIDE = "guide"
DEFAULT_LENGTH = 8192
"""Tokens assumed when a question states no length: long enough for chat with retrieval, far below model limits."""

AUDIO_WINDOW_SECONDS = 30
"""Whisper cuts audio into windows of 30 s (Radford 2022, section 2.1)."""

SIXTEEN_BIT = {"bfloat16": "bf16", "float16": "fp16", "float32": "bf16"}
"""Format an engine serves a checkpoint in by default; fp32 checkpoints are cast to 16 bits (vLLM --dtype auto)."""


EIGHT = 8


class EightBitCache(NamedTuple):
    """The 8-bit cache that an engine offers, and how it is asked for."""

    key: str
    flag: str


CACHE_IN_8_BITS = {
    "vllm": EightBitCache("fp8", "--kv-cache-dtype fp8"),
    "sglang": EightBitCache("fp8", "--kv-cache-dtype fp8_e4m3"),
    "tensorrt-llm": EightBitCache("fp8", "kv_cache_config.dtype=fp8"),
    "llama.cpp": EightBitCache("q8_0", "-ctk q8_0 -ctv q8_0"),
}
"""By engine: vllm config/cache.py, sglang server_args.py, tensorrt_llm llmapi KvCacheConfig, llama.cpp arg.cpp."""


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
    if query.weights is None and query.engine and _pulls_gguf(query.engine.words):
        notes.assume("weights", "assumed.format", words=query.engine.words, weights=GGUF_FOR_BITS[4])
        return number_format(GGUF_FOR_BITS[4])
    if query.weights is None:
        notes.assume("weights", "assumed.weights", weights=shown(stored))
        return number_format(stored)
    if query.weights.vague:
        notes.assume("weights", "assumed.format", words=query.weights.words, weights=query.weights.value)
    if model.quantization and shown(stored) == query.weights.value:
        return number_format(stored)
    return number_format(query.weights.value)


def _pulls_gguf(words: str) -> bool:
    """Whether a program was named that downloads a 4-bit file when it is told no type."""
    return words.lower().replace(" ", "").startswith(PULLS_4_BIT)


def shown(key: str) -> str:
    """Format key as people and the JSON answer write it: the block layout of fp8 is fp8."""
    return "fp8" if key == "fp8-block" else key


def number_format(key: str) -> NumberFormat:
    """The catalog's format. Raises Unsupported for a key it does not have."""
    found = find_format(key)
    if isinstance(found, NotFound):
        raise Unsupported("unsupported.format", words=(key,), suggestions=found.suggestions)
    return found.item


GGUF_AS_STORED = "mxfp4"
"""A format that GGUF files keep as the checkpoint has it."""
GGUF_FOR_BITS = {4: "q4_k_m", 8: "q8_0"}
"""The usual GGUF type for weights of so many bits; llama.cpp serves no other quantized format."""


def fit_engine(weights: NumberFormat, engine_key: str, notes: Notes) -> NumberFormat:
    """The format as the engine stores it: llama.cpp takes quantized weights as GGUF alone."""
    usual = GGUF_FOR_BITS.get(round(weights.bits))
    if engine_key != GGUF_ENGINE or weights.gguf or weights.key == GGUF_AS_STORED or usual is None:
        return weights
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
        return _cache_of(engine_key, number_format(query.kv_cache.value), query.kv_cache.words, notes)
    key = own_kv_cache(model, gpu, weights, engine_key)
    notes.assume("kv_cache", "assumed.kv_cache", kv_cache=key, engine=engine_key)
    return number_format(key)


def own_kv_cache(model: Model, gpu: Gpu, weights: NumberFormat, engine_key: str) -> str:
    """Format key of the KV cache that the engine picks by itself."""
    key = engine(engine_key).kv_cache(model, gpu)
    needs, has = number_format("bf16").min_compute_capability, gpu.compute_capability
    if key == "bf16" and weights.key != "bf16" and needs and has and has < needs:
        return "fp16"
    return weights.key if weights.key in ("fp16", "fp32") and key == "bf16" else key


def hears(model: Model) -> bool:
    """Whether sequences are windows of audio."""
    return model.architecture.model_type == "whisper"


def _cache_of(engine_key: str, stated: NumberFormat, words: str, notes: Notes) -> NumberFormat:
    """GGUF types are llama.cpp's alone, and fp8 is none of its: the engine's own 8-bit cache stands in for either.

    Raises Unsupported for other widths.
    """
    foreign = stated.key == "fp8" if engine_key == GGUF_ENGINE else stated.gguf
    if not foreign:
        return stated
    own = CACHE_IN_8_BITS.get(engine_key)
    if own is None or round(stated.bits) != EIGHT:
        raise Unsupported("unsupported.kv_cache", engine=engine_key, words=(words,))
    notes.assume("kv_cache", "assumed.format", words=words, weights=f"KV cache {own.key}")
    return number_format(own.key)


def choose_length(query: Query, model: Model, notes: Notes) -> int:
    """The stated length; the mean of a mix; the model's own limit for a command; else a usual length."""
    if query.audio_seconds and not hears(model):
        notes.warn("warning.no_audio", words=(query.audio_seconds.words,), model=model.id)
    elif query.audio_seconds:
        windows = audio_windows(audio_seconds=query.audio_seconds.value, window_seconds=AUDIO_WINDOW_SECONDS)
        notes.explain("assumed.audio", windows=int(windows))
    if query.sequence_tokens:
        length = query.sequence_tokens.value
        if model.max_length and length > model.max_length:
            notes.warn("warning.beyond_model", tokens=length, limit=model.max_length, model=model.id)
        return length
    if query.mix:
        mean = -int(-sum(share * tokens for share, tokens in query.mix.value) // 1)
        notes.assume("sequence_tokens", "assumed.mix", tokens=mean)
        return mean
    if query.command and model.max_length:
        notes.assume("sequence_tokens", "assumed.model_limit", tokens=model.max_length)
        return model.max_length
    length = min(DEFAULT_LENGTH, model.max_length or DEFAULT_LENGTH)
    if not (query.solve_for and query.solve_for.value == "sequence"):
        notes.assume("sequence_tokens", None if hears(model) else "assumed.sequence", tokens=length)
    return length


def choose_layout(query: Query, model: Model, gpu: Gpu, engine_key: str, notes: Notes) -> Layout:
    """The stated parallel sizes; a bare GPU count is shared by tensor parallelism where the heads allow it."""
    tensor, pipeline, data = (
        said.value if said else None for said in (query.tensor_parallel, query.pipeline_parallel, query.data_parallel)
    )
    experts = bool(query.expert_parallel and query.expert_parallel.value)
    stated = (tensor or 1) * (pipeline or 1) * (data or 1)
    count = query.gpu_count.value if query.gpu_count else stated
    if not query.gpu_count and stated == 1:
        notes.assume("gpu_count", "assumed.gpu_count" if query.gpu and not query.solve_for else None)
    if count == stated:
        return _accepted(
            Layout(
                tensor_parallel=tensor or 1,
                pipeline_parallel=pipeline or 1,
                data_parallel=data or 1,
                expert_parallel=experts,
            ),
            query,
            model,
            engine_key,
        )
    layout = _share(count, tensor, pipeline, data, model, gpu, engine_key, experts)
    notes.assume("tensor_parallel" if tensor is None else "data_parallel", "assumed.layout", layout=layout)
    return layout


def _accepted(layout: Layout, query: Query, model: Model, engine_key: str) -> Layout:
    if problem := engine(engine_key).layout_problem(model, layout):
        raise Unsupported(
            "unsupported.layout",
            suggestions=_other_layouts(query, model, engine_key, layout),
            reason=problem,
            engine=engine_key,
        )
    return layout


def _other_layouts(query: Query, model: Model, engine_key: str, layout: Layout) -> tuple[str, ...]:
    """The question with the nearest tensor parallel sizes that the engine takes, of a pasted line; else without."""
    paste, reader = query.paste, reader_of(engine_key)
    flag = reader.table.flag_of("tensor_parallel") if reader else None
    if paste is None or not paste.text or flag is None:
        return _without_layout(query)
    accepts = [
        size
        for size in TENSOR_SIZES
        if not engine(engine_key).layout_problem(model, replace(layout, tensor_parallel=size))
    ]
    near = sorted(accepts, key=lambda size: abs(size - layout.tensor_parallel))[:2]
    lines = [rewritten(paste, [Change(flag, str(size))]) for size in near]
    around = paste.text[: paste.start], paste.text[paste.end :]
    return tuple(f"{around[0]}{line}{around[1]}".strip() for line in lines if line)


TENSOR_SIZES = (1, 2, 4, 8, 16)


def _without_layout(query: Query) -> tuple[str, ...]:
    """The question without its parallel sizes, for the engine to share the GPUs as it can."""
    text = query.text
    for said in (query.tensor_parallel, query.pipeline_parallel):
        text = text.replace(said.words, "") if said else text
    return (" ".join(text.split()),)


def usual_layout(count: int, model: Model, gpu: Gpu, engine_key: str, asked: Layout) -> Layout:
    """How so many GPUs share the work when a question gives their number alone."""
    return _share(count, None, None, None, model, gpu, engine_key, asked.expert_parallel)


def _share(
    count: int,
    tensor: int | None,
    pipeline: int | None,
    data: int | None,
    model: Model,
    gpu: Gpu,
    engine_key: str,
    experts: bool,
) -> Layout:
    accepts = engine(engine_key).layout_problem
    for layout in layouts(count, per_node=gpu.max_per_node, expert_parallel=experts):
        sizes = (layout.tensor_parallel, layout.pipeline_parallel, layout.data_parallel)
        stated = zip((tensor, pipeline, data), sizes, strict=True)
        if all(want is None or want == size for want, size in stated) and not accepts(model, layout):
            return layout
    raise Conflict("conflict.layout", count=count, tensor=tensor or 1, pipeline=pipeline or 1, data=data or 1)
