"""The form of a question: fields as blocks, and what was filled in as a question. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.contract import Answer
from bot.followup import marked
from bot.formats import shown
from bot.messages import Messages
from bot.parse import parse
from bot.query import CustomCard, Query
from bot.spoken import spoken
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.options import GPU_FIELD, MODEL_FIELD, MOST_OPTIONS
from catalog.load import load
from formulas import engines

VIEW = "vram_form_view"
FORMAT, COUNT, BATCH, LENGTH = "vram_format", "vram_count", "vram_batch", "vram_length"
ENGINE, MORE, POST_TO = "vram_engine", "vram_more", "vram_post_to"
TITLE_UNITS = 24
LARGEST_COUNT, LARGEST_BATCH = 100_000, 1_000_000
HIDDEN_ENGINES = ("guide",)
"""Engines that are a method, asked for in words."""
SHORT_FORMATS = ("bf16", "fp16", "fp8", "int8", "int4", "awq", "gptq", "nvfp4", "mxfp4")
"""First in the menu; the rest follows by name."""

TYPED = (GPU_FIELD, MORE, MODEL_FIELD)
"""Fields whose words are read as a question's are."""

FIELD_OF = {
    "model": MODEL_FIELD,
    "weights": FORMAT,
    "gpu": GPU_FIELD,
    "gpu_count": COUNT,
    "batch": BATCH,
    "sequence_tokens": LENGTH,
    "engine": ENGINE,
}
"""Slot of a question -> field of the form."""


def fields(query: Query | None, said: Messages, *, post_to: bool) -> list[Block]:
    """The blocks, filled in from a question; post_to: with a picker of where the answer goes."""
    known = {slot: _initial(query, slot) for slot in FIELD_OF}
    blocks = [
        e.input_block(MODEL_FIELD, said("slack.field_model"), _typeahead(MODEL_FIELD, known["model"], said)),
        _optional(FORMAT, said, _menu(FORMAT, formats(), known["weights"], said("slack.as_stored"))),
        _optional(GPU_FIELD, said, _typeahead(GPU_FIELD, known["gpu"], said)),
        _optional(COUNT, said, _number(COUNT, known["gpu_count"], LARGEST_COUNT)),
        _optional(BATCH, said, _number(BATCH, known["batch"], LARGEST_BATCH)),
        _optional(LENGTH, said, _text(LENGTH, known["sequence_tokens"]), hint=said("slack.hint_length")),
        _optional(ENGINE, said, _menu(ENGINE, engine_keys(), known["engine"], said("slack.any_engine"))),
        _optional(MORE, said, _text(MORE, _rest(query)), hint=said("slack.hint_more")),
    ]
    return [*blocks, _optional(POST_TO, said, _picker(), hint=said("slack.hint_post_to"))] if post_to else blocks


def formats() -> list[str]:
    """Formats to choose from, the usual ones first."""
    known = list(dict.fromkeys(map(shown, load().formats)))
    usual = [key for key in SHORT_FORMATS if key in known]
    return [*usual, *sorted(set(known) - set(usual))][:MOST_OPTIONS]


def engine_keys() -> list[str]:
    return sorted(set(engines.keys()) - set(HIDDEN_ENGINES))


def question(view: Block) -> str:
    """What was filled in, as a question."""
    return " ".join(filter(None, _words(values(view))))


def values(view: Block) -> dict[str, str]:
    """Field -> what was filled in; empty fields are left out."""
    filled = {}
    for field, actions in (view.get("state") or {}).get("values", {}).items():
        element: Block = next(iter(actions.values()), {})
        option = element.get("selected_option") or {}
        value = element.get("value") or option.get("value") or element.get("selected_conversation")
        if value:
            filled[field] = str(value).strip()
    return filled


def errors(view: Block, said: Messages) -> dict[str, str]:
    """What can be told from a field alone."""
    length = values(view).get(LENGTH)
    if length is None:
        return {}
    read = parse(f"seq {length}")
    return {} if read.sequence_tokens and not read.unread else {LENGTH: said("slack.bad_length")}


def field_at_fault(answer: Answer, view: Block) -> str:
    """The field that an error of the answer concerns; the last one filled in freely where it names none."""
    slot = answer.error.slot if answer.error else None
    field = FIELD_OF.get(slot or "", MORE)
    return field if field in values(view) or field in (MODEL_FIELD, MORE) else MORE


def unread(answer: Answer, view: Block) -> dict[str, list[str]]:
    """Field -> its words that were not understood."""
    filled, found = values(view), dict[str, list[str]]()
    for word in answer.understood.unread:
        if field := next((field for field in TYPED if word in filled.get(field, "").split()), None):
            found.setdefault(field, []).append(word)
    return found


def _words(filled: dict[str, str]) -> Iterator[str]:
    yield filled.get(MODEL_FIELD, "")
    yield filled.get(FORMAT, "")
    yield f"batch {filled[BATCH]}" if BATCH in filled else ""
    yield f"seq {filled[LENGTH]}" if LENGTH in filled else ""
    count = f"{filled[COUNT]}x " if COUNT in filled else ""
    if GPU_FIELD in filled:
        yield f"on {count}{filled[GPU_FIELD]}"
    elif count:
        yield f"{filled[COUNT]} GPUs"
    yield filled.get(ENGINE, "")
    yield filled.get(MORE, "")


def _initial(query: Query | None, slot: str) -> str | None:
    said = getattr(query, slot, None)
    if said is None or isinstance(said.value, CustomCard):
        return None
    return shown(said.value) if slot == "weights" else str(said.value)


def _rest(query: Query | None) -> str | None:
    """What the question says that has no field of its own."""
    if query is None:
        return None
    kept = {slot: None for slot in FIELD_OF if not (slot == "gpu" and _custom(query))}
    words = spoken(replace(marked(query), **kept))  # type: ignore[arg-type]
    return words or None


def _custom(query: Query) -> bool:
    return query.gpu is not None and isinstance(query.gpu.value, CustomCard)


def _optional(field: str, said: Messages, element: Block, *, hint: str = "") -> Block:
    label = said(f"slack.field_{field.removeprefix('vram_')}")
    return e.input_block(field, label, element, hint=hint, optional=True)


def _typeahead(field: str, initial: str | None, said: Messages) -> Block:
    letters = 1 if field == MODEL_FIELD else 0
    return e.typeahead(field, said("slack.type_a_name"), letters=letters, initial=initial)


def _menu(field: str, keys: list[str], initial: str | None, placeholder: str) -> Block:
    return e.select(field, placeholder, [(key, key) for key in keys], initial=initial)


def _number(field: str, initial: str | None, most: int) -> Block:
    element: Block = {"type": "number_input", "action_id": field, "is_decimal_allowed": False}
    limits = {"min_value": "1", "max_value": str(most)}
    fitting = initial is not None and 1 <= int(initial) <= most
    return {**element, **limits, **({"initial_value": initial} if fitting else {})}


def _text(field: str, initial: str | None) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": field}
    return {**element, **({"initial_value": initial[: e.TEXT_UNITS]} if initial else {})}


def _picker() -> Block:
    return {
        "type": "conversations_select",
        "action_id": POST_TO,
        "response_url_enabled": True,
        "filter": {"include": ["public", "private", "im", "mpim"], "exclude_bot_users": True},
    }
