"""Reply -> what Slack shows: a card of native blocks, or the same as plain sections. Pure.

Limits: https://docs.slack.dev/reference/block-kit with its data table page; for the whole, slackapi/bolt-js#2509.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from bot.messages import Messages, messages
from bot.reply import Reply, Section, Step, Table
from bot.surfaces.slack import elements as e
from bot.surfaces.slack.elements import Block
from bot.surfaces.slack.text import clip, escape, pieces, units

MOST_BLOCKS = 50
PAYLOAD_UNITS = 12_500
"""Slack answers msg_blocks_too_long from about 13,200 characters."""
HEADLINE_UNITS = 600
HEADER_UNITS = 150
BAR_CELLS = 20
PAGE_ROWS = 10
"""More rows are turned over by the reader: a card should fit on a screen."""
LONGEST_COPIED = 2000
"""Questions and commands are shown whole or not at all: a cut one would be pasted as it stands."""
COMMAND = "/vram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much of each part a card shows."""

    tables: int
    rows: int
    columns: int
    cell_units: int
    items: int
    item_units: int
    sections: int
    section_units: int


ROOMY = Caps(tables=4, rows=100, columns=20, cell_units=200, items=20, item_units=1000, sections=40, section_units=6000)
ROOMY_TO_TIGHT = (
    ROOMY,
    *(replace(ROOMY, sections=sections) for sections in range(36, 8, -4)),
    Caps(tables=3, rows=40, columns=10, cell_units=100, items=12, item_units=500, sections=8, section_units=3000),
    Caps(tables=2, rows=15, columns=8, cell_units=60, items=8, item_units=300, sections=5, section_units=1500),
    Caps(tables=1, rows=8, columns=6, cell_units=40, items=5, item_units=150, sections=2, section_units=600),
)
"""Tried in order: the first card that fits is sent."""

Parts = Callable[[Reply, Caps], Iterator[Block]]


def headline(reply: Reply) -> str:
    """The message's top-level text, which notifications and screen readers use; Slack parses it as mrkdwn."""
    return escape(clip(reply.headline, HEADLINE_UNITS))


def card(reply: Reply, tail: tuple[Block, ...] = ()) -> list[Block]:
    """Verdict, memory bar, tables, facts, notes, passages, next steps, assumptions, source; then `tail`, uncut."""
    return _fit(reply, _card_parts, tail)


def plain_blocks(reply: Reply, tail: tuple[Block, ...] = ()) -> list[Block]:
    """The same as plain text sections, for a client or workspace that refuses the newer blocks."""
    return _fit(reply, _plain_parts, tail)


def payload_units(text: str, blocks: list[Block]) -> int:
    """What a message weighs against PAYLOAD_UNITS."""
    return units(text) + units(json.dumps(blocks, ensure_ascii=False))


def _fit(reply: Reply, parts: Parts, tail: tuple[Block, ...]) -> list[Block]:
    """The roomiest drawing that Slack takes, with a line that says so where something was left out."""
    text = headline(reply)
    note = e.context(messages(reply.language)("slack.left_out"), limit=HEADLINE_UNITS)
    for caps in ROOMY_TO_TIGHT:
        blocks = [*parts(reply, caps), *([note] if _leaves_out(reply, caps) else [])]
        if _fits(text, [*blocks, *tail]):
            return [*blocks, *tail]
    while not _fits(text, [*blocks, note, *tail]):
        blocks.pop()
    return [*blocks, note, *tail]


def _fits(text: str, blocks: list[Block]) -> bool:
    return len(blocks) <= MOST_BLOCKS and payload_units(text, blocks) <= PAYLOAD_UNITS


def _leaves_out(reply: Reply, caps: Caps) -> bool:
    """Whether parts are missing; cut texts and tables say so themselves."""
    parts = (
        (reply.tables, caps.tables),
        (reply.facts, caps.items),
        (reply.notes, caps.items),
        (reply.steps, caps.items),
        (reply.sections, caps.sections),
        *((table.columns, caps.columns) for table in reply.tables),
    )
    return any(len(items) > most for items, most in parts)


def _card_parts(reply: Reply, caps: Caps) -> Iterator[Block]:
    said = messages(reply.language)
    yield e.rich(_label(reply.headline, HEADLINE_UNITS))
    if bar := memory_bar(reply, said):
        yield e.context(bar, limit=HEADLINE_UNITS)
    for table in _tables(reply, caps):
        yield _data_table(table, caps, said)
    if reply.facts:
        yield e.rich(_list(reply.facts, caps))
    if reply.notes:
        yield e.rich(_label(said("slack.notes")), _list(reply.notes, caps))
    for passage in reply.sections[: caps.sections]:
        yield from _passage(passage, caps)
    if reply.steps:
        yield e.rich(_label(_steps_label(reply, said)), *_steps(reply.steps[: caps.items], caps))
    yield from _footer(reply, caps, said)


