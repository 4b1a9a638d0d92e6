"""What a person said: every field optional, each with the words it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from bot.commands.command import Command
from bot.logs.observation import Observation
from bot.logs.readings import Readings

Value = TypeVar("Value")
REQUEST_TOKENS, REQUESTS = "request_tokens", "requests"
"""Names in Query.extra of what words beside a command say of its requests: tokens of each, how many at once."""

Slot = Literal[
    "model", "weights", "kv_cache", "batch", "sequence_tokens", "mix", "gpu", "gpu_count",
    "tensor_parallel", "pipeline_parallel", "data_parallel", "expert_parallel", "engine", "engine_version",
    "utilization", "max_batched_tokens", "max_sequences", "enforce_eager", "block_size", "free_bytes",
    "audio_seconds", "solve_for", "method", "form", "verb",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said(Generic[Value]):
    """A value and the words that said it."""

    value: Value
    words: str
    vague: bool = False
    """The words leave a choice open ("4bit"): the value is the usual reading and must be listed as assumed."""


@dataclass(frozen=True, slots=True)
class CustomCard:
    """A card known by its memory alone: "48GB" is 48 * 10^9 bytes, "40GiB" 40 * 2^30."""

    visible_bytes: int
    label: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the text that forbids an answer."""

    code: Literal["empty", "unknown_model", "unknown_gpu", "unknown_word", "conflict", "out_of_range", "unsupported"]
    slot: Slot | None
    words: tuple[str, ...]
    """The offending words as the person typed them."""
    suggestions: tuple[str, ...] = ()
    """Names or corrected questions."""
    sides: bool = False
    """The suggestions are what the question sets side by side."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What words beside a pasted command say was changed in it, or could be."""

    words: str
    said: Mapping[str, Said[Any]]
    """By slot."""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question as read; None everywhere means "not said"."""

    text: str
    language: str = "en"
    verb: Literal["size", "explain", "help"] = "size"
    model: Said[str] | None = None
    """A catalog id, or a Hugging Face id, URL or path that the catalog does not know."""
    weights: Said[str] | None = None
    kv_cache: Said[str] | None = None
    batch: Said[int] | None = None
    sequence_tokens: Said[int] | None = None
    mix: Said[tuple[tuple[float, int], ...]] | None = None
    gpu: Said[str | CustomCard] | None = None
    """A catalog name, or a card known by its memory alone."""
    gpu_count: Said[int] | None = None
    tensor_parallel: Said[int] | None = None
    pipeline_parallel: Said[int] | None = None
    data_parallel: Said[int] | None = None
    expert_parallel: Said[bool] | None = None
    engine: Said[str] | None = None
    engine_version: Said[str] | None = None
    utilization: Said[float] | None = None
    max_batched_tokens: Said[int] | None = None
    max_sequences: Said[int] | None = None
    enforce_eager: Said[bool] | None = None
    block_size: Said[int] | None = None
    free_bytes: Said[int] | None = None
    audio_seconds: Said[float] | None = None
    solve_for: Said[Literal["batch", "sequence", "gpu_count", "gpu", "utilization"]] | None = None
    method: Said[Literal["engine", "guide"]] | None = None
    measured: Said[Readings] | None = None
    """What a running server of this deployment printed of its memory."""
    logged_at: Said[str] | None = None
    """The question whose server that was, where this one is of another."""
    form: Said[str] | None = None
    """The engine in whose command the answer is wanted, or k8s."""
    command: bool = False
    """The text was a pasted serve command: its length is a limit and its sequences a ceiling."""
    unread: tuple[str, ...] = ()
    """Words that were neither understood nor known fillers, in order."""
    problems: tuple[Problem, ...] = ()
    inherited: tuple[tuple[str, str], ...] = ()
    """Slots that were filled from settings, each with whose settings: person or channel."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Engine flags that were read but have no field of their own, by name."""
    log: Observation | None = field(default=None, compare=False)
    """What a pasted log says."""
    paste: Command | None = field(default=None, compare=False)
    """The pasted command itself."""
    tried: tuple[Attempt, ...] = ()
    """Other values for what it states; the question is of the command as it stands."""
