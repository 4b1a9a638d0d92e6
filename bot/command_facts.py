"""What a pasted command adds to a reply: what limits it, how many usual requests it holds, which flags are amiss."""

from __future__ import annotations

from collections.abc import Iterator

from bot.amounts import count
from bot.commands import reader_of
from bot.commands.command import Command
from bot.commands.table import Table, folded
from bot.messages import Messages
from bot.ollama import OLLAMA
from bot.questions import release
from bot.resolve import Remark
from bot.size import Sized
from formulas.deployment import version
from formulas.engines.vllm_plan import VllmPlan
from formulas.solve import largest_batch, longest_sequence

TYPICAL_TOKENS = 2_048
"""Prompt and answer of an ordinary chat request; the default of vLLM's random benchmark is 1,024 in and 128 out."""
MOST_FLAGS = 6
"""Flags that are named in one reply."""
REMARKED = ("unknown", "variable", "near", "repeated", "value")


def command_facts(sized: Sized, text: Messages) -> tuple[str, ...]:
    """Sentences on a command that starts: usual requests at once, and what limits them."""
    if sized.resolution.query.paste is None or sized.held is None:
        return ()
    return tuple(_facts(sized, text)) if sized.estimate.fits and sized.estimate.memory.kv_cache else ()


def _facts(sized: Sized, text: Messages) -> Iterator[str]:
    result = sized.estimate
    deployment, plan = result.deployment, result.plan
    most, tokens = _most(sized), deployment.load.sequence_tokens
    if tokens > TYPICAL_TOKENS:
        usual = deployment.at(sequence_tokens=TYPICAL_TOKENS)
        held = largest_batch(usual, plan)
        yield text("fact.typical", tokens=count(TYPICAL_TOKENS), max_batch=count(min(held, most or held)))
    full = largest_batch(deployment, plan)
    if most and full < most:
        longest = longest_sequence(deployment.at(batch=most), plan, limit=tokens)
        key = "fact.limited_by_cache" if longest else "fact.limited_by_cache_alone"
        yield text(key, max_batch=count(full), most=count(most), longest=count(longest))
    elif most:
        yield text("fact.limited_by_sequences", max_batch=count(full), most=count(most))


def _most(sized: Sized) -> int | None:
    """Sequences that the server runs at once, over all replicas."""
    deployment, plan = sized.estimate.deployment, sized.estimate.plan
    if isinstance(plan, VllmPlan):
        each = plan.step(deployment.load.sequence_tokens).max_sequences
    else:
        each = deployment.settings.max_sequences or 0
    return each * deployment.layout.data_parallel or None


def flag_remarks(sized: Sized) -> Iterator[Remark]:
    """Flags that the engine does not have, in this release or at all, and those that were read in spite of a slip."""
    paste, deployment = sized.resolution.query.paste, sized.estimate.deployment
    if paste is None:
        return
    named = {
        "engine": OLLAMA if paste.table == OLLAMA else deployment.engine,
        "version": release(deployment.engine_version),
    }
    for remark in dict.fromkeys(remark for remark in paste.remarks if remark.key in REMARKED):
        yield Remark(
            f"warning.flag_{remark.key}", {"words": f"`{remark.words}`", "taken": f"`{remark.taken}`", **named}
        )
    reader = reader_of(deployment.engine)
    if reader and reader.name == paste.table:
        yield from _of_other_releases(paste, reader.table, named)


def _of_other_releases(paste: Command, table: Table, named: dict[str, str]) -> Iterator[Remark]:
    """By the spelling that was used, where releases differ in it, else by the flag."""
    for flag, (written, _) in paste.flags.items():
        dated = next((name for name in (folded(written), flag) if name in table.gone or name in table.first), "")
        if dated and table.lacks(dated, named["version"]):
            key = "flag_gone" if dated in table.gone else "flag_later"
            since = release(version(table.gone.get(dated) or table.first[dated]))
            yield Remark(f"warning.{key}", {"words": f"`{written}`", "since": since, **named})
