"""Tables of a reply: the components of the memory, and the GPUs that hold the question."""

from __future__ import annotations

from bot.amounts import gib, gib_number, in_units, unit
from bot.basis import basis
from bot.formats import shown
from bot.messages import Messages
from bot.reply import Cell, Table
from bot.size import Sized, fewest_first, is_laid_out
from formulas.solve import Choice

SHOWN_GPUS = 6
SHOWN_OF_A_COUNT = 3
"""Cards of one number of GPUs, so that both few large and many small ones are shown."""

NOTHING_USABLE = "–"
"""In place of a share of no memory."""


def tables(sized: Sized, text: Messages) -> tuple[Table, ...]:
    """Where the memory goes, and the cards that hold it; the cards first where they were asked for."""
    components = _components(sized, text)
    if not sized.gpus:
        return (components,)
    choices = _choices(sized.gpus, text)
    return (choices, components) if sized.resolution.solve_for == "gpu" else (components, choices)


def _without_doubtful(ordered: list[Choice]) -> list[Choice]:
    """Of each number of GPUs the smallest card that is within the band, and all that hold the load beyond doubt."""
    doubtful = [choice for choice in ordered if choice.estimate.verdict == "tight"]
    first = {choice.gpu_count: choice for choice in reversed(doubtful)}
    return [choice for choice in ordered if choice not in doubtful or first[choice.gpu_count] is choice]


def _components(sized: Sized, text: Messages) -> Table:
    result = sized.estimate
    memory, deployment = result.memory, result.deployment
    measured = found.measured if (found := basis(sized)) else ()
    terms = {
        "weights": (text("table.weights", format=shown(deployment.weights.key)), memory.weights),
        "kv_cache": (text("table.kv_cache", format=deployment.kv_cache.key), memory.kv_cache),
        "activations": (text("table.activations"), memory.activations),
        "overhead": (text("table.overhead"), memory.overhead),
        "total": (text("table.total"), memory.total),
    }
    rows = [
        (text("table.measured", label=label) if name in measured else label, size)
        for name, (label, size) in terms.items()
        if size
    ]
    if sized.held:
        share = f"{100 * max(0.0, result.plan.utilization):.3g} %"
        rows.append((text("table.usable", utilization=share, visible=gib(deployment.gpu.visible_bytes)), result.usable))
    return Table(
        caption=text("table.components" if sized.held or is_laid_out(sized.resolution) else "table.components_alone"),
        columns=(text("table.component"), text("table.size", unit=unit()), *_share_column(sized, text)),
        rows=tuple(_component(label, size, result.usable if sized.held else None) for label, size in rows),
    )


def _share_column(sized: Sized, text: Messages) -> list[str]:
    return [text("table.share")] if sized.held else []


def _component(label: str, size: int, usable: int | None) -> tuple[Cell, ...]:
    number = Cell(gib_number(size), in_units(size))
    if usable is None:
        return Cell(label), number
    if not usable:
        return Cell(label), number, Cell(NOTHING_USABLE)
    share = 100 * size / usable
    return Cell(label), number, Cell(f"{share:.0f} %", share)


def _choices(choices: tuple[Choice, ...], text: Messages) -> Table:
    columns = (text("table.gpu"), text("table.gpu_count"), text("table.spare", unit=unit()))
    rows = [
        (
            Cell(choice.gpu.name),
            Cell(str(choice.gpu_count), choice.gpu_count),
            Cell(_spare(choice, text), in_units(choice.estimate.headroom)),
        )
        for choice in _shown(choices)
    ]
    return Table(caption=text("table.gpus"), columns=columns, rows=tuple(rows))


def _spare(choice: Choice, text: Messages) -> str:
    """What a choice leaves free, marked where it is within the band of the estimate."""
    amount = gib_number(choice.estimate.headroom)
    return text("label.tight", amount=amount) if choice.estimate.verdict == "tight" else amount


def _shown(choices: tuple[Choice, ...]) -> list[Choice]:
    """The smallest cards of each number of GPUs, fewest first."""
    ordered = _without_doubtful(fewest_first(choices))
    counts = sorted({choice.gpu_count for choice in ordered})
    each = SHOWN_OF_A_COUNT if len(counts) > 1 else SHOWN_GPUS
    groups = [[choice for choice in ordered if choice.gpu_count == number][:each] for number in counts]
    return [choice for group in groups for choice in group][:SHOWN_GPUS]
