"""What every fact is: a frozen record that refuses unknown keys, compared by identity."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 3
"""Part of every cache key: raise it when a shape below changes."""

Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=0)]


class Fact(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), defer_build=True)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other
