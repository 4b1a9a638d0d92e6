"""Models of types that no reader knows: read where their own totals agree, else refused with what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import answer
from tests.hub.configs import LLAMA_1B, LLAMA_1B_PARAMETERS, QWEN3_8B, QWEN3_8B_PARAMETERS
from tests.hub.stand_in import Repo, StandIn

TOWER = 400_000_000
BUFFERS = 0.03
"""What the engine allocates beside the weights, as a share of the smallest model here."""
NEW = {**QWEN3_8B, "model_type": "brand_new"}
WRAPPED = {"model_type": "seeing", "text_config": LLAMA_1B, "vision_config": {"model_type": "new_eye"}}


@pytest.mark.parametrize(
    ("config", "total"),
    [
        (NEW, QWEN3_8B_PARAMETERS),
        (WRAPPED, LLAMA_1B_PARAMETERS + TOWER),
        ({**LLAMA_1B, "model_type": "phi4mm"}, LLAMA_1B_PARAMETERS + TOWER),
    ],
)
def test_read_where_the_total_agrees(connected: StandIn, config: dict[str, Any], total: int) -> None:
    """A plain decoder, and a wrapper by its language model, are sized from their totals, and the reply says how."""
    connected.repos["acme/new"] = Repo(config=config, parameters={"BF16": total})
    reply = answer("acme/new on h100")
    assert any("is not known" in line for line in reply.assumptions)
    assert reply.answer.memory is not None
    assert 2 * total == pytest.approx(reply.answer.memory.weights, rel=BUFFERS)


@pytest.mark.parametrize(
    ("config", "total", "said"),
    [
        (NEW, {"BF16": 5}, "dimensions that agree with its parameter total"),
        (NEW, None, "a parameter total"),
        (WRAPPED, {"BF16": LLAMA_1B_PARAMETERS - 1}, "dimensions that agree"),
        (WRAPPED, {"BF16": 9 * LLAMA_1B_PARAMETERS}, "dimensions that agree"),
        (WRAPPED, None, "a parameter total"),
        ({**NEW, "mamba_d_state": 16}, {"BF16": QWEN3_8B_PARAMETERS}, "mamba_d_state"),
        ({"model_type": "brand_new", "hidden_size": 64}, {"BF16": 5}, "num_hidden_layers"),
        ({**QWEN3_8B, "quantization_config": {"quant_method": "hqq"}}, {"BF16": 5}, "hqq"),
    ],
)
def test_refused_with_what_is_missing(
    connected: StandIn, config: dict[str, Any], total: dict[str, int] | None, said: str
) -> None:
    """Where totals disagree or are absent, and where a design has parts of its own, one sentence says so."""
    connected.repos["acme/new"] = Repo(config=config, parameters=total)
    reply = answer("acme/new on h100")
    assert "acme/new" in reply.headline
    assert said in reply.headline
