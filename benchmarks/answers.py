"""Warm answers in this process, and a thousand questions through one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from benchmarks.measure import Measurement, wall_time
from benchmarks.pastes import HOSTILE
from benchmarks.questions import SAMPLE, questions
from benchmarks.startup import VRAM

MANY = 1_000
MANY_ROUNDS = 3
ROUNDS = 5


def measure() -> list[Measurement]:
    from bot.answer import answer

    answer(SAMPLE)
    return [
        Measurement("answer, every question new", _each(answer, questions(MANY)), goal=0.001),
        Measurement("answer, one question again", _each(answer, [SAMPLE] * MANY), goal=0.001),
        *(
            Measurement(f"hostile paste, {name}", _each(answer, [text] * ROUNDS), goal=0.2)
            for name, text in HOSTILE.items()
        ),
        Measurement(f"vram --json -, {MANY:,} questions", _through_one_process()),
    ]


def _each(answer: Callable[[str], object], asked: Sequence[str]) -> tuple[float, ...]:
    """Seconds per question."""
    times = []
    for question in asked:
        start = perf_counter()
        answer(question)
        times.append(perf_counter() - start)
    return tuple(times)


def _through_one_process() -> tuple[float, ...]:
    """Seconds for all questions together, start-up included."""
    lines = "\n".join(questions(MANY)) + "\n"
    return tuple(wall_time([VRAM, "--json", "-"], stdin=lines) for _ in range(MANY_ROUNDS))
