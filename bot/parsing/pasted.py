"""A pasted serve command as claims; the words around it are read like any others."""

from __future__ import annotations

import re
from functools import cache

from bot.commands.command import Command, Setting
from bot.commands.shell import blanked
from bot.parsing.items import Claim, Sentence
from bot.parsing.links import read_link
from bot.parsing.names import Finder
from bot.parsing.pasted_cards import claim_cards, find_card, in_comment, settle_count
from bot.parsing.pasted_model import bare, is_known, settle_model
from bot.query import Problem
from bot.words import fold
from catalog.load import load

_SIZE = re.compile(r"(?:\d+x)?[aAeE]?\d+(?:\.\d+)?[bBmM]")
"""A number of parameters: 7b is no format of 7 bits."""
_SUFFIX = re.compile(r"(?<=_[KSMLkmls0-9])_(?!(?:XX?|X?X?)[SML]\b|[KSML]\b)[A-Za-z]{3,}\Z")
"""Who made a file, behind its format: Q4_K_M_unsloth."""
_DYNAMIC = re.compile(r"-UD\Z", re.I)
"""Unsloth's own mixtures: UD-IQ2_M."""
_MIX = re.compile(r"(?:UD-)?I?Q\d_K_X?L", re.I)
"""A GGUF type that is a mixture of others: Q4_K_XL, near Q4_K_M."""
_CACHED = re.compile(r"models--([\w.-]+?)--([\w.-]+?)(?=[/\\]|\Z)")
"""A repository in the cache of the Hub: models--Qwen--Qwen3-8B/snapshots/0ab1."""
_ESCAPED_DOT = ("___", ".")
"""How ModelScope writes a dot in the name of a folder: Qwen2___5-7B."""
_TELLING = re.compile(r"(?=.*[A-Za-z]{3}).*\d.*")
"""A folder that may be called after its model."""
_UNNAMED = re.compile(r"(?:ggml-model|model|consolidated|weights)(?=[-.]|\Z)", re.I)
"""What files are called that say nothing of their model: ggml-model-f16.gguf."""
_FILE = re.compile(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|safetensors|bin)\Z", re.I)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
"""A repository keeps its own id; a file or folder goes by what its name says."""
_PATH = re.compile(r"[./~$\\]|\w:[\\/]|\S*:/|[\w-]+(?:\.[\w-]+)*\.(?:com|io|org)/")
_WIDE = frozenset({"fp32", "bf16", "fp16"})
"""Formats that --dtype can settle for the weights."""
_KIND = re.compile(r"(?m)^[ \t]*(?:apiVersion|kind):[^\n]*|(?<!\S)/v1/[\w/-]*")
"""What an object of Kubernetes is, and a path of a server's interface: apiVersion: apps/v1, /v1/completions."""
MOST_PARTS = 24
"""Parts of a model's name that are looked at."""


def blank(text: str, command: Command | None) -> str:
    """The text around the command, every character in its place; where it stood a line ends."""
    kinds = [match.span() for match in _KIND.finditer(text)] if "apiVersion" in text or "/v1/" in text else []
    return blanked(text, [*kinds, *([(command.start, command.end), *command.spans] if command else [])])


def claim_other(sentence: Sentence, command: Command) -> None:
    """Claim what the command of a server that is none of the engines states."""
    claim_settings(sentence, command)
    sentence.extra.update(command.extra)


def claim_command(sentence: Sentence, command: Command) -> None:
    """Claim what the command states."""
    sentence.claims.setdefault("engine", []).append(Claim(command.engine, command.start, command.end))
    claim_settings(sentence, command)
    claim_cards(sentence, command)
    if command.extra.get("sequence_auto") and "sequence_tokens" not in sentence.claims:
        sentence.claims["solve_for"] = [Claim("sequence", command.start, command.end)]
    if (command.extra.get("expert_parallel_size") or 1) > 1:
        sentence.claims["expert_parallel"] = [Claim(True, command.start, command.end)]
    sentence.extra.update(command.extra)


