"""How the GPUs of a question share the model: as it says, else as the engine takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.commands import reader_of
from bot.commands.rewrite import Change, rewritten
from bot.errors import Conflict, Unsupported
from bot.query import Query
from catalog.types import Gpu, Model
from formulas.deployment import Layout
from formulas.engines import engine
from formulas.layout import layouts

if TYPE_CHECKING:
    from bot.resolve import Notes


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
