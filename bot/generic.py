"""A model_type that no reader knows: read as a common decoder only where its own totals agree."""

from __future__ import annotations

from catalog.architectures import UnknownArchitecture
from catalog.architectures.generic import candidates
from catalog.checkpoint import config_of
from catalog.quantization import find_recipe
from catalog.repository import Repository
from catalog.types import Architecture
from formulas.tensors import checkpoint_parameters

TOLERATED = 0.01
"""Share by which the parameters of the dimensions may differ from the published total."""


def generic_architecture(repository: Repository, unknown: UnknownArchitecture) -> Architecture:
    """The common decoder whose parameters come nearest to the repository's total.

    Raises UnknownArchitecture, saying what is missing, where none comes within 1 %, or there is no total to compare.
    """
    config = config_of(repository)
    total = sum(repository.dtypes.values())
    if unknown.missing or unknown.malformed or not unknown.model_type:
        raise unknown
    read = list(candidates(config))
    if not total or find_recipe(config) is not None:
        raise UnknownArchitecture(unknown.model_type, missing=("a parameter total of unquantized files",))
    nearest = min(read, key=lambda architecture: abs(checkpoint_parameters(architecture) - total), default=None)
    if nearest is None or abs(checkpoint_parameters(nearest) - total) > TOLERATED * total:
        raise UnknownArchitecture(unknown.model_type, missing=("dimensions that agree with its parameter total",))
    return nearest
