"""The solver: every answer n fits, and n + 1 does not."""

from __future__ import annotations

from hypothesis import assume, given

from formulas.deployment import Deployment, Layout
from formulas.engines import engine
from formulas.estimate import estimate
from formulas.solve import (
    GPU_COUNTS,
    LONGEST_TOKENS,
    MOST_SEQUENCES,
    fewest_gpus,
    fitting_gpus,
    largest,
    largest_batch,
    least_utilization,
    longest_sequence,
)
from tests.formulas.deployments import card, deploy, deployments


def fits(deployment: Deployment) -> bool:
    return estimate(deployment).fits


@given(deployments())
def test_largest_batch(deployment: Deployment) -> None:
    """The largest batch fits, one more does not, unless the search's own bound was reached."""
    most = largest_batch(deployment, estimate(deployment).plan)
    assume(most < MOST_SEQUENCES)
    assert most == 0 or fits(deployment.at(batch=most))
    assert not fits(deployment.at(batch=most + 1))


@given(deployments())
def test_longest_sequence(deployment: Deployment) -> None:
    """The longest sequence fits, one token more does not, unless the search's own bound was reached."""
    longest = longest_sequence(deployment, estimate(deployment).plan)
    assume(longest < LONGEST_TOKENS)
    assert longest == 0 or fits(deployment.at(sequence_tokens=longest))
    assert not fits(deployment.at(sequence_tokens=longest + 1))


@given(deployments())
def test_fewest_gpus(deployment: Deployment) -> None:
    """The fewest GPUs hold the question in an accepted layout, and no accepted tensor-parallel layout of fewer does."""
    found = fewest_gpus(deployment)
    fewer = [count for count in GPU_COUNTS if found is None or count < found.deployment.layout.gpu_count]
    if found:
        assert found.fits
        assert engine("vllm").layout_problem(deployment.model, found.deployment.layout) is None
    for tensor in (count for count in fewer if count <= 8):
        layout = Layout(tensor_parallel=tensor)
        accepted = engine("vllm").layout_problem(deployment.model, layout) is None
        assert not (accepted and fits(deployment.change(layout=layout)))


@given(deployments())
def test_least_utilization(deployment: Deployment) -> None:
    """A thousandth above the least utilization fits, a thousandth below does not."""
    least = least_utilization(estimate(deployment))
    assume(least is not None and 0.01 < least < 0.99)

    def at(utilization: float) -> Deployment:
        from dataclasses import replace

        return deployment.change(settings=replace(deployment.settings, utilization=utilization))

    assert fits(at(least + 0.001))
    assert not fits(at(least - 0.001))


def test_replicas_multiply_the_batch() -> None:
    """Three replicas hold three times what one does."""
    one = deploy("llama-3.1-8b")
    three = deploy("llama-3.1-8b", layout=Layout(data_parallel=3))
    assert 3 * largest_batch(one, estimate(one).plan) == largest_batch(three, estimate(three).plan)


def test_fitting_gpus_come_smallest_first() -> None:
    """Cards too small even for eight are left out; the rest come by the memory that must be bought."""
    cards = [card(141, name="large"), card(2, name="tiny"), card(24, name="small"), card(48, name="middle")]
    found = fitting_gpus(deploy("llama-3.1-8b", tokens=4096), cards)
    assert ["small", "middle", "large"] == [choice.gpu.name for choice in found]
    assert all(choice.estimate.fits for choice in found)


def test_largest_handles_its_bounds() -> None:
    """Nothing fits gives 0, everything fits gives the limit."""
    assert (0, 7, 12) == (largest(lambda n: False, 7), largest(lambda n: True, 7), largest(lambda n: n <= 12, 100))
