"""What the reader must know beside the verdict: each rule looks at one question worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from bot.amounts import gib
from bot.command_facts import MOST_FLAGS, flag_remarks
from bot.formats import GGUF_ENGINE
from bot.longer import WAYS, documented
from bot.questions import release as release_text
from bot.refusals import beyond, longest_asked
from bot.resolve import CUSTOM, Remark
from bot.size import Sized, best_choice, is_slice
from catalog.kept import toml
from catalog.types import Attention
from formulas import compiled
from formulas.deployment import version
from formulas.engines import engine
from formulas.engines.vllm_plan import VllmPlan
from formulas.kv_cache import Cached, held_bytes, layer_caches
from formulas.state import Held

FIRST_RELEASES = Path(__file__).with_name("first_releases.toml")
WORTH_SAYING = 1.2
"""Reserved over kept memory from which the difference is worth a sentence."""
FAMILIES = {"bf16": "bf16", "fp8": "native_fp8", "fp4": "native_fp4"}
"""Part of a format's key -> what a card without its arithmetic is warned of."""


def cautions(sized: Sized) -> list[Remark]:
    """Every caution that applies, in the order of RULES."""
    return [remark for rule in RULES for remark in rule(sized)]


def _not_computed(sized: Sized) -> Iterator[Remark]:
    deployment = sized.estimate.deployment
    needs, has = deployment.weights.min_compute_capability, deployment.gpu.compute_capability
    if sized.held and needs and has and has < needs and deployment.engine != GGUF_ENGINE:
        family = next((name for name in FAMILIES if name in deployment.weights.key), None)
        if family:
            yield Remark(f"warning.no_{FAMILIES[family]}", {"gpu": deployment.gpu.name})


def _other_engine(sized: Sized) -> Iterator[Remark]:
    deployment = sized.estimate.deployment
    if sized.held and not engine(deployment.engine).supports(deployment.gpu):
        yield Remark("warning.engine_card", {"engine": deployment.engine, "gpu": deployment.gpu.name})


def _fork_only(sized: Sized) -> Iterator[Remark]:
    """A type that a fork made and the engine itself cannot load, unless the command is a fork's."""
    deployment, paste = sized.estimate.deployment, sized.resolution.query.paste
    form = next((form for form in (deployment.weights, deployment.kv_cache) if form.fork), None)
    if form and not (paste and paste.is_kin):
        named = {"fork": form.fork, "weights": form.key, "engine": deployment.engine}
        yield Remark("warning.fork_only", named)


def _beyond_model(sized: Sized) -> Iterator[Remark]:
    """What the engine does with a length beyond the model's, and how the model's card lengthens it."""
    does, deployment = beyond(sized.resolution), sized.estimate.deployment
    if does is None:
        return
    tokens, limit = longest_asked(sized.resolution), deployment.model.max_length
    values = {"tokens": tokens, "limit": limit, "model": deployment.model.id, "engine": deployment.engine}
    if not sized.refusals:
        yield Remark(f"warning.beyond_{does}", values)
    if stretch := documented(deployment.model):
        told = "stretch" if deployment.engine in WAYS and sized.held else "stretch_not"
        key = told if tokens <= stretch.longest else "stretch_short"
        named = {"type": stretch.name, "factor": f"{stretch.factor:g}", "longest": stretch.longest}
        yield Remark(f"warning.{key}", {**values, **named})


def _older_than_the_card(sized: Sized) -> Iterator[Remark]:
    """A release from before the card carries no code for it."""
    deployment = sized.estimate.deployment
    capability, release = deployment.gpu.compute_capability, deployment.engine_version
    for row in toml(FIRST_RELEASES)["release"] if sized.resolution.gpu_named else ():
        about = row["engine"] == deployment.engine and capability in row["compute_capability"]
        if about and deployment.gpu.vendor != CUSTOM and release < version(row["since"]):
            values = {"engine": deployment.engine, "version": release_text(release)}
            yield Remark("warning.older_than_card", {**values, "gpu": deployment.gpu.name, "since": row["since"]})


def _sequence_limit(sized: Sized) -> Iterator[Remark]:
    deployment, plan = sized.estimate.deployment, sized.estimate.plan
    if not isinstance(plan, VllmPlan):
        return
    most = plan.step(deployment.load.sequence_tokens).max_sequences
    if deployment.batch_per_replica > most:
        yield Remark("warning.max_sequences", {"limit": most, "batch": str(deployment.batch_per_replica)})


