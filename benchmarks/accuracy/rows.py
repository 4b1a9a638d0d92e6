"""The measured start-ups: rows of tests/measured/*.toml, one file an engine."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parents[2] / "tests" / "measured"
PLACE = re.compile(r"[\w.-]+/[\w.-]+#\d+|file id \d+")
"""A thread or a file in a row's source."""


class Strict(BaseModel):
    """A table of a row: a key that is not listed here is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Logged(Strict):
    """What the log printed; absent where it printed nothing. Sizes are GiB of one GPU."""

    weights_gib: float | None = None
    kv_gib: float | None = None
    """KV cache pool; llama.cpp prints the sum over the GPUs."""
    tokens: int | None = None
    blocks: int | None = None
    concurrency: float | None = None
    """Requests of max_model_len that the pool holds."""
    graphs_gib: float | None = None
    """CUDA graphs as captured; below zero where capturing freed memory."""
    graphs_estimate_gib: float | None = None
    """CUDA graphs as the profile run estimated them."""
    peak_gib: float | None = None
    """Activation peak; from vLLM 0.29 it includes the estimate of the graphs. llama.cpp: compute buffers."""
    non_torch_gib: float | None = None
    consumed_gib: float | None = None
    """Weights and non-torch memory together."""
    needed_for: int | None = None
    """Length of the one request that did not fit, tokens."""
    needed_gib: float | None = None
    nvidia_smi_mib: float | None = None
    free_before_gib: float | None = None
    free_after_load_gib: float | None = None
    state_gib: float | None = None
    """SGLang: pools of linear-attention states, beside kv_gib."""
    draft_kv_gib: float | None = None
    """SGLang: pool of the draft model, beside kv_gib."""
    window_tokens: int | None = None


class Start(Strict):
    """One server start and its log."""

    id: str
    engine: str
    release: str
    """Release as the engine module counts it; `assumed` tells where the source says it loosely."""
    model: str
    """As the source names it."""
    base: str | None = None
    """Catalog id of the same architecture, where the catalog does not find `model` by itself."""
    weights: str | None = None
    """Key of the number format, where neither the catalog row nor the name says it."""
    recipe: dict[str, str | int] = {}
    """What the checkpoint's quantization_config says, under the names of catalog.types.Quantization."""
    own_recipe: str = ""
    """How the checkpoint's recipe, which is not known here, departs from the format's usual one; the row's weights then
    say nothing about the spread of the usual ones."""
    kv_cache: str | None = None
    stored_gib: float | None = None
    """Bytes of the checkpoint's files, where the source states them and the catalog does not know them."""
    gpu: str = ""
    """Catalog name; empty where the source does not tell."""
    total_gib: float | None = None
    """Total memory as printed; else the catalog's."""
    free_gib: float | None = None
    """Free before the start, where other processes used the card."""
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    experts: bool = False
    max_model_len: int | None = None
    utilization: float | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    """llama.cpp: n_ubatch."""
    block_size: int | None = None
    enforce_eager: bool = False
    settings: dict[str, bool | int | str] = {}
    """More settings, under the names that formulas.deployment.Settings has for them."""
    flags: str = ""
    """Settings as the source states them."""
    logged: Logged
    refused: bool = False
    """The engine refused to start."""
    confidence: Literal["high", "medium", "low"]
    source: str
    assumed: tuple[str, ...] = ()
    gaps: dict[str, str] = {}
    """Known gaps: why a quantity of this row is not predicted within its band. Read by the tests and the page."""
    unstated: str = ""
    """What the prediction needs and the source leaves out, a card or a flag; the page judges the others alone too."""
    aside: str = ""
    """Why the row says nothing about the release's constants and takes no part in their fit."""
    unscored: str = ""
    """Why the row is not scored at all."""

    @property
    def place(self) -> str:
        """The thread or file of the source, whose rows often share a machine."""
        found = PLACE.search(self.source)
        return found[0] if found else self.source.partition(",")[0]


@cache
def starts() -> tuple[Start, ...]:
    """Every row, in the order of the files."""
    return tuple(
        Start(engine=table["engine"], **row)
        for path in sorted(FOLDER.glob("*.toml"))
        for table in [tomllib.loads(path.read_text(encoding="utf-8"))]
        for row in table["start"]
    )
