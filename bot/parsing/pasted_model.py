"""The model of a pasted command and what the words around it call a model."""

from __future__ import annotations

import re
from itertools import islice

from bot.commands.command import Command, Remark
from bot.parsing.items import Claim, Sentence
from bot.parsing.tag import tag
from bot.words import fold
from catalog.load import load
from catalog.types import NotFound

_OWN_PLACE = re.compile(r"[./~$\\%]|\w:[\\/]")
"""A folder of the person's own, or a variable: words may say which model it holds."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_MARKS = re.compile(r"[\W_]+")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))(?:#|//)[ \t]+([^\n]{1,300})")
MOST_COMMENTS = 20
"""Comments that are looked at for a name."""
SHORTEST_NAME = 4
"""Characters of a name that can be told from any word."""


def settle_model(sentence: Sentence, command: Command, own: list[Claim]) -> None:
    """One model by two names: words that repeat the command's say nothing new, and a folder holds what they name."""
    _find_model(sentence, command, own)
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


def _find_model(sentence: Sentence, command: Command, own: list[Claim]) -> None:
    """Where no words name a model and the command's own says nothing: what it is served as, or comments name."""
    if len(sentence.claims.get("model", [])) > len(own):
        return
    named = _as_served(sentence, command, own)
    if not named and (not own or _may_be_any(sentence, str(own[0].value))):
        named = _in_comments(sentence)
    if named:
        sentence.claims["model"] = [*own, *named]
        sentence.problems = [problem for problem in sentence.problems if problem.code != "empty"]


def _as_served(sentence: Sentence, command: Command, own: list[Claim]) -> list[Claim]:
    """The model as whose name a folder of the person's own is served, where that is one of the catalog."""
    served = command.extra.get("served_model_name")
    if not own or not isinstance(served, str) or not _OWN_PLACE.match(str(own[0].value)):
        return []
    found, at = sentence.finder.find_model(served), sentence.text.find(served)
    if isinstance(found, NotFound) or found.item.id not in load().models or at < 0:
        return []
    return [Claim(found.item.id, at, at + len(served))]


def _may_be_any(sentence: Sentence, path: str) -> bool:
    """Whether a folder's name says nothing of its model: /data/models, no ./qwen3-14b-tuned."""
    found = sentence.finder.find_model(last := path.rstrip("/\\").replace("\\", "/").rpartition("/")[2])
    near = found.suggestions if isinstance(found, NotFound) else (last,)
    return _OWN_PLACE.match(path) is not None and not (near and re.search(r"\d", last))


def _in_comments(sentence: Sentence) -> list[Claim]:
    """The one model that comments name, with the one format that they name."""
    found: dict[str, dict[str, Claim]] = {"model": {}, "format": {}}
    for comment in islice(_COMMENT.finditer(sentence.text), MOST_COMMENTS):
        for item in tag(comment.group(1), sentence.finder)[0]:
            if item.role in found and not (item.vague and item.role == "model"):
                place = comment.start(1) + item.start, comment.start(1) + item.end
                found[item.role].setdefault(str(item.value), Claim(item.value, *place, item.vague))
    models, formats = ([*each.values()] for each in found.values())
    if len(models) != 1 or models[0].value not in load().models:
        return []
    if len(formats) == 1 and not sentence.claims.get("weights"):
        sentence.claims["weights"] = formats
    return models


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
