"""Fixes that change how long requests may be and how many run at once."""

from __future__ import annotations

from collections.abc import Callable

from bot.diagnosis import Case, Fix

DEFAULT_SEQUENCES = 256
"""vLLM's max_num_seqs on most cards (engine/arg_utils.py)."""
LEAST_LENGTH = 1024
"""Tokens of a request below which a fix is no use: our choice."""


def shorter(case: Case) -> Fix | None:
    """The longest request that fits: as the engine itself printed, else solved."""
    if printed := case.log.number("max_len_possible"):
        fix = case.set("shorter", "sequence_tokens", int(printed))
        return fix._replace(printed=True) if fix else None
    longest, length = case.held.longest if case.held else 0, case.stated("sequence_tokens")
    return case.set("shorter", "sequence_tokens", longest) if longest < (length or longest) else None


def length_halved(case: Case) -> Fix | None:
    """Where it is solved the longest that fits, else half."""
    length = case.stated("sequence_tokens")
    if case.held and length:
        longest = case.held.longest
        return case.set("shorter", "sequence_tokens", longest) if LEAST_LENGTH <= longest < length else None
    return case.set("length_halved", "sequence_tokens", length // 2) if length and length > LEAST_LENGTH else None


def longer(case: Case) -> Fix | None:
    """The length that a refused request needs, where the card holds it or is not known."""
    asked = case.log.number("requested_tokens", "prompt_tokens")
    longest = case.held.longest if case.held else None
    if not asked or (longest is not None and longest < asked):
        return None
    return case.set("longer" if longest is None else "longer_fits", "sequence_tokens", int(asked))


def model_limit(case: Case) -> Fix | None:
    """The model's own length."""
    limit = case.log.number("model_limit")
    return case.set("model_limit", "sequence_tokens", int(limit)) if limit else None


def sequences(case: Case) -> Fix | None:
    """Half as many, and half again until it starts."""
    known = [int(number) for number in (case.log.number("dummy_requests"), case.stated("max_sequences")) if number]
    now = min(known, default=DEFAULT_SEQUENCES if case.engine == "vllm" else 0)
    return case.first("sequences", "max_sequences", case.halves(now, 1))


def sequences_in_step(case: Case) -> Fix | None:
    """As many as a step has tokens."""
    tokens = case.log.number("max_num_batched_tokens")
    return case.set("sequences_in_step", "max_sequences", int(tokens)) if tokens else None


def sequences_for_states(case: Case) -> Fix | None:
    """As many as there are states."""
    blocks = case.log.number("mamba_blocks")
    return case.set("sequences_for_states", "max_sequences", int(blocks)) if blocks else None


FIXES: dict[str, Callable[[Case], Fix | None]] = {
    "shorter": shorter,
    "length_halved": length_halved,
    "longer": longer,
    "model_limit": model_limit,
    "sequences": sequences,
    "sequences_in_step": sequences_in_step,
    "sequences_for_states": sequences_for_states,
}
