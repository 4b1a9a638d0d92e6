"""The cache pool as vLLM's own planner lays it out: groups, pages, blocks, printed tokens and concurrency."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from catalog.load import load
from formulas import compiled
from formulas.deployment import Deployment, Layout, Load, Settings, version
from formulas.engines.vllm_cache import CachePlan
from formulas.engines.vllm_plan import VllmPlan
from tests.formulas.deployments import A100, H100

ROWS = Path(__file__).parent / "data" / "vllm_planner.toml"
PLANS = tomllib.loads(ROWS.read_text(encoding="utf-8"))["plan"]
CARDS = {"A100": A100, "H100": H100}


def planned(row: dict[str, Any]) -> VllmPlan:
    """Our plan of one row."""
    model, formats = load().models[row["model"]], load().formats
    deployment = Deployment(
        model=model,
        weights=formats[model.quantization.weights if model.quantization else "bf16"],
        kv_cache=formats[row.get("kv_cache", "bf16")],
        formats=formats,
        gpu=CARDS[row.get("gpu", "H100")],
        engine="vllm",
        engine_version=version("0.33.0"),
        layout=Layout(tensor_parallel=row.get("tensor", 1), pipeline_parallel=row.get("pipeline", 1)),
        settings=Settings(
            max_batched_tokens=row["max_num_batched_tokens"],
            prefix_caching=row.get("prefix_caching"),
            hybrid_manager=row.get("hybrid_manager"),
        ),
        load=Load(batch=1, sequence_tokens=row["max_model_len"]),
    )
    return VllmPlan(deployment, compiled)


def shown(row: dict[str, Any]) -> str:
    return " ".join(str(row[key]) for key in ("model", "tensor", "pipeline", "max_model_len") if key in row)


@pytest.mark.parametrize("row", PLANS, ids=shown)
def test_pages_are_those_of_the_planner(row: dict[str, Any]) -> None:
    """Page bytes on every stage, and layers, kind and tokens of every group."""
    plan = planned(row)
    pool = plan.stages[0].cache
    assert isinstance(pool, CachePlan)
    assert row["page_bytes"] == [stage.cache.page_bytes for stage in plan.stages]
    kinds = [(group.kind, group.block) for group in pool.groups for _ in range(group.groups)]
    groups = [[len(members), *kind] for members, kind in zip(pool.members, kinds, strict=True)]
    assert row["groups"] == sorted(groups)


@pytest.mark.parametrize("row", PLANS, ids=shown)
def test_blocks_and_tokens_are_those_of_the_planner(row: dict[str, Any]) -> None:
    """Blocks of the pool, pages of one request, and the tokens that the engine prints for them."""
    plan, length = planned(row), row["max_model_len"]
    cache_bytes = plan.memory(batch=1, sequence_tokens=length).kv_cache
    blocks = min(row["pool"] // stage.cache.page_bytes for stage in plan.stages)
    assert row["blocks"] == blocks
    assert row["pages"] == cache_bytes // plan.stages[0].cache.page_bytes
    assert row["tokens"] == plan.tokens(row["pool"], sequence_tokens=length)
    assert row["concurrency"] == round(blocks / row["pages"], 4)