def yield_to_command(sentence: Sentence) -> None:
    """Drop what comments and paths around a command seem to say against it, or against each other."""
    command = sentence.command
    if command is None:
        return
    find_card(sentence, command)
    settle_count(sentence, command)
    settle_model(sentence, command, [each for each in sentence.claims.get("model", []) if is_own(each, command)])
    cards = [sentence.text[claim.start : claim.end] for claim in sentence.claims.get("gpu", [])]
    kept = [problem for problem in sentence.problems if not _is_named(problem, command, cards=cards)]
    _leave_unread(sentence, [problem for problem in sentence.problems if problem not in kept])
    sentence.problems = kept
    for slot, claims in sentence.claims.items():
        if len({str(claim.value) for claim in claims}) < 2:
            continue
        stated = {str(claim.value) for claim in claims if is_own(claim, command)}
        doubtful = [claim for claim in claims if _is_beside(sentence, claim, slot, command)]
        others = [claim for claim in claims if not is_own(claim, command)]
        if stated and len({str(claim.value) for claim in others}) > 1:
            doubtful = others
        settled = stated or len({str(claim.value) for claim in doubtful}) > 1
        if doubtful and settled:
            dropped = set(map(id, doubtful))
            sentence.claims[slot] = [claim for claim in claims if id(claim) not in dropped]
            for claim in doubtful:
                sentence.forget(claim)


def _leave_unread(sentence: Sentence, problems: list[Problem]) -> None:
    """The words of names that nobody knows, where they forbid no answer."""
    words = {word for problem in problems if problem.code == "unknown_model" for word in problem.words}
    for item in sentence.items if words else ():
        if item.role == "unknown" and sentence.words(item) in words:
            item.used = False


def _is_named(problem: Problem, command: Command, *, cards: list[str]) -> bool:
    """Whether an unknown model is what the command calls its own, or a card stands in words beside a known one."""
    names = (command.settings["model"].value if command.states("model") else "", command.extra.get("served_model_name"))
    own = " ".join(fold(str(name)) for name in names)
    stem, known = bare(_stem(str(names[0]))), is_known(str(names[0]))
    if problem.code == "unknown_gpu":
        return bool(cards) and not any(card in words for card in cards for words in problem.words)
    if problem.code != "unknown_model":
        return False
    return known or any(fold(words) in own or (stem and stem in bare(words)) for words in problem.words)


def is_own(claim: Claim, command: Command) -> bool:
    """Whether the command itself states it."""
    places = ((command.start, command.end), *((each.start, each.end) for each in command.settings.values()))
    return any(start <= claim.start and claim.end <= end for start, end in places)


def _is_beside(sentence: Sentence, claim: Claim, slot: str, command: Command) -> bool:
    """Whether a claim stands in a comment, or is a model that only looks like a path, or an image with its tag."""
    if is_own(claim, command):
        return False
    return in_comment(sentence.text, claim.start) or (
        slot == "model"
        and (_PATH.match(str(claim.value)) is not None or ":" in sentence.text[claim.start : claim.end + 1])
    )


def claim_settings(sentence: Sentence, command: Command) -> None:
    """Claim each field that the command states."""
    for slot, setting in command.settings.items():
        _claim(sentence, command, slot, setting)
    _settle_weights(sentence, command)


def _claim(sentence: Sentence, command: Command, slot: str, setting: Setting) -> None:
    if setting.kind == "format":
        _add(sentence, slot, _format(sentence.finder, command, str(setting.value)), setting)
    elif slot == "model":
        _claim_model(sentence, setting, is_wide_stated=command.states("weights") or command.states("dtype"))
    elif not (slot == "sequence_tokens" and setting.value == 0):
        _add(sentence, slot, setting.value, setting)


def _add(sentence: Sentence, slot: str, value: object, setting: Setting) -> None:
    if value:
        sentence.claims.setdefault(slot, []).append(Claim(value, setting.start, setting.end))


def _format(finder: Finder, command: Command, name: str) -> str:
    """The format key behind an engine's own name for it; "" where it settles none."""
    if name.lower() in command.values:
        return command.values[name.lower()]
    match = finder.longest([name], 0)
    return match.key if match and match.kind == "format" else ""


def _settle_weights(sentence: Sentence, command: Command) -> None:
    """Quantization first, then what the model's name states, then a dtype of 16 or 32 bits."""
    dtype = sentence.claims.pop("dtype", [])
    if "weights" in sentence.claims or command.states("weights"):
        return
    names = [str(command.extra.get(key, "")) for key in ("hf_file", "hf_repo", "served_model_name")]
    if model := command.settings.get("model"):
        known = _known(sentence.finder, str(model.value))
        names = [str(model.value), *names] if not known else []
    place = command.settings.get("model") or Setting("", "text", command.start, command.end)
    key = next((key for name in names if (key := name_format(sentence.finder, name))), "")
    if key:
        _add(sentence, "weights", key, place)
    elif dtype:
        sentence.claims["weights"] = [claim for claim in dtype if claim.value in _WIDE]


