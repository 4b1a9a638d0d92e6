"""The tables of docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from benchmarks.accuracy.bounds import ERRORS, within
from benchmarks.accuracy.errors import (
    Summary,
    card_class,
    grouped,
    layout_class,
    model_class,
    release_range,
    summary,
)
from benchmarks.accuracy.rows import Start
from benchmarks.accuracy.score import QUANTITIES, Pair, Quantity, Scored
from formulas.engines.sglang_seen import SEEN, Seen
from formulas.fitted import Constant, Fitted
from formulas.units import GIB, MIB

WORST = 10
CLASSES: dict[str, Callable[[Scored], str]] = {
    "release": release_range,
    "card": card_class,
    "model": model_class,
    "layout": layout_class,
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def figure(quantity: Quantity, error: float, *, signed: bool = False) -> str:
    """An error in the quantity's unit."""
    sign = "+" if signed else ""
    return f"{100 * error:{sign}.2f} %" if quantity.error == "relative" else f"{error:{sign}.2f} GiB"


def cells(quantity: Quantity, found: Summary) -> list[str]:
    return [str(found.count), *(figure(quantity, error) for error in found[1:5])]


def errors(rows: Sequence[Scored], quantities: Iterable[Quantity] = QUANTITIES) -> str:
    """Errors of each quantity over these rows."""
    return markdown(
        ("quantity", "rows", "median", "p75", "p90", "largest", "inside"),
        (
            [quantity.title, *cells(quantity, found), str(found.inside)]
            for quantity in quantities
            if (found := summary(quantity, rows))
        ),
    )


def classes(rows: Sequence[Scored]) -> str:
    """Available cache and tokens by each of CLASSES."""
    pair = (ERRORS["kv"], ERRORS["tokens"])
    lines = [
        [f"{kind}: {name}", *_short(pair[0], members), *_short(pair[1], members)]
        for kind, by in CLASSES.items()
        for name, members in grouped(rows, by).items()
    ]
    return markdown(("class", "rows", "KV median", "KV p90", "rows", "tokens median", "tokens p90"), lines)


def _short(quantity: Quantity, rows: Sequence[Scored]) -> list[str]:
    found = summary(quantity, rows)
    return [str(found.count), figure(quantity, found.p50), figure(quantity, found.p90)] if found else ["0", "", ""]


def by_engine(rows: Sequence[Scored]) -> str:
    """Errors of the engines beside vLLM."""
    engines = grouped((row for row in rows if row.start.engine != "vllm"), lambda row: row.start.engine)
    lines = [_line(name, quantity, members) for name, members in engines.items() for quantity in QUANTITIES]
    stated = [
        _line(f"{name}, nothing unstated", ERRORS["tokens"], [row for row in members if not row.start.unstated])
        for name, members in engines.items()
        if any(row.start.unstated for row in members)
    ]
    head = ("engine and quantity", "rows", "median", "p75", "p90", "largest", "within 0.3 %")
    return markdown(head, filter(None, lines + stated))


def _line(name: str, quantity: Quantity, rows: Sequence[Scored]) -> list[str]:
    found = summary(quantity, rows)
    return [f"{name}: {quantity.title}", *cells(quantity, found), _near(quantity, rows)] if found else []


def covered(rows: Sequence[Scored], engine: str) -> str:
    """How many rows of an engine, nothing of them unstated, have their tokens inside the answer's band."""
    judged = [row for row in rows if row.start.engine == engine and "tokens" in row.pairs and not row.start.unstated]
    return f"{sum(within(row, 'tokens') for row in judged)} of {len(judged)}"


def unstated(starts: Iterable[Start]) -> str:
    """What the sources leave out, row by row."""
    return "\n".join(f"- {start.id} ({start.model}): {start.unstated}" for start in starts if start.unstated)


def seen() -> str:
    """SGLang's constants: the middle of what logs show, and how far each log is from the middle of the others."""
    return markdown(
        ("constant", "logs", "GiB", "left out: median", "largest"),
        ([each.title, str(len(each.gib)), f"{each.bytes / GIB:.2f}", *_spread(each)] for each in SEEN),
    )


