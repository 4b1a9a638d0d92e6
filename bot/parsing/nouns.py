"""Join words that name one thing together: "concurrent users", "tokens of context", "gpu h100", "each user"."""

from __future__ import annotations

from bot.parsing.items import PARTS, Item
from bot.parsing.split import NO_BREAK
from bot.words import fold, vocabulary

COUNTED = frozenset({"batch", "users", "requests", "prompts", "concurrent"})
"""Words for sequences that are served at once."""
WHOLE = COUNTED - {"concurrent"}
"""Those behind which "each" is whole: each concurrent ... user."""
LENGTHS = frozenset({"tokens", "sequence"})


def joined_role(first: str, second: str) -> str | None:
    """The role of two neighbours taken together, or None where they stay apart."""
    pair = {first, second}
    if pair <= COUNTED:
        return "batch" if "batch" in pair else "concurrent" if "concurrent" in pair else second
    if pair <= LENGTHS:
        return "sequence" if "sequence" in pair else "tokens"
    if pair & PARTS and pair <= LENGTHS | PARTS and pair != PARTS and first != second:
        return first if first in PARTS else second
    if second == "each" and first in LENGTHS:
        return "each"
    if first == "each":
        return "each" if second in COUNTED - {"batch"} else {"cards": "per_card", "nodes": "unknown"}.get(second)
    if "gpu" in pair and pair <= {"gpu", "cards", "card_brand"} and first != second:
        return "gpu"
    return "utilization" if pair == {"memory", "utilization"} else None


def join_nouns(items: list[Item], text: str) -> list[Item]:
    """The items with such neighbours as one; "per request" is whole: "per request batch 8" states a batch."""
    joined: list[Item] = []
    for item in items:
        before = joined[-1] if joined and item.gap == NO_BREAK else None
        is_whole = before and before.role == "each" and item.role in COUNTED and _is_counted(text[: before.end])
        role = joined_role(before.role, item.role) if before and not is_whole else None
        if before and role:
            value = before.value if before.role == "gpu" else item.value
            joined[-1] = Item(role, before.start, item.end, value, before.gap, before.vague or item.vague)
        else:
            joined.append(item)
    return joined


def _is_counted(text: str) -> bool:
    """Whether the last word says what is counted."""
    rows = vocabulary().first.get(fold(text.rpartition(" ")[2]), ())
    return any(reading.role in WHOLE for key, meaning in rows if len(key) == 1 for reading in meaning.readings)


def settle_in_and_out(items: list[Item]) -> None:
    """ "2048 in + 512 out": in and out mean lengths where both stand beside a number, else they are small words."""
    ends = [item for item in items if item.role in ("in", "out")]
    counted = {
        item.role for index, item in enumerate(items) if item.role in ("in", "out") and _beside_number(items, index)
    }
    strong = {item.role for item in items if item.role in PARTS}
    for item in ends:
        other = {"in": ("out", "output"), "out": ("in", "input")}[item.role]
        if item.role in counted and (other[0] in counted or other[1] in strong):
            item.role = {"in": "input", "out": "output"}[item.role]
        else:
            item.role = "link" if item.role == "in" else "filler"


def _beside_number(items: list[Item], index: int) -> bool:
    behind = [item for item in items[index + 1 : index + 3] if item.role != "equals"]
    around = items[max(index - 2, 0) : index] + behind[:1]
    return any(
        item.role == "number" and item.value.unit in ("", "k") for item in around if item.role in ("number", "tokens")
    )
