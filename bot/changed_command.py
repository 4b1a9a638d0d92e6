"""The command of a deployment; of a pasted command line that line, with what is different changed in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.commands.command import Command
from bot.commands.rewrite import Change, added, rewritten
from bot.formats import GGUF_ENGINE
from bot.ollama import changed_settings, is_ollama, ollama_command
from bot.resolve import Resolution
from bot.serve_command import Asked, environment, flags_of, serve_command, states
from bot.serve_settings import CannotState
from formulas.deployment import Deployment
from formulas.estimate import Estimate, estimate

_PROMPT = re.compile(r"[$#>%]\s+")
SIZE = re.compile(r"-parallel-size\Z|--(?:tp|pp|dp)-size\Z|--num-shard\Z")
"""Flags of which leaving them out means one."""


def command(result: Estimate, resolution: Resolution) -> str | None:
    """The serve command of an estimate's deployment; None where a checkpoint would have to be invented.

    Of a pasted command line it is that line, with what is different changed in it; of Ollama, whose settings say
    nothing of cards, none for other cards alone.
    """
    if not resolution.gpu_named:
        return None
    if is_ollama(resolution.query):
        before, after = resolution.deployment, result.deployment
        same = (resolution.query.paste or before != after) and not changed_settings(before, after)
        other_file = after.weights.key != before.weights.key
        return None if same or other_file else ollama_command(after, resolution.query)
    paste, changes = resolution.query.paste, changed_flags(result, resolution)
    if paste and (line := rewritten(paste, changes)):
        return _plain(line)
    if paste and paste.text and not changes and _is_same_line(result.deployment, resolution.deployment, paste):
        return " ".join((*environment(result.deployment), _plain(paste.text[paste.start : paste.end])))
    return serve_command(result.deployment, asked(result, resolution))


def _plain(line: str) -> str:
    """Without the prompt of the terminal that it was copied from."""
    return _PROMPT.sub("", line, count=1) if _PROMPT.match(line) else line


def _is_same_line(after: Deployment, before: Deployment, paste: Command) -> bool:
    """Whether only the machine is another one: its card, and for llama.cpp how many of them it sees."""
    spreads = after.engine == GGUF_ENGINE and not paste.cards
    layout = before.layout if spreads else after.layout
    return after.change(gpu=before.gpu, layout=layout) == before


def changed_marks(result: Estimate, resolution: Resolution) -> tuple[str, ...]:
    """What is different in a pasted command for an estimate, as its engine takes it."""
    if resolution.query.paste and is_ollama(resolution.query):
        return tuple(changed_settings(resolution.deployment, result.deployment))
    return marks(changed_flags(result, resolution), resolution)


def changed_flags(result: Estimate, resolution: Resolution) -> list[Change]:
    """The flags in which an estimate's deployment is not the one that was asked about; none where it cannot be told."""
    before, after = resolution.deployment, result.deployment
    rewrites = list(resolution.rewrites)
    if before == after:
        return rewrites
    weights = before.weights.key != after.weights.key
    if before.engine != after.engine:
        return []
    try:
        old = flags_of(before, _asked_of(estimate(before), resolution), weights=weights)
        new = flags_of(after, _asked_of(result, resolution), weights=weights)
    except CannotState:
        return []
    rewrites += _files(before, after, resolution.query.paste)
    gone = [Change(flag, "1") if SIZE.search(flag) else Change(flag, dropped=True) for flag in old if flag not in new]
    found = [*(Change(flag, value) for flag, value in new.items() if (flag, value) not in old.items()), *gone]
    return [*(change for change in rewrites if change.flag not in {each.flag for each in found}), *found]


def _asked_of(result: Estimate, resolution: Resolution) -> Asked:
    """What a pasted command must state; a share that it leaves to the engine is left to it."""
    return replace(asked(result, resolution), utilization=result.deployment.settings.utilization)


def _files(before: Deployment, after: Deployment, paste: Command | None) -> Iterator[Change]:
    """Files and repositories of llama.cpp that are called by their format, called by another."""
    old, new = before.weights.key, after.weights.key
    if old == new or before.engine != GGUF_ENGINE or paste is None:
        return
    for flag, (_, value) in paste.flags.items():
        if old in value.lower():
            yield Change(flag, re.sub(re.escape(old), new.upper(), value, flags=re.IGNORECASE))


def marks(changes: Iterable[Change], resolution: Resolution) -> tuple[str, ...]:
    """Changed flags as the pasted command spells them; none where nothing was pasted."""
    paste = resolution.query.paste
    if paste is None:
        return ()
    spelt = (change._replace(flag=paste.flags.get(change.flag, (added(paste, change).flag,))[0]) for change in changes)
    return tuple(change.words for change in spelt if change.words)


def dropped(changes: Iterable[Change], resolution: Resolution) -> tuple[str, ...]:
    """Flags of the pasted command that are left out, as it writes them; Ollama's settings are written anew."""
    if is_ollama(resolution.query):
        return ()
    written = resolution.query.paste.flags if resolution.query.paste else {}
    gone = (written[change.flag] for change in changes if change.dropped and change.flag in written)
    return tuple(" ".join(filter(None, words)) for words in gone)


def asked(result: Estimate, resolution: Resolution) -> Asked:
    """What the command of an estimate must state: a share of the card always, as its default differs by release."""
    query, settings = resolution.query, result.deployment.settings
    share = result.plan.utilization if states(result.deployment.engine, "utilization") else settings.utilization
    return Asked(
        utilization=share,
        limit_sequences=bool(query.batch or settings.max_sequences or resolution.solve_for == "batch"),
        longest=max((tokens for _, tokens in query.mix.value), default=0) if query.mix else 0,
    )
