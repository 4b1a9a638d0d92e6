"""The deployment guide as an engine: its simple formulas instead of a server's allocations (`method guide`)."""

from __future__ import annotations

from typing import Any

from catalog.types import Gpu, Model
from formulas.deployment import Deployment, Layout, Version
from formulas.guide import UTILIZATION_PERCENT, GuidePlan, guide_plan


class Guide:
    """Formulas of the Vietnamese guide, for any card and layout."""

    key = "guide"
    takes_share = True
    caps_requests = False
    latest: Version = (1, 0, 0)

    def utilization(self, release: Version) -> float:
        return UTILIZATION_PERCENT / 100

    def kv_cache(self, model: Model, gpu: Gpu) -> str:
        return "fp16"

    def supports(self, gpu: Gpu) -> bool:
        return True

    def layout_problem(self, model: Model, layout: Layout) -> str | None:
        return None

    def plan(self, deployment: Deployment, laws: Any) -> GuidePlan:
        return guide_plan(deployment, laws)


ENGINE = Guide()
