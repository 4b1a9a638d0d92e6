"""What mends a failed start, the cheapest first: each a change that was tried on the deployment, or a sentence.

A fix is a function of one of the modules here, by what it changes; diagnosis.toml names those of each failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.commands.rewrite import Change
from bot.diagnosis import SOLVED, Case, Fix, rules
from bot.fixes import length, machine, share, step

FIXES: dict[str, Callable[[Case], Fix | None]] = {**share.FIXES, **step.FIXES, **length.FIXES, **machine.FIXES}
"""Fixes that need a number; the others of diagnosis.toml are sentences alone."""

STATED = {
    "half": Change("--dtype", "half"),
    "chunked": Change("--enable-chunked-prefill"),
    "trust": Change("--trust-remote-code"),
    "own_method": Change("--quantization", dropped=True),
    "swap": Change("--swap-space", "1"),
}
"""Sentences of diagnosis.toml that name one flag."""


def fixes(case: Case) -> list[Fix]:
    """Everything that may help; SOLVED marks where the solved changes of the question belong."""
    rule = rules().get(case.log.failure or "")
    return list(_found(case, rule.fixes_in(case.log.phase))) if rule else []


def _found(case: Case, names: tuple[str, ...]) -> Iterator[Fix]:
    for name in names:
        made = FIXES[name](case) if name in FIXES else Fix(name, stated=STATED.get(name))
        if made is not None and (name != SOLVED or case.sized):
            yield made