# --------------------------------------------------------------------------- models


def _claim_model(sentence: Sentence, setting: Setting, *, is_wide_stated: bool) -> None:
    """The model of a catalog id, Hub id, address or path; a file name may hold its format ("Qwen3-32B-Q4_K_M.gguf").

    is_wide_stated: whether a flag says more of the weights than a name that ends in bf16."""
    text = _named_by_folder(str(setting.value).replace(*_ESCAPED_DOT))
    link = read_link(text)
    named = link.model if link and link.model else text
    stem = link.variant if link and link.variant else _stem(named)
    weights, bare = _file_format(sentence.finder, stem)
    key = _known(sentence.finder, named)
    if not key and (_FILE.search(named) or not _HUB_ID.fullmatch(named)):
        key = _known(sentence.finder, bare)
    _add(sentence, "model", key or named, setting)
    hinted = (_HUB_ID.fullmatch(named) and _has_recipe(key)) or (is_wide_stated and weights in _WIDE)
    if weights and "weights" not in sentence.claims and not hinted:
        _add(sentence, "weights", weights, setting)
        _name_mix(sentence)
    if link and link.revision:
        sentence.extra["revision"] = link.revision


def _named_by_folder(text: str) -> str:
    """A path as the model it holds: of the Hub's cache its repository, of a file without a name its folder's."""
    if (cached := _CACHED.search(text)) and not _FILE.search(text):
        return f"{cached.group(1)}/{cached.group(2)}"
    folders, _, last = text.rstrip("/\\").replace("\\", "/").rpartition("/")
    unnamed = _UNNAMED.match(last)
    return folders + last[unnamed.end() :] if unnamed and _TELLING.fullmatch(folders.rpartition("/")[2]) else text


def _name_mix(sentence: Sentence) -> None:
    """Say of which name a near format was read: Q4_K_XL has no size of its own."""
    claim = sentence.claims["weights"][-1]
    for mix in _MIX.finditer(sentence.text, claim.start, claim.end):
        match = sentence.finder.longest([mix.group()], 0)
        if match and match.vague and match.key == claim.value:
            sentence.claims["weights"][-1] = Claim(claim.value, *mix.span(), match.vague)
            return


def _has_recipe(key: str) -> bool:
    """Whether the catalog knows the formats of this checkpoint, which its name only hints at."""
    model = load().models.get(key)
    return model is not None and model.quantization is not None


def _stem(name: str) -> str:
    return _FILE.sub("", re.split(r"[/\\]", name.rstrip("/\\"))[-1])


@cache
def _ids_by_last_part() -> dict[str, str]:
    return {id_.rsplit("/", 1)[-1].lower(): id_ for id_ in load().models}


def _known(finder: Finder, name: str) -> str:
    if exact := _ids_by_last_part().get(_stem(name).lower()):
        return exact
    match = finder.longest([name], 0)
    return match.key if match and match.kind == "model" else ""


def _file_format(finder: Finder, stem: str) -> tuple[str, str]:
    """(format key, the name before it) of a file name that ends in a format; ("", "") where it does not."""
    for mark in (re.match("", stem), *re.finditer(r"[-.]", stem)):
        named = stem[mark.end() :] if mark else ""
        match = finder.longest([named], 0) if named else None
        if match and mark and match.kind == "format" and match.key and (not match.vague or _MIX.fullmatch(named)):
            return match.key, _DYNAMIC.sub("", stem[: mark.start()])
    return "", ""


def name_format(finder: Finder, name: str) -> str:
    """The format that a model's name states anywhere ("gemma-3-27b-it-int4-awq"); "" where it states none."""
    stem = _SUFFIX.sub("", _stem(name))
    if (key := _file_format(finder, stem)[0]) and key not in _WIDE:
        return key
    parts = [part for part in re.split(r"[-.:\s]", stem)[-MOST_PARTS:] if not _SIZE.fullmatch(part)]
    matches = [finder.longest(parts, at) for at in range(len(parts))]
    formats = [match for match in matches if match and match.kind == "format" and match.key not in (*_WIDE, "")]
    exact = [match.key for match in formats if not match.vague]
    return (exact or [match.key for match in formats] or [""])[-1]
