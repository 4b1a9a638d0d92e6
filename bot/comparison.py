"""What a log printed, beside what is computed for the deployment that it is of: term by term, GPU by GPU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bot.amounts import count, gib_number, in_units, unit
from bot.diagnosis import Case
from bot.logs.readings import Readings, by_device
from bot.messages import Messages
from bot.reply import Cell, Table
from bot.size import Sized
from formulas.engines.llama_cpp_plan import LlamaCppPlan
from formulas.engines.sglang import SglangPlan
from formulas.engines.vllm_plan import VllmPlan
from formulas.estimate import Estimate, estimate

COLUMNS = ("term", "predicted", "measured", "difference")
REQUESTS_DIGITS = 2
"""vLLM prints its concurrency with two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One term: predicted and measured, both bytes, tokens, blocks or requests."""

    term: str
    predicted: float
    measured: float
    unit: str = "bytes"
    device: str | None = None
    """As the log names it, where every one is printed."""

    def as_data(self) -> dict[str, Any]:
        """As the machine-readable answer has it."""
        return asdict(self)


def readings_of(case: Case) -> Readings | None:
    """What the log of a case measured."""
    return case.query.measured.value if case.query.measured else None


def computed_at_log(sized: Sized) -> Estimate:
    """The logged deployment as it is computed without its log."""
    deployment = sized.estimate.deployment
    return estimate(deployment.measured.at if deployment.measured else deployment.change(measured=None))


def comparison(case: Case, text: Messages) -> tuple[Table, ...]:
    """The table; none where the deployment is not known or nothing of it was printed."""
    rows = tuple(_row(each, text) for each in compared(case))
    columns = tuple(text(f"diagnosis.table.{name}") for name in COLUMNS)
    return (Table(caption=text("diagnosis.table.caption", unit=unit()), columns=columns, rows=rows),) if rows else ()


def compared(case: Case) -> list[Compared]:
    """Every term that was printed and can be computed."""
    measured = readings_of(case)
    if not case.sized:
        return []
    computed = computed_at_log(case.sized)
    if isinstance(computed.plan, LlamaCppPlan):
        return list(_by_device(case, computed, computed.plan))
    if not case.sized.held or not measured:
        return []
    return [*_sizes(case, computed, measured), *_counts(case, computed, measured)]


def _sizes(case: Case, computed: Estimate, measured: Readings) -> Iterator[Compared]:
    plan = computed.plan
    pool = plan.pool(sequence_tokens=computed.deployment.load.sequence_tokens)
    found: dict[str, tuple[int | None, int | None]] = {
        "weights": (computed.memory.weights, measured.weights),
        "activations": (computed.memory.activations, measured.activations),
        "non_torch": (plan.non_torch if isinstance(plan, VllmPlan) else None, case.log.size("non_torch")),
        "graphs": (plan.captured_graphs(0) if isinstance(plan, VllmPlan) else None, measured.graphs),
        "pool": (plan.cache_bytes(pool.tokens) if isinstance(plan, SglangPlan) else pool.bytes, measured.pool),
    }
    for term, (expected, printed) in found.items():
        if expected is not None and printed is not None:
            yield Compared(term=term, predicted=expected, measured=printed)


def _counts(case: Case, computed: Estimate, measured: Readings) -> Iterator[Compared]:
    plan, length = computed.plan, computed.deployment.load.sequence_tokens
    pool = plan.pool(sequence_tokens=length)
    if measured.tokens is not None and pool.tokens:
        yield Compared(term="tokens", predicted=pool.tokens, measured=measured.tokens, unit="tokens")
    blocks = case.log.number("gpu_blocks")
    if blocks is not None and isinstance(plan, VllmPlan) and (page := plan.stages[0].cache.page_bytes):
        yield Compared(term="blocks", predicted=pool.bytes // page, measured=blocks, unit="blocks")
    requests, each = case.log.number("concurrency"), plan.memory(batch=1, sequence_tokens=length).kv_cache
    if requests is not None and each and case.log.number("concurrency_len") in (None, length):
        predicted = round(pool.bytes / each, REQUESTS_DIGITS)
        yield Compared(term="requests", predicted=predicted, measured=requests, unit="requests")


def _by_device(case: Case, computed: Estimate, plan: LlamaCppPlan) -> Iterator[Compared]:
    """llama.cpp prints its buffers GPU by GPU; the first of them holds the first layers."""
    load = computed.deployment.load
    predicted = plan.by_gpu(batch=load.batch, sequence_tokens=load.sequence_tokens)
    printed = by_device(case.log)
    for device, expected in zip(sorted(printed), predicted, strict=False):
        sizes = {"weights": expected.weights, "kv_buffer": expected.kv_cache, "compute_buffer": expected.activations}
        for term, size in printed[device].items():
            yield Compared(term=term, predicted=sizes[term], measured=size, device=device)


# --------------------------------------------------------------------------- words


def _row(each: Compared, text: Messages) -> tuple[Cell, ...]:
    label = text(f"diagnosis.table.{each.term}")
    label = f"{label}, GPU {each.device}" if each.device else label
    share = round(100 * (each.predicted / each.measured - 1), 1) + 0.0 if each.measured else 0.0
    cells = (_cell(value, each.unit) for value in (each.predicted, each.measured))
    return Cell(label), *cells, Cell(f"{share:+.1f} %", share)


def _cell(value: float, kind: str) -> Cell:
    if kind == "bytes":
        return Cell(gib_number(round(value), digits=2), in_units(round(value)))
    return Cell(f"{value:,.2f}" if kind == "requests" else count(round(value)), float(value))
