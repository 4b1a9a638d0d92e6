"""A model that the catalog does not name: a repository of the Hub, a folder, or a known model by a copy's name.

The readers of config.json load with this module; most questions do without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.choices import Named
from bot.errors import HubUnavailable, QuestionError, UnknownModel, Unsupported
from bot.formats import GGUF_FOR_BITS, number_format
from bot.generic import generic_architecture, same_size
from bot.query import Query
from catalog.architectures import UnknownArchitecture
from catalog.architectures.drafts import read_draft
from catalog.checkpoint import adapter_rank, config_of, model_of
from catalog.find import find_model, finder
from catalog.hub import is_identifier
from catalog.local import find_folder, read_folder
from catalog.quantization import UnknownQuantization
from catalog.reading import Unreadable
from catalog.remote import AWAY, Problem, remote
from catalog.repository import Repository
from catalog.types import Model, NotFound, WeightFile
from catalog.variants import USUAL_FILE, Variant, variant_of

if TYPE_CHECKING:
    from bot.resolve import Notes

MOST_NAME_WORDS, MOST_NEAR = 8, 3
"""Words of a folder's name that are looked into for a model's, and models that are offered."""
TOLERATED = 0.5
"""Bits by which a file's format may differ from a width that was said ("4bit")."""


class NoConfig(Exception):
    """A repository without config.json whose base is not known either."""


def look_up(query: Query, text: str, words: str, missing: NotFound | None, notes: Notes) -> Named:
    """The model of this name; `missing` is what the catalog says instead. Raises QuestionError where there is none."""
    problem: Problem | None = None
    repository = _repository(text, query.extra.get("revision", ""))
    if isinstance(repository, Repository):
        try:
            if repository.gated:
                return _gated(repository, words, notes)
            return _of_repository(repository, query, words, notes)
        except (UnknownArchitecture, UnknownQuantization) as error:
            return _instead(repository, words, notes, _unsupported(error, words))
        except NoConfig:
            return _instead(repository, words, notes, Unsupported("unsupported.no_config", words=(words,)))
        except Unreadable:
            problem = "damaged"
    else:
        problem = repository
    return _by_name(text, words, missing, problem, notes)


def _repository(text: str, revision: str) -> Repository | Problem | None:
    """The repository or folder of this name; None where nothing may be asked about it."""
    if folder := find_folder(text):
        try:
            return read_folder(folder)
        except Unreadable:
            return "damaged"
    source = remote()
    return source.look_up(text, revision) if source and is_identifier(text) else None


# --------------------------------------------------------------------------- beside the model


def find_draft(text: str) -> Model | None:
    """The draft model of this name; None where its files tell too little to count it."""
    found = find_model(text)
    if not isinstance(found, NotFound):
        return found.item
    repository = _repository(text, "")
    if not isinstance(repository, Repository) or not repository.config:
        return None
    try:
        return model_of(repository, read_draft(config_of(repository)), by="draft")
    except (UnknownArchitecture, UnknownQuantization, Unreadable):
        return None


def find_adapter(text: str) -> int | None:
    """Rank of the LoRA adapter of this name; None where it is none, or cannot be read."""
    repository = _repository(text, "")
    return adapter_rank(repository) if isinstance(repository, Repository) else None


# --------------------------------------------------------------------------- the repository's own facts


def _of_repository(repository: Repository, query: Query, words: str, notes: Notes) -> Named:
    rank, base = adapter_rank(repository), _base(repository) if repository.adapter else None
    if rank and base:
        notes.explain("assumed.adapter", words=words, rank=rank, model=base.id)
        return Named(base, base.id, None, {"lora": True, "lora_modules": repository.id})
    model = _model(repository, words, notes)
    return Named(model, repository.id, _file_format(repository, query, words, notes))


def _model(repository: Repository, words: str, notes: Notes) -> Model:
    """By its config.json; by its base's where it has none; generically where no reader knows its model_type."""
    if not config_of(repository):
        base, how = _base(repository), "base"
        if base is None:
            base, how = same_size(repository), "same_size"
        if base is None:
            raise NoConfig
        notes.explain(f"assumed.{how}", words=words, model=base.id)
        return model_of(repository, base.architecture, by=base.id)
    try:
        return model_of(repository)
    except UnknownArchitecture as unknown:
        architecture = generic_architecture(repository, unknown)
        kind = "wrapper" if architecture.towers else "generic"
        notes.explain(f"assumed.{kind}", words=words, model_type=unknown.model_type)
        return model_of(repository, architecture, by="generic")