def _spread(constant: Seen) -> list[str]:
    off = sorted(abs(each) for each in constant.left_out)
    return [f"{median(off):.2f} GiB", f"{off[-1]:.2f} GiB"] if off else ["", ""]


def _near(quantity: Quantity, rows: Sequence[Scored]) -> str:
    return str(sum(is_near(row.pairs[quantity.key]) for row in rows if quantity.key in row.pairs))


def is_near(pair: Pair) -> bool:
    """Within 0.3 %, or within what the log rounds."""
    return pair.inside or abs(pair.relative) <= 0.003


def worst(rows: Sequence[Scored]) -> str:
    """The rows with the largest error in tokens, and why."""
    quantity = ERRORS["tokens"]
    ordered = sorted(
        (row for row in rows if quantity.key in row.pairs), key=lambda row: -abs(quantity.of(row.pairs[quantity.key]))
    )
    return markdown(
        ("row", "model", "vLLM", "error", "why"),
        (
            [
                row.start.id,
                row.start.model,
                row.start.release,
                figure(quantity, quantity.of(row.pairs[quantity.key]), signed=True),
                reason(row.start, quantity.key) or "not explained",
            ]
            for row in ordered[:WORST]
        ),
    )


def reason(start: Start, key: str) -> str:
    """Why a quantity is off, as the row says; 'as kv' points at another quantity."""
    text = start.gaps.get(key, "")
    return start.gaps.get(text.removeprefix("as "), text) if text.startswith("as ") else text


def constants(found: Fitted) -> str:
    """Every fitted constant with its spread and the logs behind it."""
    single = [("with a tower, more", "outside torch", found.tower), ("graphs: base", "graphs", found.graph_base)]
    lines = [[f"outside torch: {key}", *_constant(each)] for key, each in sorted(found.non_torch.items())]
    lines += [[name, *_constant(each)] for name, _, each in single]
    lines += [[f"graphs, a layer: {key}", *_constant(each)] for key, each in sorted(found.graph_layer.items())]
    lines += [[f"band: {key}", *_constant(each)] for key, each in sorted(found.band.items())]
    lines += [[f"band of weights: {key}", *_share(each)] for key, each in sorted(found.weights_band.items())]
    return markdown(("constant", "value", "p50", "p90", "logs"), lines)


def _constant(constant: Constant) -> list[str]:
    sizes = (constant.value, constant.p50, constant.p90)
    return [*(f"{size / MIB:,.1f}" if size < 100 * MIB else f"{size / MIB:,.0f}" for size in sizes), str(constant.logs)]


def _share(constant: Constant) -> list[str]:
    return [*(f"{100 * share:.2f} %" for share in (constant.value, constant.p50, constant.p90)), str(constant.logs)]


def gaps(rows: Iterable[Start]) -> str:
    return markdown(
        ("row", "model", "quantity", "why"),
        ([row.id, row.model, ERRORS[key].title, reason(row, key)] for row in rows for key in row.gaps),
    )


def left_out(rows: Iterable[tuple[Start, str]]) -> str:
    return markdown(("row", "engine", "model", "why"), ([row.id, row.engine, row.model, why] for row, why in rows))


def every(rows: Iterable[Scored]) -> str:
    """One line a row."""
    return markdown(
        ("row", "engine", "model", "GPU", "W", "K", "T"),
        (
            [
                row.start.id,
                f"{row.start.engine} {row.start.release}",
                row.start.model,
                _card(row),
                _both(row, "weights"),
                _both(row, "kv"),
                figure(ERRORS["tokens"], row.pairs["tokens"].relative, signed=True) if "tokens" in row.pairs else "",
            ]
            for row in rows
        ),
    )


def _card(row: Scored) -> str:
    count = row.deployment.layout.gpu_count
    name = row.start.gpu or "any"
    return name if count == 1 else f"{count}x {name}"


def _both(row: Scored, key: str) -> str:
    pair = row.pairs.get(key)
    return "" if pair is None else f"{pair.predicted:.2f} / {pair.measured:.2f}"
