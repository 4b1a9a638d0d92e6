"""A model_type that no reader knows: read as a common decoder, or by its language model, where its totals agree."""

from __future__ import annotations

from catalog.architectures import UnknownArchitecture
from catalog.architectures.generic import candidates
from catalog.architectures.multimodal import unwrapped
from catalog.checkpoint import config_of
from catalog.load import load
from catalog.quantization import find_recipe
from catalog.repository import Repository
from catalog.types import Architecture, Model, Tower
from formulas.tensors import checkpoint_parameters, parameter_count

TOLERATED = 0.01
"""Share by which the parameters of the dimensions may differ from the published total."""
LARGEST_TOWER = 0.5
"""Share of a total that may be beside the language model; SmolVLM-256M has 0.36."""


GGUF_EXTRAS = 4096
"""Elements that a GGUF file may hold beside the weights: rope factors, at most one row of half a head."""


def same_size(repository: Repository) -> Model | None:
    """The known model whose parameters are those of a repository's GGUF files: to a few elements that is its design."""
    total = repository.gguf_parameters
    if not total:
        return None
    return next((model for model in load().models.values() if _is_of_size(model.architecture, total)), None)


def _is_of_size(architecture: Architecture, total: int) -> bool:
    """Towers are a file of their own."""
    counted = parameter_count(architecture) - sum(tower.parameters for tower in architecture.towers)
    return 0 <= total - counted <= GGUF_EXTRAS


def generic_architecture(repository: Repository, unknown: UnknownArchitecture) -> Architecture:
    """A wrapper's language model with the rest of the total as its tower, or the common decoder nearest to the total.

    Raises UnknownArchitecture, saying what is missing, where nothing agrees, or there is no total to compare.
    """
    config = config_of(repository)
    total = sum(repository.dtypes.values())
    if unknown.missing or unknown.malformed or not unknown.model_type:
        raise unknown
    language_model = unwrapped(config)
    read = [] if language_model else list(candidates(config))
    if not total or find_recipe(config) is not None:
        raise UnknownArchitecture(unknown.model_type, missing=("a parameter total of unquantized files",))
    found = _with_tower(language_model, total) if language_model else _nearest(read, total)
    if found is None:
        raise UnknownArchitecture(unknown.model_type, missing=("dimensions that agree with its parameter total",))
    return found


def _nearest(read: list[Architecture], total: int) -> Architecture | None:
    nearest = min(read, key=lambda architecture: abs(checkpoint_parameters(architecture) - total), default=None)
    if nearest is None or abs(checkpoint_parameters(nearest) - total) > TOLERATED * total:
        return None
    return nearest


def _with_tower(language_model: Architecture, total: int) -> Architecture | None:
    """The language model with all other weights as one tower; None where there are fewer weights, or far more."""
    rest = total - checkpoint_parameters(language_model)
    if not 0 < rest <= LARGEST_TOWER * total:
        return None
    return language_model.model_copy(update={"towers": (Tower(parameters=rest),)})