def _base(repository: Repository) -> Model | None:
    """The first known model that the repository says it was made from."""
    for identifier in repository.bases:
        found = find_model(identifier)
        if not isinstance(found, NotFound):
            return found.item
        source = remote()
        other = source.look_up(identifier) if source else None
        if isinstance(other, Repository) and other.config:
            return model_of(other)
    return None


def _file_format(repository: Repository, query: Query, words: str, notes: Notes) -> str | None:
    """Format of the GGUF file that is meant, in a repository of such files."""
    files = {file.format: file for file in repository.files if file.role == "model" and file.format}
    if not files or repository.dtypes:
        return None
    said = query.weights
    if said is not None and said.value in files:
        return said.value
    wanted = _near(said.value, files) if said and said.vague else None
    if said is None or wanted:
        usual = wanted or (USUAL_FILE if USUAL_FILE in files else next(iter(_known(files)), None))
        if usual:
            notes.assume("weights", "assumed.file", file=files[usual].name)
            return usual
    raise Unsupported(
        "unsupported.file", words=(said.words if said else words,), files=tuple(files), model=repository.id
    )


def _known(files: dict[str, WeightFile]) -> list[str]:
    return [name for name in files if _bits(name)]


def _bits(name: str) -> float:
    try:
        return number_format(name).bits
    except Unsupported:
        return 0.0


def _near(said: str, files: dict[str, WeightFile]) -> str | None:
    """The usual file of a width that was said ("4bit"), or one near it."""
    bits = _bits(said)
    usual = GGUF_FOR_BITS.get(round(bits))
    return usual if usual in files else next((name for name in files if abs(_bits(name) - bits) <= TOLERATED), None)


# --------------------------------------------------------------------------- in its place


def _instead(repository: Repository, words: str, notes: Notes, error: QuestionError) -> Named:
    """The catalog's model that the repository names as its base, where its own files cannot be read."""
    for identifier in repository.bases:
        found = find_model(identifier)
        if not isinstance(found, NotFound):
            notes.assume("model", "assumed.instead", words=words, model=found.item.id)
            return Named(found.item, repository.id, None)
    variant = variant_of(repository.id)
    if variant is None:
        raise error
    return _as_variant(variant, repository.id, words, notes)


def _gated(repository: Repository, words: str, notes: Notes) -> Named:
    refusal = HubUnavailable("hub_unavailable.gated", words=(words,))
    named = _instead(repository, words, notes, refusal)
    notes.warn("warning.hub.gated", words=words)
    return named


def _by_name(text: str, words: str, missing: NotFound | None, problem: Problem | None, notes: Notes) -> Named:
    """The known model that the name implies; else the error that says why there is none."""
    variant = variant_of(text) if missing else _row(text)
    if variant is None:
        raise _refusal(problem, text, words, missing)
    if problem and problem != "unknown":
        notes.warn(f"warning.hub.{problem}", words=words)
    return _as_variant(variant, text, words, notes)


def _row(text: str) -> Variant | None:
    """The catalog's row, asked for at a revision that could not be read."""
    found = find_model(text)
    return None if isinstance(found, NotFound) else Variant(found.item, None)


def _as_variant(variant: Variant, text: str, words: str, notes: Notes) -> Named:
    weights = f" {variant.weights}" if variant.weights else ""
    notes.assume("model", "assumed.variant", words=words, model=f"{variant.model.id}{weights}")
    return Named(variant.model, text if is_identifier(text) else variant.model.id, variant.weights)


def _refusal(problem: Problem | None, text: str, words: str, missing: NotFound | None) -> QuestionError:
    near = (missing.suggestions if missing else ()) or _named_in(text)
    if problem is None:
        return UnknownModel("unknown_model.model", suggestions=near, words=(words,))
    if problem == "unknown":
        return UnknownModel("unknown_model.hub", suggestions=near, words=(words,))
    if problem == "damaged":
        return Unsupported("unsupported.damaged", words=(words,))
    kind = "away" if problem in AWAY and problem not in ("offline", "limited") else problem
    return HubUnavailable(f"hub_unavailable.{kind}", suggestions=near, words=(words,), model=text)


def _named_in(text: str) -> tuple[str, ...]:
    """Models whose name a folder or a fork has in its own: /data/Qwen3-32B-tuned-v2 may be a Qwen3-32B."""
    words = re.split(r"[-_]", re.split(r"[/\\]", text.rstrip("/\\"))[-1])[:MOST_NAME_WORDS]
    matches = (finder().longest(words, start) for start in range(len(words)))
    match = next((match for match in matches if match and match.kind == "model"), None)
    return () if match is None else (match.key,) if match.key else match.candidates[:MOST_NEAR]


def _unsupported(error: UnknownArchitecture | UnknownQuantization, words: str) -> Unsupported:
    return Unsupported("unsupported.checkpoint", words=(words,), missing=str(error))
