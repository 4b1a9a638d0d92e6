"""Why a question cannot be answered.

QuestionError                 every one has a code, a message key and what fills it
├── EmptyQuestion             empty
├── UnknownModel              unknown_model
├── UnknownGpu                unknown_gpu
├── UnknownWord               unknown_word
├── Conflict                  conflict        two values for one thing
├── OutOfRange                out_of_range    batch 0, length -5, 1e400
├── Unsupported               unsupported     known, but not computable: says what is missing
└── HubUnavailable            hub_unavailable
"""

from __future__ import annotations

from typing import Any, ClassVar


class QuestionError(Exception):
    """Raised inside the pipeline, turned into one sentence at its end; never seen by a person as such."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, suggestions: tuple[str, ...] = (), **values: Any) -> None:
        super().__init__(message)
        self.message = message
        """Key of a sentence in bot/lang."""
        self.values = values
        self.suggestions = suggestions


class EmptyQuestion(QuestionError):
    """Nothing was asked."""

    code = "empty"


class UnknownModel(QuestionError):
    """No model was named, or none of that name is known."""

    code = "unknown_model"


class UnknownGpu(QuestionError):
    """A GPU name that the catalog does not have."""

    code = "unknown_gpu"


class UnknownWord(QuestionError):
    """A word without which the question cannot be read."""

    code = "unknown_word"


class Conflict(QuestionError):
    """Two values for one thing."""

    code = "conflict"


class OutOfRange(QuestionError):
    """A number that no deployment can have."""

    code = "out_of_range"


class Unsupported(QuestionError):
    """Known, but not computable."""

    code = "unsupported"


class HubUnavailable(QuestionError):
    """The model is not in the catalog and the Hub did not answer."""

    code = "hub_unavailable"


ERRORS: dict[str, type[QuestionError]] = {kind.code: kind for kind in QuestionError.__subclasses__()}
"""Error class by code."""
