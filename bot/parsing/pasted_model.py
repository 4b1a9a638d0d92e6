"""The model of a pasted command and what the words around it call a model."""

from __future__ import annotations

import re

from bot.commands.command import Command, Remark
from bot.parsing.items import Claim, Sentence
from bot.words import fold
from catalog.load import load

_OWN_PLACE = re.compile(r"[./~$\\%]|\w:[\\/]")
"""A folder of the person's own, or a variable: words may say which model it holds."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_MARKS = re.compile(r"[\W_]+")
SHORTEST_NAME = 4
"""Characters of a name that can be told from any word."""


def settle_model(sentence: Sentence, command: Command, own: list[Claim]) -> None:
    """One model by two names: words that repeat the command's say nothing new, and a folder holds what they name."""
    claims = sentence.claims.get("model", [])
    others = [claim for claim in claims if claim not in own and not _repeats(sentence, claim, own)]
    if not own or len(claims) == len(own):
        return
    written, named = str(own[0].value), {str(claim.value) for claim in others}
    known = load().models
    is_told = written.startswith("$") or (named <= known.keys() and written not in known)
    if len(named) == 1 and is_told and _OWN_PLACE.match(written):
        sentence.claims["model"] = others
        command.remarks.append(Remark("named", written, str(others[0].value)))
    else:
        sentence.claims["model"] = [*own, *others]


def _repeats(sentence: Sentence, claim: Claim, own: list[Claim]) -> bool:
    """Whether the words of a claim are a part of the command's own name of the model."""
    said = bare(sentence.text[claim.start : claim.end])
    names = (bare(f"{each.value} {sentence.text[each.start : each.end]}") for each in own)
    return len(said) >= SHORTEST_NAME and any(said in name for name in names)


def is_known(name: str) -> bool:
    """Whether a name is a repository's, or that of a model in the catalog: no other words name the model then."""
    return _REPOSITORY.fullmatch(name) is not None or name in load().models


def bare(name: str) -> str:
    """A name's letters and digits alone."""
    return _MARKS.sub("", fold(name))
