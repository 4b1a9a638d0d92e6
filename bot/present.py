"""Sized -> Answer: the machine-readable object."""

from __future__ import annotations

from dataclasses import asdict
from math import prod
from typing import Any

from bot import contract
from bot.basis import basis
from bot.changed_command import command
from bot.changes import Changed
from bot.choices import GUIDE, by_guide
from bot.formats import shown
from bot.query import CustomCard, Query
from bot.questions import question, release
from bot.resolve import Resolution
from bot.size import Sized
from formulas.deployment import PARALLEL, Deployment
from formulas.estimate import Estimate


def answer(sized: Sized) -> contract.Answer:
    """Every field of the contract for one question worked out."""
    result, resolution = sized.estimate, sized.resolution
    named = resolution.gpu_named
    return contract.Answer(
        question=resolution.query.text,
        understood=understood(sized),
        memory=contract.Memory(**asdict(result.memory), total=result.memory.total),
        gpu_memory=contract.GpuMemory(visible=result.deployment.gpu.visible_bytes, usable=result.usable)
        if named
        else None,
        fits=fits(sized),
        verdict=sized.verdict,
        headroom=result.headroom if named else None,
        capacity=_capacity(sized),
        uncertainty=contract.Uncertainty(kv_cache_bytes=result.band, terms=dict(result.plan.band)),
        measured=_measured(sized),
        gpus=[
            contract.GpuChoice(gpu=choice.gpu.name, gpu_count=choice.gpu_count, headroom=choice.estimate.headroom)
            for choice in sized.gpus
        ],
        alternatives=[_alternative(change, (sized.accepted or sized).resolution) for change in sized.changes],
        refused=_refused(sized) if sized.refusals else None,
    )


def _measured(sized: Sized) -> contract.Measured | None:
    found = basis(sized)
    return contract.Measured(**{name: list(value) for name, value in asdict(found).items()}) if found else None


def fits(sized: Sized) -> bool | None:
    """Whether the question as asked fits; with something to solve, whether there is a solution."""
    return sized.estimate.fits and not sized.refusals if sized.held else None


def understood(sized: Sized) -> contract.Understood:
    """What the answer is for."""
    query, resolution, deployment = sized.resolution.query, sized.resolution, sized.estimate.deployment
    layout, settings, load = deployment.layout, deployment.settings, deployment.load
    found = contract.Understood(
        model=resolution.model_name,
        weights=shown(deployment.weights.key),
        kv_cache=deployment.kv_cache.key,
        batch=None if query.command or resolution.solve_for == "batch" else load.batch,
        sequence_tokens=None if resolution.solve_for == "sequence" else load.sequence_tokens,
        mix=list(query.mix.value) if query.mix else None,
        gpu=deployment.gpu.name if resolution.gpu_named else None,
        gpu_count=layout.gpu_count,
        tensor_parallel=layout.tensor_parallel,
        pipeline_parallel=layout.pipeline_parallel,
        data_parallel=layout.data_parallel,
        expert_parallel=layout.expert_parallel or None,
        engine=None if by_guide(query) else deployment.engine,
        engine_version=_version(query, deployment),
        method=GUIDE if by_guide(query) else "engine",
        utilization=sized.estimate.plan.utilization,
        max_batched_tokens=settings.max_batched_tokens,
        max_sequences=settings.max_sequences,
        enforce_eager=settings.enforce_eager or None,
        block_size=settings.block_size,
        solve_for=resolution.solve_for,
        assumed=list(dict.fromkeys(resolution.notes.assumed)),
        unread=list(query.unread),
        flags=dict(query.extra),
    )
    return found.model_copy(update=stated(query)) if query.command else found


STATED = ("sequence_tokens", "utilization", *PARALLEL, "max_sequences")
"""Fields of a pasted command that are shown as it states them, whatever they come to on this engine."""


def stated(query: Query) -> dict[str, Any]:
    """What a pasted command says in so many words, and the GPUs that its container is given."""
    said = {name: said.value for name in STATED if (said := getattr(query, name)) is not None}
    sizes = [said[name] for name in PARALLEL if name in said]
    if "visible_gpus" in query.extra:
        said["gpu_count"] = query.extra["visible_gpus"]
    elif sizes and not query.extra.get("dp_attention"):
        said["gpu_count"] = prod(sizes)
    return said


def _version(query: Query, deployment: Deployment) -> str | None:
    """The release as the question wrote it, else the one assumed."""
    if by_guide(query):
        return None
    return query.engine_version.value if query.engine_version else release(deployment.engine_version)


def understood_so_far(query: Query) -> contract.Understood:
    """What was read from a question that cannot be answered."""
    said = {
        name: getattr(query, name).value
        for name in contract.Understood.model_fields
        if getattr(query, name, None) is not None and hasattr(getattr(query, name), "value")
    }
    if isinstance(said.get("gpu"), CustomCard):
        said["gpu"] = said["gpu"].label
    said |= stated(query) if query.command else {}
    return contract.Understood(**said, unread=list(query.unread), flags=dict(query.extra))


def _capacity(sized: Sized) -> contract.Capacity | None:
    """What these GPUs hold; a server that its engine refuses holds nothing, and only other lengths would do."""
    held = sized.held
    if held is None:
        return None
    if sized.refusals:
        other = sized.accepted.held if sized.accepted else None
        by_length = other and all(refusal.key == "refusal.length" for refusal in sized.refusals)
        longest = other.longest if other and by_length else 0
        return contract.Capacity(
            kv_cache_bytes=0, kv_cache_tokens=0, max_batch=0, max_sequence_tokens=longest, min_gpu_count=None
        )
    return contract.Capacity(
        kv_cache_bytes=held.pool.bytes,
        kv_cache_tokens=held.pool.tokens,
        max_batch=held.max_batch,
        max_sequence_tokens=held.longest,
        min_gpu_count=held.least.deployment.layout.gpu_count if held.least else None,
        min_utilization=held.utilization,
        max_sequence_limit="model" if held.limited_by_model else "memory",
    )


def _refused(sized: Sized) -> contract.Refused:
    """Why, and what the command put right comes to."""
    reasons, accepted = [refusal.key.partition(".")[2] for refusal in sized.refusals], sized.accepted
    if accepted is None:
        return contract.Refused(reasons=reasons)
    right = answer(accepted)
    return contract.Refused(
        reasons=reasons,
        command=command(accepted.estimate, accepted.resolution),
        fits=right.fits,
        memory=right.memory,
        gpu_memory=right.gpu_memory,
        headroom=right.headroom,
        capacity=right.capacity,
    )


def _alternative(change: Changed, resolution: Resolution) -> contract.Alternative:
    """One change, solved on the GPUs that were named; without any it only says what it needs."""
    named = resolution.gpu_named
    return contract.Alternative(
        change=change.change,
        fits=change.estimate.fits if named else None,
        verdict=change.estimate.verdict if named else "needs",
        max_batch=change.max_batch if named else None,
        max_sequence_tokens=change.longest if named else None,
        command=command(change.estimate, resolution),
        question=asked_again(change.estimate, resolution),
    )


def asked_again(result: Estimate, resolution: Resolution) -> str | None:
    """The question that an estimate's deployment answers; None where no question can say it (-ngl)."""
    deployment = result.deployment
    return None if deployment.settings.gpu_layers is not None else question(deployment, on_gpu=resolution.gpu_named)
