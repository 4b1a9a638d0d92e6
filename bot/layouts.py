"""How the GPUs of a question share the model: as it says, else as the engine takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import Conflict, Unsupported
from bot.query import Query
from catalog.types import Gpu, Model
from formulas.deployment import Layout
from formulas.engines import engine
from formulas.layout import layouts

if TYPE_CHECKING:
    from bot.resolve import Notes

TOO_FEW_GPUS = "too_few_gpus"
"""What is wrong with a layout of more GPUs than there are."""


SHARED = "dp_attention"
"""SGLang's data parallel attention: its copies share the GPUs of tensor parallelism, and the experts lie on all."""


def choose_layout(query: Query, model: Model, gpu: Gpu, engine_key: str, notes: Notes) -> Layout:
    """The stated parallel sizes; a bare GPU count is shared by tensor parallelism where the heads allow it."""
    tensor, pipeline, data = (
        said.value if said else None for said in (query.tensor_parallel, query.pipeline_parallel, query.data_parallel)
    )
    experts = bool(query.expert_parallel and query.expert_parallel.value)
    if query.extra.get(SHARED) and tensor and data and tensor % data == 0:
        tensor, experts = tensor // data, experts or data > 1
    stated = (tensor or 1) * (pipeline or 1) * (data or 1)
    count = query.gpu_count.value if query.gpu_count else stated
    if not query.gpu_count and stated == 1:
        notes.assume("gpu_count", "assumed.gpu_count" if query.gpu and not query.solve_for else None)
    asked = Layout(
        tensor_parallel=tensor or 1, pipeline_parallel=pipeline or 1, data_parallel=data or 1, expert_parallel=experts
    )
    if count == stated or (query.paste and stated > 1 and count % stated):
        return _accepted(asked, count, query, model, engine_key, notes)
    layout = _share(count, tensor, pipeline, data, model, gpu, engine_key, experts)
    notes.assume(
        "tensor_parallel" if tensor is None else "data_parallel", "assumed.layout", layout=layout, engine=engine_key
    )
    return layout


def _accepted(layout: Layout, count: int, query: Query, model: Model, engine_key: str, notes: Notes) -> Layout:
    """The layout, or of a pasted command the nearest one that its engine takes, with a note. Raises Unsupported."""
    short = TOO_FEW_GPUS if layout.gpu_count > count else None
    problem = engine(engine_key).layout_problem(model, layout) or short
    if problem is None:
        return layout
    near = _nearest(layout, count, model, engine_key) if query.paste else None
    if near is None:
        raise Unsupported("unsupported.layout", suggestions=_without_layout(query), reason=problem, engine=engine_key)
    notes.layout_refused = (layout, problem)
    return near


def _nearest(layout: Layout, count: int, model: Model, engine_key: str) -> Layout | None:
    """The widest tensor parallelism up to the asked one that the engine takes; then fewer stages, fewer replicas."""
    near = (
        replace(layout, tensor_parallel=tensor, pipeline_parallel=pipeline, data_parallel=data)
        for data in dict.fromkeys((layout.data_parallel, 1))
        for pipeline in dict.fromkeys((layout.pipeline_parallel, 1))
        for tensor in range(layout.tensor_parallel, 0, -1)
    )
    takes = engine(engine_key).layout_problem
    return next((each for each in near if each.gpu_count <= count and not takes(model, each)), None)


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
