"""Why an engine would refuse a pasted command before memory is ever the question, and what to state instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.amounts import count, gib
from bot.changed_settings import SHARE_STEPS
from bot.commands import reader_of
from bot.commands.rewrite import Change
from bot.formats import SIXTEEN_BIT, number_format, shown
from bot.longer import Does, length_row
from bot.query import Query
from bot.resolve import Resolution
from catalog.kept import toml
from formulas.deployment import PARALLEL, Deployment, version
from formulas.engines import engine
from formulas.layout import attention_heads

FILE = Path(__file__).with_suffix(".toml")
SCALED = ("rope_factor", "hf_overrides", "rope_scaling", "rope_overrides")
"""Flags that lengthen a model, by the name under which a command keeps them."""
COMPUTED_16_BIT = "fp16"
"""What cards without bfloat16 compute in."""
CHECKS_FREE = version("0.9.0")
"""vLLM from which a start with too little free memory is refused."""
USUAL_SHARE = 0.95
"""For a card that nothing else uses."""
BFLOAT16_FROM = 8.0
"""Compute capability from which cards have it (vLLM platforms/cuda.py check_if_supports_dtype)."""
STARTUP_CHECK = "startup_check"
"""The phase of a log in which engines refuse; one that went on refused nothing."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sentence by key with what fills it, and what the engine would take in its place."""

    key: str
    values: dict[str, Any]
    change: str = ""
    """As alternatives name it: slot=value."""
    mend: Callable[[Deployment], Deployment] | None = None
    """None where putting it right takes more than a flag."""
    rewrites: tuple[Change, ...] = ()
    """Flags to state that a deployment does not hold."""


def refusals(resolution: Resolution) -> tuple[Refusal, ...]:
    """What of a pasted command its engine refuses; nothing for questions in words, which state no flags."""
    query = resolution.query
    got_past = query.log is not None and query.log.phase not in (None, STARTUP_CHECK)
    if (query.paste is None and query.log is None) or not resolution.gpu_named or got_past:
        return ()
    return tuple(refusal for rule in RULES for refusal in rule(resolution))


def mended(deployment: Deployment, refused: tuple[Refusal, ...]) -> Deployment | None:
    """The deployment with everything that is refused put right; None where that takes more than a flag."""
    for refusal in refused:
        if refusal.mend is None:
            return None
        deployment = refusal.mend(deployment)
    return deployment


def beyond(resolution: Resolution) -> Does | None:
    """What the engine does with a length beyond the model's; None where it is within or lengthened by a flag."""
    deployment, extra = resolution.deployment, resolution.query.extra
    limit, row = deployment.model.max_length, length_row(deployment.engine)
    if not limit or longest_asked(resolution) <= limit or any(name in extra for name in SCALED):
        return None
    lifted = any(name in extra.get("env", {}) for name in row.get("lifts", ()))
    found: Does = "takes" if lifted else row.get("does", "takes")
    return found


def longest_asked(resolution: Resolution) -> int:
    """Tokens of the longest request: of a mix its longest, not their mean."""
    mix = resolution.query.mix.value if resolution.query.mix else ()
    return max(resolution.deployment.load.sequence_tokens, *(tokens for _, tokens in mix), 0)


# --------------------------------------------------------------------------- rules


def _length(resolution: Resolution) -> Iterator[Refusal]:
    deployment = resolution.deployment
    limit, tokens = deployment.model.max_length, deployment.load.sequence_tokens
    if limit and beyond(resolution) == "refuses":
        values = {"tokens": tokens, "limit": limit, "model": deployment.model.id, "engine": deployment.engine}
        mend = partial(Deployment.at, sequence_tokens=limit)
        yield Refusal("refusal.length", values, f"sequence_tokens={limit}", mend)


def _layout(resolution: Resolution) -> Iterator[Refusal]:
    """The deployment has the nearest layout that the engine takes; the one that was asked for stands in the notes."""
    if resolution.notes.layout_refused is None:
        return
    asked, problem = resolution.notes.layout_refused
    deployment = resolution.deployment
    heads, shared = max(attention_heads(deployment.model.architecture), default=(0, 0))
    changed = [name for name in PARALLEL if getattr(asked, name) != getattr(deployment.layout, name)]
    sizes = {name: getattr(deployment.layout, name) for name in changed}
    values = {"layout": asked, "engine": deployment.engine, "heads": heads, "shared": shared}
    values |= {"needs": asked.gpu_count, "count": _gpus(resolution.query)}
    reader = reader_of(deployment.engine)
    flags = {name: reader.table.flag_of(name) for name in changed} if reader else {}
    rewrites = tuple(Change(flag, str(sizes[name])) for name, flag in flags.items() if flag)
    change = " ".join(f"{name}={size}" for name, size in sizes.items())
    yield Refusal(f"refusal.{problem}", values, change, _unchanged, rewrites)


def _gpus(query: Query) -> int:
    return query.gpu_count.value if query.gpu_count else 1


