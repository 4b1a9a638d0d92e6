"""docs/accuracy.md: the prose of page.md, filled from the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.accuracy import tables
from benchmarks.accuracy.bounds import ERRORS, within
from benchmarks.accuracy.errors import summary
from benchmarks.accuracy.fit import constants, left, with_bands
from benchmarks.accuracy.guide import guide
from benchmarks.accuracy.logs import logs
from benchmarks.accuracy.plot import picture
from benchmarks.accuracy.rows import Start, starts
from benchmarks.accuracy.score import Quantity, Scored, left_out, score, scored
from formulas.fitted import Fitted, fitted

PROSE = Path(__file__).with_name("page.md")
DOCS = Path(__file__).parents[2] / "docs"
TARGET, PICTURE = DOCS / "accuracy.md", DOCS / "images" / "accuracy.svg"

GUIDE_QUANTITIES = (
    ERRORS["weights"],
    ERRORS["kv"],
    Quantity("tokens", "KV tokens, literal", "relative"),
    Quantity("tokens_gqa", "KV tokens, with GQA", "relative"),
)
CROSSED = (ERRORS["weights"], ERRORS["kv"], ERRORS["tokens"], ERRORS["graphs"], ERRORS["non_torch"])


@dataclass(frozen=True, slots=True)
class Goal:
    """One target of the project and where the rows stand."""

    title: str
    target: str
    now: str
    met: bool


@cache
def ours() -> tuple[Scored, ...]:
    """Every row under the constants in force."""
    return scored()


def vllm() -> list[Scored]:
    return [row for row in ours() if row.start.engine == "vllm"]


def goals() -> list[Goal]:
    """The targets, in the order of the issue that set them."""
    rows = vllm()
    return [
        _share_goal("KV tokens from the logged KV GiB", "inside the log's rounding on 95 %", _inside(rows), 0.95),
        _goal("weights", rows, 0.005, 0.03),
        _goal("kv", rows, 0.30, 2.0),
        _goal("tokens", rows, 0.013, 0.06),
        _sglang_goal(),
        _share_goal("SGLang tokens from GiB, llama.cpp KV and GGUF sizes", "0.3 % on 90 %", _closed_forms(), 0.90),
        _share_goal("verdict on refused starts", "right or tight, all", _refused(), 1.0),
    ]


def _goal(key: str, rows: Sequence[Scored], p50: float, p90: float) -> Goal:
    quantity, found = ERRORS[key], summary(ERRORS[key], rows)
    assert found
    now = f"{tables.figure(quantity, found.p50)}, {tables.figure(quantity, found.p90)}"
    return Goal(quantity.title, quantity.target, now, found.p50 <= p50 and found.p90 <= p90)


def _sglang_goal() -> Goal:
    rows = [row for row in ours() if row.start.engine == "sglang" and not row.start.unstated]
    goal = _goal("tokens", rows, 0.03, 0.10)
    return Goal(f"SGLang {goal.title}, nothing unstated", "median 3 %, p90 10 %", goal.now, goal.met)


def _share_goal(title: str, target: str, hits: list[bool], share: float) -> Goal:
    return Goal(title, target, f"{sum(hits)} of {len(hits)}", sum(hits) >= share * len(hits))


def _inside(rows: Sequence[Scored]) -> list[bool]:
    return [row.pairs["tokens_given"].inside for row in rows if "tokens_given" in row.pairs]


def _closed_forms() -> list[bool]:
    exact = {"sglang": ("tokens_given",), "llama.cpp": ("kv", "weights")}
    return [
        tables.is_near(row.pairs[key]) for row in ours() for key in exact.get(row.start.engine, ()) if key in row.pairs
    ]


def _refused() -> list[bool]:
    return [row.verdict_holds for row in vllm() if row.start.refused]


def page() -> str:
    """The whole page."""
    return PROSE.read_text(encoding="utf-8").format(**counts(), **verdicts(), **sections())


def counts() -> dict[str, object]:
    """Figures in the prose."""
    engines = Counter(start.engine for start in starts())
    banded = [row for row in vllm() if "kv" in row.pairs]
    used = logs()
    aside = [start for start in starts() if start.aside]
    return {
        "rows": len(starts()),
        "engines": ", ".join(f"{name} {count}" for name, count in engines.most_common()),
        "covered": sum(within(row, "kv") for row in banded),
        "banded": len(banded),
        "covered_out": sum(within(row, "kv") for row in each_left_out() if "kv" in row.pairs),
        "covered_source": sum(within(row, "kv") for row in sources_left_out() if "kv" in row.pairs),
        "sources": len({log.start.place for log in used}),
        "used": sum(_fits(log.start.logged) for log in used),
        "vllm": engines["vllm"],
        "aside": "; ".join(f"{start.id}, {start.aside}" for start in aside),
    }


def _fits(logged: object) -> bool:
    figures = ("kv_gib", "graphs_gib", "graphs_estimate_gib", "non_torch_gib", "weights_gib")
    return any(getattr(logged, name) is not None for name in figures)


def verdicts() -> dict[str, object]:
    """Figures about verdicts."""
    rows, refused = vllm(), [row for row in vllm() if row.start.refused]
    wrong = [row for row in rows if not row.verdict_holds]
    return {
        "verdicts": len(rows),
        "right": len(rows) - len(wrong),
        "tight": sum(row.estimate.verdict == "tight" for row in rows),
        "refused": len(refused),
        "refusals": ", ".join(f"{row.start.id} {row.estimate.verdict.replace('_', ' ')}" for row in refused),
        "wrong": "\n".join(f"- {row.start.id} ({row.start.model}) is said not to fit, and started." for row in wrong),
    }


def sections() -> dict[str, str]:
    """Every table by its name in page.md."""
    rows = vllm()
    return {
        "targets": tables.markdown(
            ("quantity", "target", "now", "met"),
            ([goal.title, goal.target, goal.now, "yes" if goal.met else "no"] for goal in goals()),
        ),
        "quantities": tables.errors(rows),
        "classes": tables.classes(rows),
        "others": tables.by_engine(ours()),
        "unstated": tables.unstated(starts()),
        "sglang_covered": tables.covered(ours(), "sglang"),
        "tgi_covered": tables.covered(ours(), "tgi"),
        "seen": tables.seen(),
        "guide": tables.errors(guide_rows(), GUIDE_QUANTITIES),
        "worst": tables.worst(rows),
        "constants": tables.constants(fitted()),
        "crossed": crossed(),
        "gaps": tables.gaps(starts()),
        "left_out": tables.left_out(left_out()),
        "every": tables.every(ours()),
    }


def guide_rows() -> list[Scored]:
    """vLLM rows with the guide's predictions."""
    return [found for row in vllm() if (found := guide(row))]


