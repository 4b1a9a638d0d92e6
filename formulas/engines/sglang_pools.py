"""One GPU's pools: full layers, windowed layers and states share one budget at fixed ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from formulas.engines import sglang_versions as releases
from formulas.engines.sglang_states import NO_STATES, States


@dataclass(frozen=True, slots=True)
class Pools:
    """What one token and one request take on one GPU."""

    full: float
    """Bytes of one token in full layers."""
    windowed: float = 0
    """Bytes of one token in windowed layers with a pool of their own."""
    window: int = 0
    window_share: float = releases.WINDOW_SHARE
    states: States = NO_STATES
    cross: int = 0
    """Bytes that a request holds of its encoder's output."""
    page: int = 1
    fixed: int = 0
    """Bytes beside the tokens, whatever is cached."""

    @property
    def empty(self) -> bool:
        return not (self.full or self.windowed or self.states.size or self.cross)

    def needed(self, *, batch: int, sequence_tokens: int, laws: Any) -> int:
        """Bytes of the pool that holds these requests."""
        page = {"cache_page": self.page}
        tokens = int(laws.sglang_request_tokens(batch=batch, sequence_tokens=sequence_tokens, **page))
        if self.windowed:
            held = min(sequence_tokens, self.window + self.page)
            tokens = int(
                laws.sglang_windowed_tokens(
                    request_tokens=tokens, batch=batch, window_held=held, window_share=self.window_share
                )
            )
        size = -int(-tokens * self.cell(laws) // 1) + batch * self.cross + self.fixed
        return self.states.pool_bytes(size, batch, laws)

    def tokens(self, budget: int, laws: Any) -> int:
        """Tokens that a budget of bytes gives (max_total_num_tokens)."""
        budget = self.states.attention_bytes(budget, laws) - self.fixed
        if budget <= 0 or not self.cell(laws):
            return 0
        return int(laws.sglang_pool_tokens(pool_bytes=budget, cell_bytes=self.cell(laws), cache_page=self.page))

    def cell(self, laws: Any) -> float:
        """Bytes of one token of max_total_num_tokens."""
        if not self.windowed:
            return self.full
        return float(
            laws.sglang_windowed_cell_bytes(
                full_cell=self.full, window_cell=self.windowed, window_share=self.window_share
            )
        )
