"""The form of the settings that questions inherit: a person's, or a channel's. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from bot.amounts import UNITS
from bot.defaults import Defaults
from bot.messages import Messages
from bot.surfaces.slack import elements as e
from bot.surfaces.slack import form
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.options import GPU_FIELD
from bot.words import languages
from formulas.deployment import version

VIEW = "vram_settings"
HOLDS_FOR, CHANNEL = "vram_holds_for", "vram_for_channel"
VERSION, SHARE, LANGUAGE, UNIT = "vram_version", "vram_share", "vram_language", "vram_units"
ME = "me"
LEAST_SHARE, MOST_SHARE = "0.05", "1"

FIELDS = {
    form.ENGINE: "engine",
    VERSION: "engine_version",
    GPU_FIELD: "gpu",
    SHARE: "utilization",
    LANGUAGE: "language",
    UNIT: "units",
}
"""Field -> setting."""


def view(now: Defaults | None, said: Messages, *, channel: str) -> Block:
    """The form; now: the person's settings, or None for a channel's. channel: one that it may be for as well."""
    if now is None:
        target = [e.input_block(CHANNEL, said("slack.field_for_channel"), _channels())]
    else:
        target = [_holds_for(channel, said)] if channel else []
    return {
        "type": "modal",
        "callback_id": VIEW,
        "title": e.plain(said("slack.settings_title"), form.TITLE_UNITS),
        "submit": e.plain(said("slack.settings_submit"), form.TITLE_UNITS),
        "close": e.plain(said("slack.cancel"), form.TITLE_UNITS),
        "blocks": [*target, *_fields(now or Defaults(), said)],
    }


def read(sent: Block) -> tuple[Defaults | None, str]:
    """The settings and the channel that they are for, "" for the person; None where a value cannot be."""
    filled = form.values(sent)
    channel = filled.get(CHANNEL) or filled.get(HOLDS_FOR, "").replace(ME, "")
    try:
        return Defaults(**{setting: filled[field] for field, setting in FIELDS.items() if field in filled}), channel
    except ValidationError:
        return None, channel


def errors(sent: Block, said: Messages) -> dict[str, str]:
    """What is wrong, on its field."""
    typed = form.values(sent).get(VERSION)
    if typed and not _is_version(typed):
        return {VERSION: said("error.out_of_range.engine_version", words=typed)}
    return {} if read(sent)[0] else {SHARE: said("slack.bad_share")}


def summary(now: Defaults, said: Messages) -> str:
    """The settings in one line."""
    stated = "; ".join(f"{said(f'slack.setting_{name}')}: {value}" for name, value in now.stated().items())
    return stated or said("slack.home_no_settings")


def _fields(now: Defaults, said: Messages) -> list[Block]:
    engine = e.select(
        form.ENGINE, said("slack.any_engine"), [(key, key) for key in form.engine_keys()], initial=now.engine
    )
    tongues = [(table["name"], code) for code, table in languages().items()]
    units = [(unit, unit) for unit in UNITS]
    return [
        _optional(form.ENGINE, "engine", engine, said),
        _optional(VERSION, "engine_version", _text(VERSION, now.engine_version), said),
        _optional(GPU_FIELD, "gpu", e.typeahead(GPU_FIELD, said("slack.type_a_name"), initial=now.gpu), said),
        _optional(SHARE, "utilization", _share(now.utilization), said),
        _optional(
            LANGUAGE, "language", e.select(LANGUAGE, said("slack.as_asked"), tongues, initial=now.language), said
        ),
        _optional(UNIT, "units", e.select(UNIT, "GiB", units, initial=now.units), said),
    ]


def _optional(field: str, setting: str, element: Block, said: Messages) -> Block:
    return e.input_block(field, said(f"slack.setting_{setting}"), element, optional=True)


def _holds_for(channel: str, said: Messages) -> Block:
    rows = [(said("slack.for_me"), ME), (said("slack.for_this_channel"), channel)]
    return e.input_block(HOLDS_FOR, said("slack.field_holds_for"), e.select(HOLDS_FOR, " ", rows, initial=ME))


def _channels() -> Block:
    only = {"include": ["public", "private"], "exclude_bot_users": True}
    return {"type": "conversations_select", "action_id": CHANNEL, "filter": only}


def _share(now: float | None) -> Block:
    element: Block = {"type": "number_input", "action_id": SHARE, "is_decimal_allowed": True}
    limits = {"min_value": LEAST_SHARE, "max_value": MOST_SHARE}
    return {**element, **limits, **({"initial_value": f"{now:g}"} if now else {})}


def _text(field: str, now: str | None) -> Block:
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": field, "max_length": 40}
    return {**element, **({"initial_value": now} if now else {})}


def _is_version(text: str) -> bool:
    try:
        version(text)
    except ValueError:
        return False
    return True
