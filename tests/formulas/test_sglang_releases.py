"""SGLang release by release: DeepSeek-V4's pools, the kernels of ROCm, packed keys and constants out of logs."""

from __future__ import annotations

import pytest

from formulas import compiled
from formulas.deployment import Settings
from formulas.engines.sglang_cache import pools
from formulas.engines.sglang_fraction import static_fraction
from formulas.engines.sglang_pools import Pools
from formulas.engines.sglang_seen import CONTEXT_SMALL, SEEN, Seen
from tests.formulas.deployments import card
from tests.formulas.test_sglang import GIB, H100, run

MI355X = card(288.0, capability=None).model_copy(update={"vendor": "AMD"})
FLASH = "deepseek-ai/DeepSeek-V4-Flash"


def flash(release: str, settings: Settings | None = None) -> Pools:
    """The pools of DeepSeek-V4-Flash."""
    deployment = run(FLASH, release=release, kv_cache="fp8", settings=settings)
    return pools(deployment, deployment.model.architecture.counts, compiled)


def test_states_of_deepseek_v4_are_counted_with_the_window() -> None:
    """bytes_per_full_token=15955.85 and 3,080,960 tokens in 45.78 GiB, logged on 8 x H20 in May 2026."""
    found = flash("0.5.12")
    assert 15955.85 == pytest.approx(found.cell(compiled), abs=0.01)
    assert 3_080_960 == pytest.approx(found.tokens(int(45.78 * GIB), compiled), rel=2e-4)


def test_states_of_deepseek_v4_belong_to_requests_later() -> None:
    """From 0.5.16 rings of 128 rows of 4 KiB in 20 layers for each request, one more and one spare, and a row."""
    rows = -(-(34 * 128 + 1) // 128) * 128
    assert rows * 4096 * 20 == flash("0.5.16", Settings(max_sequences=32)).fixed
    assert flash("0.5.12").cell(compiled) - flash("0.5.16").cell(compiled) == pytest.approx(0.1 * (4096 * 20 + 584))


def test_a_draft_doubles_the_rings_of_deepseek_v4() -> None:
    """16 and 256 rows, and one layer more: 1,066,240 tokens of 26,071 bytes on 4 x H200."""
    assert 26_071 == pytest.approx(flash("0.5.12", Settings(speculative_tokens=2)).cell(compiled), abs=1)


def test_stated_requests_bound_the_window_of_deepseek_v4() -> None:
    """From 0.5.21 the window's tokens are fixed: what requests, chunks and cached prefixes need."""
    stated, open_ended = flash("0.5.21", Settings(max_sequences=8)), flash("0.5.21")
    assert [0, True] == [stated.windowed, open_ended.windowed > 0]
    cached = flash("0.5.21", Settings(max_sequences=8, prefix_caching=False))
    assert (4 * 8 * (128 + 256) // 256 * 256) * open_ended.windowed == pytest.approx(stated.fixed - cached.fixed)


@pytest.mark.parametrize(
    ("model", "tensor_parallel", "factor"),
    [
        ("Qwen/Qwen3-8B", 1, 0.85),
        ("deepseek-ai/DeepSeek-R1", 8, 0.85),
        ("moonshotai/Kimi-K2-Instruct", 8, 1.0),
        ("deepseek-ai/DeepSeek-V3.2", 8, 1.0),
    ],
)
def test_aiter_takes_part_of_the_share_where_it_is_the_default(model: str, tensor_parallel: int, factor: float) -> None:
    """Latent attention with 8 heads a GPU and sparse attention have other kernels on ROCm."""
    settings = Settings(utilization=0.8)
    deployment = run(model, gpu=MI355X, tensor_parallel=tensor_parallel, settings=settings)
    assert 0.8 * factor == pytest.approx(static_fraction(deployment, compiled))


def test_fraction_of_kimi_on_eight_mi355x() -> None:
    """mem_fraction_static=0.8260405859375 in a log of 0.5.8: a tower of 27 layers."""
    deployment = run("moonshotai/Kimi-K2.5", gpu=MI355X, release="0.5.8", tensor_parallel=8)
    assert 0.8260405859375 == pytest.approx(static_fraction(deployment, compiled), abs=1e-9)


def test_packed_keys_are_counted_from_0_5_17() -> None:
    """Before, the pool of DeepSeek-V3.2 was sized for one byte a value."""
    cells = [
        pools(deployment, deployment.model.architecture.counts, compiled).cell(compiled)
        for deployment in (
            run("deepseek-ai/DeepSeek-V3.2", kv_cache="fp8", gpu=H100, release=release)
            for release in ("0.5.16", "0.5.17")
        )
    ]
    assert [61 * (576 + 132), 61 * (656 + 132)] == cells


def test_states_are_halved_where_the_command_says_so() -> None:
    """--mamba-ssm-dtype bfloat16 halves the states of Qwen3.5-27B; their convolutions are in the model's dtype."""
    wide, narrow = (
        pools(deployment, deployment.model.architecture.counts, compiled).states.size
        for deployment in (
            run("Qwen/Qwen3.5-27B", settings=Settings(state_dtype=dtype)) for dtype in (None, "bfloat16")
        )
    )
    assert [153_944_064, 78_446_592] == [wide, narrow]


def test_constants_are_the_middle_of_their_logs() -> None:
    """A log that stands alone has nothing to be set against; the others are set against the rest."""
    assert round(0.45 * GIB) == CONTEXT_SMALL.bytes
    assert [(), (-2.0, 2.0)] == [Seen("one", (1.0,)).left_out, Seen("two", (1.0, 3.0)).left_out]
    assert all(len(each.left_out) in (0, len(each.gib)) for each in SEEN)
