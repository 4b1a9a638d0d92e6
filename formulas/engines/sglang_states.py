"""SGLang's pool of linear-attention and Mamba states: how many there are, and what they leave of the budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from formulas.deployment import Deployment
from formulas.engines import sglang_versions as releases


@dataclass(frozen=True, slots=True)
class States:
    """States of a hybrid model on one GPU."""

    size: int = 0
    """Bytes of one state over all layers; 0 where the model has none."""
    slots: int | None = None
    """States where their number is stated; None: a share of the budget."""
    per_request: int = 1
    """States that one running request holds."""
    share: float = releases.STATE_SHARE
    spare: int = 1
    draft_tokens: int = 0
    """Tokens whose states are kept until they are verified, for each running request."""
    most_requests: int = 0
    """Running requests, where draft tokens bound them."""

    def attention_bytes(self, budget: int, laws: Any) -> int:
        """What the states leave of a budget; below zero where they do not fit."""
        if not self.size:
            return budget
        slots = self._slots(budget, laws) if self.slots is None else self.slots
        verified = min(self.most_requests, max(0, slots) // self.per_request)
        return int(
            laws.sglang_attention_pool_bytes(
                pool_bytes=budget, state_slots=slots, verified_requests=verified, **self._drafts, **self._each
            )
        )

    def pool_bytes(self, attention: int, batch: int, laws: Any) -> int:
        """The least budget that leaves so much for attention and holds the states of so many requests."""
        if not self.size:
            return attention
        kept = {"state_slots": self.per_request * batch, "verified_requests": min(self.most_requests, batch)}
        if self.slots is not None:
            kept["state_slots"] = max(self.slots, kept["state_slots"])
            return int(laws.sglang_stated_pool_bytes(attention_bytes=attention, **kept, **self._drafts, **self._each))
        return int(
            laws.sglang_state_pool_bytes(
                attention_bytes=attention,
                state_share=self.share,
                states_held=self.per_request,
                **kept,
                **self._drafts,
                **self._each,
            )
        )

    def _slots(self, budget: int, laws: Any) -> int:
        return int(
            laws.sglang_state_slots(
                pool_bytes=max(0, budget),
                state_share=self.share,
                states_held=self.per_request,
                **self._drafts,
                **self._each,
            )
        )

    @property
    def _each(self) -> dict[str, int]:
        return {"sequence_state_bytes": self.size, "spare_slots": self.spare}

    @property
    def _drafts(self) -> dict[str, int]:
        return {"draft_tokens": self.draft_tokens}


NO_STATES = States()


def states(deployment: Deployment, size: int) -> States:
    """The states of this deployment, each of so many bytes."""
    settings = deployment.settings
    if not size:
        return NO_STATES
    alone = settings.prefix_caching is False
    drafts = settings.speculative_tokens
    return States(
        size=size,
        slots=settings.max_sequences if settings.state_slots is None and alone else settings.state_slots,
        per_request=1 if alone else _per_request(deployment),
        share=settings.state_share or releases.STATE_SHARE,
        spare=releases.SPARE_STATES.at(deployment.engine_version),
        draft_tokens=drafts,
        most_requests=(settings.max_sequences or releases.DRAFTED_REQUESTS) if drafts else 0,
    )


def _per_request(deployment: Deployment) -> int:
    """With the prefix cache: the running state, two kept ones, and tracking slots where kernels write them."""
    tracked = deployment.model.architecture.has_mixer("gated_delta_net", "kimi_delta")
    return releases.STATE_SLOTS + (releases.TRACKING_SLOTS if tracked else 0)