def _free(resolution: Resolution) -> Iterator[Refusal]:
    """vLLM wants its share of the card free when it starts (v1/worker/utils.py, request_memory)."""
    deployment, said = resolution.deployment, resolution.query.utilization
    free, visible = deployment.settings.free_bytes, deployment.gpu.visible_bytes
    if not engine(deployment.engine).takes_share or said is None or free is None or said.value * visible <= free:
        return
    share = int(SHARE_STEPS * free / visible) / SHARE_STEPS
    values = {
        "utilization": f"{said.value:g}",
        "free": gib(free),
        "visible": gib(visible),
        "asked": gib(int(said.value * visible)),
    }
    yield Refusal("refusal.free", values, f"utilization={share:g}", partial(_with_share, share=share))


def _whole(resolution: Resolution) -> Iterator[Refusal]:
    """Never is the whole card free: the process itself takes a part before vLLM looks (v1/worker/utils.py)."""
    deployment, said = resolution.deployment, resolution.query.utilization
    takes = engine(deployment.engine).takes_share and deployment.engine_version >= CHECKS_FREE
    if takes and said is not None and said.value >= 1 and deployment.settings.free_bytes is None:
        mend = partial(_with_share, share=USUAL_SHARE)
        yield Refusal(
            "refusal.whole", {"visible": gib(deployment.gpu.visible_bytes)}, f"utilization={USUAL_SHARE:g}", mend
        )


def _kernels(resolution: Resolution) -> Iterator[Refusal]:
    deployment, query = resolution.deployment, resolution.query
    key, has = deployment.weights.key, deployment.gpu.compute_capability
    if deployment.gpu.vendor != "NVIDIA" or not has:
        return
    stated = query.weights is not None or deployment.model.quantization is not None
    for row in toml(FILE)["kernels"]:
        if row["engine"] != deployment.engine or has >= row["least"]:
            continue
        values = {"gpu": deployment.gpu.name, "capability": f"{has:.1f}", "least": f"{row['least']:.1f}"}
        if "weights" not in row:
            yield Refusal("refusal.card", {**values, "engine": deployment.engine})
            return
        if key in row["weights"] and stated:
            wide = COMPUTED_16_BIT if has < BFLOAT16_FROM else SIXTEEN_BIT[deployment.model.architecture.dtype]
            mend = None if deployment.model.quantization else partial(_with_weights, key=wide)
            yield Refusal("refusal.kernels", {**values, "weights": shown(key)}, f"weights={wide}", mend)


def _choices(resolution: Resolution) -> Iterator[Refusal]:
    """Values that a flag does not take: --dtype float8."""
    deployment, paste = resolution.deployment, resolution.query.paste
    for remark in paste.remarks if paste else ():
        if remark.key == "choice":
            values = {"words": f"`{remark.words}`", "engine": deployment.engine, "choices": remark.taken}
            eight = "8" in remark.words and deployment.model.quantization is None
            mend = partial(_with_weights, key="fp8") if eight else None
            yield Refusal("refusal.choice_fp8" if eight else "refusal.choice", values, "weights=fp8", mend)


def _order(resolution: Resolution) -> Iterator[Refusal]:
    """Two limits of which one may not be over the other."""
    deployment, reader = resolution.deployment, reader_of(resolution.deployment.engine)
    for row in toml(FILE)["order"]:
        if row["engine"] != deployment.engine or reader is None:
            continue
        first, second = (_stated(resolution.query, row[place]) for place in ("first", "second"))
        most = (second or 0) - row.get("strict", False)
        if first is None or second is None or first <= most:
            continue
        right = most if row["put_right"] == row["first"] else first
        flags = {place: reader.table.flag_of(row[place]) for place in ("first", "second")}
        values = {**flags, "engine": deployment.engine, "first_value": count(first), "second_value": count(second)}
        name, flag = row["put_right"], reader.table.flag_of(row["put_right"]) or ""
        key = "refusal.order_strict" if row.get("strict") else "refusal.order"
        yield Refusal(key, values, f"{name}={right}", *_limit(name, right, Change(flag, str(right))))


def _stated(query: Query, name: str) -> int | None:
    said = getattr(query, name, None)
    value = said.value if said else query.extra.get(name)
    return int(value) if isinstance(value, int | float) else None


# --------------------------------------------------------------------------- putting right


def _limit(name: str, number: int, flag: Change) -> tuple[Callable[[Deployment], Deployment], tuple[Change, ...]]:
    """How a limit is put right: in the deployment's settings, or by its flag alone."""
    if name in ("max_sequences", "max_batched_tokens"):
        return partial(_with_setting, name=name, value=number), ()
    return _unchanged, (flag,)


def _unchanged(deployment: Deployment) -> Deployment:
    return deployment


def _with_setting(deployment: Deployment, *, name: str, value: Any) -> Deployment:
    return deployment.change(settings=replace(deployment.settings, **{name: value}))


def _with_share(deployment: Deployment, *, share: float) -> Deployment:
    return _with_setting(deployment, name="utilization", value=share)


def _with_weights(deployment: Deployment, *, key: str) -> Deployment:
    """In another format, with the KV cache that follows from 16-bit weights."""
    weights, cache = number_format(key), deployment.kv_cache
    follows = cache.key == "bf16" and key == COMPUTED_16_BIT
    return deployment.change(weights=weights, kv_cache=weights if follows else cache)


RULES: tuple[Callable[[Resolution], Iterator[Refusal]], ...] = (
    _choices,
    _layout,
    _length,
    _order,
    _free,
    _whole,
    _kernels,
)
