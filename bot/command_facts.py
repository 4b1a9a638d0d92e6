"""What a pasted command adds to a reply: what limits it, how many usual requests it holds, which flags are amiss."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.amounts import count
from bot.commands import reader_of
from bot.commands.command import Command
from bot.commands.table import Table, folded
from bot.messages import Messages
from bot.ollama import OLLAMA
from bot.query import REQUEST_TOKENS, REQUESTS
from bot.questions import release
from bot.resolve import Remark
from bot.size import Sized
from bot.stated import all_experts
from formulas.deployment import version
from formulas.engines.vllm_plan import VllmPlan
from formulas.solve import largest_batch, longest_sequence

TYPICAL_TOKENS = 2_048
"""Prompt and answer of an ordinary chat request; the default of vLLM's random benchmark is 1,024 in and 128 out."""
MOST_FLAGS = 6
"""Flags that are named in one reply."""
SHARES = re.compile(r"[\d.]+")
UNCOUNTED: dict[str, Callable[[Any], bool]] = {
    "control_vector": lambda value: not value,
    "device": lambda value: value != "cpu",
    "kt_num_gpu_experts": lambda value: False,
    "kv_offload": bool,
    "mmproj_offload": bool,
    "n_cpu_ffn": lambda value: not value,
    "override_tensor": lambda value: all_experts(str(value)),
    "rpc": lambda value: not value,
    "split_mode": lambda value: value == "layer",
    "tensor_split": lambda value: len(set(SHARES.findall(str(value)))) < 2,
}
"""Name under which a table keeps a flag -> whether its value changes nothing."""
REMARKED = ("unknown", "variable", "near", "repeated", "value", "named", "other", "spaced")


def command_facts(sized: Sized, text: Messages) -> tuple[str, ...]:
    """Sentences on a command that starts: usual requests at once, and what limits them."""
    if sized.resolution.query.paste is None or sized.held is None:
        return ()
    return tuple(_facts(sized, text)) if sized.estimate.fits and sized.estimate.memory.kv_cache else ()


def _facts(sized: Sized, text: Messages) -> Iterator[str]:
    result = sized.estimate
    deployment, plan = result.deployment, result.plan
    most, tokens = _most(sized), deployment.load.sequence_tokens
    usual = sized.resolution.query.extra.get(REQUEST_TOKENS, TYPICAL_TOKENS)
    if tokens > usual:
        held = largest_batch(deployment.at(sequence_tokens=usual), plan)
        held = min(held, most or held)
        asked = sized.resolution.query.extra.get(REQUESTS, 0)
        key = "typical" if not asked else "typical_enough" if asked <= held else "typical_short"
        yield text(f"fact.{key}", tokens=count(usual), max_batch=count(held), asked=count(asked))
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
    reader = reader_of(deployment.engine)
    for remark in dict.fromkeys(remark for remark in paste.remarks if remark.key in REMARKED):
        taken = reader.table.spelled(remark.taken) if reader and remark.key == "near" else remark.taken
        yield Remark(f"warning.flag_{remark.key}", {"words": f"`{remark.words}`", "taken": f"`{taken}`", **named})
    if reader and reader.name == paste.table and not paste.is_kin:
        yield from _of_other_releases(paste, reader.table, named)
        yield from _uncounted(paste, reader.table)


def _uncounted(paste: Command, table: Table) -> Iterator[Remark]:
    """Flags that put memory elsewhere in a way that the estimate does not follow."""
    for name, is_usual in UNCOUNTED.items():
        flag = table.flag_of(name)
        if flag and name in paste.extra and not is_usual(paste.extra[name]):
            yield Remark("warning.flag_uncounted", {"words": f"`{paste.flags.get(flag, (flag, ''))[0]}`"})


def _of_other_releases(paste: Command, table: Table, named: dict[str, str]) -> Iterator[Remark]:
    """By the spelling that was used, where releases differ in it, else by the flag."""
    for flag, (written, _) in paste.flags.items():
        dated = next((name for name in (folded(written), flag) if name in table.gone or name in table.first), "")
        if dated and table.lacks(dated, named["version"]):
            key = "flag_gone" if dated in table.gone else "flag_later"
            since = release(version(table.gone.get(dated) or table.first[dated]))
            yield Remark(f"warning.{key}", {"words": f"`{written}`", "since": since, **named})