def _windowed(sized: Sized) -> Iterator[Remark]:
    deployment, memory = sized.estimate.deployment, sized.estimate.memory
    architecture = deployment.model.architecture
    windows = any(isinstance(layer.mixer, Attention) and layer.mixer.sliding_window for layer in architecture.kinds)
    if not windows or not isinstance(sized.estimate.plan, VllmPlan) or deployment.layout.pipeline_parallel > 1:
        return
    held = Held(deployment.layout.tensor_parallel, 2, 0, architecture.hidden_size)
    caches = layer_caches(architecture.counts, Cached(deployment.kv_cache, held), compiled)
    kept, reserved = (
        held_bytes(caches, deployment.load.sequence_tokens, compiled),
        memory.kv_cache // deployment.batch_per_replica,
    )
    if reserved > WORTH_SAYING * kept:
        values = {"reserved": gib(reserved), "kept": gib(kept), "tokens": deployment.load.sequence_tokens}
        yield Remark("warning.windowed", values)


def _free(sized: Sized) -> Iterator[Remark]:
    settings, gpu = sized.estimate.deployment.settings, sized.estimate.deployment.gpu
    if settings.free_bytes and settings.utilization is not None:
        values = {
            "free": gib(settings.free_bytes),
            "visible": gib(gpu.visible_bytes),
            "utilization": f"{settings.utilization:g}",
        }
        yield Remark("warning.free", values)


def _shared_with_the_host(sized: Sized) -> Iterator[Remark]:
    gpu = sized.estimate.deployment.gpu
    if sized.held and gpu.unified_memory and isinstance(sized.estimate.plan, VllmPlan):
        yield Remark("warning.unified", {"gpu": gpu.name})


def _images(sized: Sized) -> Iterator[Remark]:
    """Images that come with each request."""
    images, deployment = sized.resolution.query.extra.get("images"), sized.estimate.deployment
    if not images:
        return
    values = {"images": images, "tokens": deployment.load.sequence_tokens, "model": deployment.model.id}
    sees = any(tower.name == "vision" for tower in deployment.model.architecture.towers)
    yield Remark(f"warning.{('images_one' if images == 1 else 'images') if sees else 'no_images'}", values)


def _slices(sized: Sized) -> Iterator[Remark]:
    deployment = sized.estimate.deployment
    divided = deployment.layout.tensor_parallel * deployment.layout.pipeline_parallel > 1
    if is_slice(deployment.gpu) and (divided or sized.resolution.solve_for == "gpu_count"):
        yield Remark("warning.slices", {"gpu": deployment.gpu.name})


def _nodes(sized: Sized) -> Iterator[Remark]:
    """How many of the GPUs each node of a command holds."""
    query, count = sized.resolution.query, sized.estimate.deployment.layout.gpu_count
    nodes = query.extra.get("nnodes") if query.paste else None
    if isinstance(nodes, int) and nodes > 1:
        key = "nodes_uneven" if count % nodes else "nodes"
        yield Remark(f"warning.{key}", {"nodes": str(nodes), "each": str(count // nodes), "count": str(count)})


def _card(sized: Sized) -> Iterator[Remark]:
    """A command whose card nobody names."""
    resolution = sized.resolution
    asks_least = resolution.solve_for is not None and not resolution.query.extra.get("sequence_auto")
    if resolution.query.paste and sized.held is None and sized.gpus and not asks_least:
        count = sized.estimate.deployment.layout.gpu_count
        yield Remark("warning.name_card", {"count": str(count), "gpu": best_choice(sized.gpus).gpu.name})


def _flags(sized: Sized) -> Iterator[Remark]:
    yield from islice(flag_remarks(sized), MOST_FLAGS)


RULES: tuple[Callable[[Sized], Iterator[Remark]], ...] = (
    _card,
    _nodes,
    _other_engine,
    _fork_only,
    _not_computed,
    _beyond_model,
    _older_than_the_card,
    _sequence_limit,
    _windowed,
    _free,
    _shared_with_the_host,
    _slices,
    _images,
    _flags,
)
