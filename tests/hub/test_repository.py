"""Descriptions of repositories: whatever a Hub sends, facts or a refusal come of it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.generic import same_size
from catalog.architectures import UnknownArchitecture
from catalog.checkpoint import adapter_rank, loaded_bytes, model_of
from catalog.hub import HubError
from catalog.quantization import UnknownQuantization
from catalog.reading import Unreadable
from catalog.repository import Repository, read_repository
from catalog.types import Model
from tests.hub.configs import LLAMA_1B

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["config.json", "adapter_config.json", "model.safetensors", "model.safetensors.index.json", "m-Q4_K_M.gguf"]
)
SIBLINGS = st.lists(st.fixed_dictionaries({"rfilename": NAMES | JSON, "size": JSON}) | JSON, max_size=5)
TOTALS = st.fixed_dictionaries({"parameters": st.dictionaries(NAMES | st.just("BF16"), JSON) | JSON})
INFO = st.fixed_dictionaries(
    {},
    optional={
        "sha": JSON,
        "siblings": SIBLINGS | JSON,
        "safetensors": TOTALS | JSON,
        "gguf": st.fixed_dictionaries({"total": JSON, "architecture": JSON, "context_length": JSON}) | JSON,
        "cardData": st.fixed_dictionaries({"base_model": JSON}) | JSON,
    },
)  # fmt: skip


class Files:
    """Files that all hold the same bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def whole(self, name: str, *, most_bytes: int) -> bytes:
        return self._content[:most_bytes]

    def part(self, name: str, *, first: int, count: int) -> bytes:
        return self._content[first : first + count]


@given(info=INFO, change=st.dictionaries(st.sampled_from(sorted(LLAMA_1B)), JSON, max_size=2))
def test_hostile_descriptions(info: dict[str, Any], change: dict[str, Any]) -> None:
    """Any JSON as description and config gives facts or one of two errors, and a model or one of two refusals."""
    content = json.dumps({**LLAMA_1B, **change}).encode()
    with suppress(HubError, Unreadable):
        found = read_repository(info, Files(content), identifier="acme/m", source="here")
        assert isinstance(found, Repository)
        assert found.model_dump() == Repository.model_validate_json(found.model_dump_json()).model_dump()
        assert (adapter_rank(found) or 1) > 0
        assert same_size(found) is None or found.gguf_parameters
        with suppress(UnknownArchitecture, UnknownQuantization):
            assert isinstance(model_of(found), Model)
            assert loaded_bytes(found, {}) >= 0