def crossed() -> str:
    """Errors with the constants in force beside those of every row under constants that have not seen it."""
    lines = []
    for quantity in CROSSED:
        fitting, *unseen = (summary(quantity, rows) for rows in (vllm(), each_left_out(), sources_left_out()))
        assert fitting
        errors = [fitting.p50, fitting.p90]
        errors += [error for out in unseen if out for error in (out.p50, out.p75, out.p90)]
        lines.append([quantity.title, str(fitting.count), *(tables.figure(quantity, error) for error in errors)])
    left_out = ("row left out: median", "p75", "p90", "source left out: median", "p75", "p90")
    return tables.markdown(("quantity", "rows", "fitted median", "p90", *left_out), lines)


@cache
def each_left_out() -> tuple[Scored, ...]:
    """Every vLLM row under the constants and bands of all other rows."""
    return _unseen(lambda start: start.id)


@cache
def sources_left_out() -> tuple[Scored, ...]:
    """Every vLLM row under the constants and bands of the rows of other sources."""
    return _unseen(lambda start: start.place)


def _unseen(group: Callable[[Start], str]) -> tuple[Scored, ...]:
    """Every vLLM row under the constants and bands of the rows outside its group."""
    used = logs()
    remains = left(used)
    found: dict[str, Fitted] = {}
    for key in {group(row.start) for row in vllm()}:
        others = [place for place, log in enumerate(used) if group(log.start) != key]
        rows = [used[place] for place in others]
        found[key] = with_bands(constants(rows), rows, [remains[place] for place in others])
    return tuple(score(row.start, row.deployment, found[group(row.start)]) for row in vllm())


def image() -> str:
    """The picture as SVG."""
    return picture(vllm(), guide_rows())