def _plain_parts(reply: Reply, caps: Caps) -> Iterator[Block]:
    said = messages(reply.language)
    yield e.section(reply.headline, HEADLINE_UNITS)
    texts = [memory_bar(reply, said) or ""]
    texts += [_table_text(table, caps, said) for table in _tables(reply, caps)]
    texts += [_listing("", reply.facts, caps), _listing(said("slack.notes"), reply.notes, caps)]
    texts.append(_listing(_steps_label(reply, said), [step_text(step) for step in reply.steps], caps))
    texts += [clip(f"{part.title}\n{part.text}", caps.section_units) for part in reply.sections[: caps.sections]]
    for text in filter(None, texts):
        yield from (e.section(piece) for piece in pieces(clip(text, PAYLOAD_UNITS), e.TEXT_UNITS))
    yield from _footer(reply, caps, said)


def memory_bar(reply: Reply, said: Messages) -> str | None:
    """A bar in text with its figure, or None where no GPU was named."""
    shown = reply.answer.refused or reply.answer
    memory, gpu = shown.memory, shown.gpu_memory
    if memory is None or gpu is None or gpu.usable <= 0:
        return None
    share = memory.total / gpu.usable
    filled = min(BAR_CELLS, max(0, round(share * BAR_CELLS)))
    return "█" * filled + "░" * (BAR_CELLS - filled) + " " + said("slack.used", percent=round(100 * share))


def step_text(step: Step) -> str:
    """A next step in one string."""
    question = f"{COMMAND} {step.question}" if step.question else None
    return "\n".join(filter(None, (step.text, question, step.command)))


def _steps_label(reply: Reply, said: Messages) -> str:
    return said("slack.examples") if reply.verdict == "help" else said("slack.next")


def _tables(reply: Reply, caps: Caps) -> list[Table]:
    return [table for table in reply.tables if table.rows and table.columns][: caps.tables]


def _data_table(table: Table, caps: Caps, said: Messages) -> Block:
    rows = table.rows[: caps.rows - 1]
    titles = [{"type": "raw_text", "text": clip(title, caps.cell_units)} for title in table.columns[: caps.columns]]
    return {
        "type": "data_table",
        "caption": clip(_caption(table, len(rows), said), caps.item_units),
        "row_header_column_index": 0,
        "page_size": min(len(rows), PAGE_ROWS),
        "rows": [titles, *([e.cell(cell, caps.cell_units) for cell in row[: caps.columns]] for row in rows)],
    }


def _caption(table: Table, shown: int, said: Messages) -> str:
    if shown == len(table.rows):
        return table.caption
    return said("slack.rows_left_out", caption=table.caption, shown=shown, all=len(table.rows))


def _label(text: str, limit: int = HEADER_UNITS) -> Block:
    return e.line(e.run(text, limit, bold=True))


def _list(items: Iterable[str], caps: Caps) -> Block:
    return e.bullets(*(e.line(*e.sentence(item, caps.item_units)) for item in tuple(items)[: caps.items]))


def _steps(steps: tuple[Step, ...], caps: Caps) -> Iterator[Block]:
    """The first command, and every changed one, as a block to copy; other steps by their question."""
    first = next((step for step in steps if _whole(step.command)), None)
    lines: list[Block] = []
    for step in steps:
        is_copied = step is first or (bool(step.marks) and _whole(step.command))
        lines.append(_step(step, caps, asked=not is_copied))
        if is_copied:
            yield e.bullets(*lines)
            yield e.code_block(step.command or "")
            lines = []
    if lines:
        yield e.bullets(*lines)


def _step(step: Step, caps: Caps, *, asked: bool) -> Block:
    runs = e.sentence(step.text, caps.item_units)
    if asked and _whole(step.question):
        runs += [{"type": "text", "text": " "}, e.run(f"{COMMAND} {step.question}", e.TEXT_UNITS, code=True)]
    return e.line(*runs)


def _whole(copied: str | None) -> bool:
    return bool(copied) and units(copied or "") <= LONGEST_COPIED


def _passage(passage: Section, caps: Caps) -> Iterator[Block]:
    parts = pieces(clip(passage.text, caps.section_units), e.TEXT_UNITS)
    title = [_label(passage.title)] if passage.title else []
    if passage.preformatted:
        yield e.rich(*title, *map(e.code_block, parts))
        return
    if title:
        yield e.rich(*title)
    yield from map(e.section, parts)


def _footer(reply: Reply, caps: Caps, said: Messages) -> Iterator[Block]:
    assumed = f"{said('slack.assumed')}: {'; '.join(reply.assumptions)}" if reply.assumptions else ""
    if lines := [text for text in (assumed, reply.source) if text.strip()]:
        yield e.context(*lines, limit=caps.section_units // 2)


def _listing(title: str, items: Iterable[str], caps: Caps) -> str:
    lines = [f"• {clip(item, caps.item_units)}" for item in tuple(items)[: caps.items]]
    return "\n".join(filter(None, (title, *lines))) if lines else ""


def _table_text(table: Table, caps: Caps, said: Messages) -> str:
    rows = table.rows[: caps.rows - 1]
    texts = [table.columns, *(tuple(cell.text for cell in row) for row in rows)]
    lines = (" · ".join(clip(text, caps.cell_units) for text in line[: caps.columns]) for line in texts)
    return "\n".join([clip(_caption(table, len(rows), said), caps.item_units), *lines])
