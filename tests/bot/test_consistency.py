"""Figures of one question agree with those of its neighbours, over seeded random deployments of the catalog."""

from __future__ import annotations

import random
import re

import pytest

from bot.answer import answer
from bot.contract import Answer
from bot.size import is_slice
from catalog.load import load
from formulas.engines import engine
from formulas.solve import LONGEST_TOKENS

SEED, DEPLOYMENTS = 20, 60
FORMATS = {
    "vllm": ["", "bf16", "fp8", "awq", "bnb"],
    "sglang": ["", "fp8", "awq"],
    "tensorrt-llm": ["", "fp8"],
    "llama.cpp": ["q4_k_m", "q8_0"],
}


def _deployments() -> list[dict[str, object]]:
    chance = random.Random(SEED)
    models = sorted(load().models)
    cards = sorted(name for name, gpu in load().gpus.items() if gpu.vendor in ("NVIDIA", "AMD") and "(" not in name)
    found = []
    for _ in range(DEPLOYMENTS):
        engine = chance.choice(["vllm", *FORMATS])
        found.append(
            {
                "model": chance.choice(models),
                "format": chance.choice(FORMATS[engine]),
                "batch": chance.choice([1, 2, 7, 20, 64, 128]),
                "tokens": chance.choice([512, 2048, 8192, 32768]),
                "cards": chance.choice([1, 1, 2, 3, 4, 8]),
                "gpu": chance.choice(cards),
                "engine": engine,
            }
        )
    return found


def _ask(deployment: dict[str, object], **changed: object) -> Answer:
    text = "{model} {format} batch {batch} seq {tokens} on {cards}x {gpu} {engine}"
    return answer(text.format(**deployment | changed)).answer


@pytest.fixture(scope="module")
def sized() -> list[tuple[dict[str, object], Answer]]:
    return [(deployment, _ask(deployment)) for deployment in _deployments()]


def test_a_load_fits_exactly_up_to_the_largest_batch(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """Fits, headroom and largest batch say the same, and one sequence more than the largest batch does not fit."""
    wrong = []
    for deployment, found in sized:
        most = found.capacity.max_batch
        same = {found.fits, found.headroom >= 0, most >= deployment["batch"]}
        edges = not most or (_ask(deployment, batch=most).fits and not _ask(deployment, batch=most + 1).fits)
        if len(same) > 1 or not edges:
            wrong.append((found.question, most))
    assert [] == wrong


def test_a_load_fits_exactly_up_to_the_longest_sequence(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """The longest sequence fits at the batch that was asked, and one token more does not where memory is the limit."""
    wrong = []
    for deployment, found in sized:
        longest = found.capacity.max_sequence_tokens
        if not longest or longest >= LONGEST_TOKENS:
            continue
        beyond = found.capacity.max_sequence_limit == "memory" and _ask(deployment, tokens=longest + 1).fits
        if beyond or not _ask(deployment, tokens=longest).fits:
            wrong.append((found.question, longest))
    assert [] == wrong


def test_longer_sequences_never_take_less(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """Twice the length takes at least the memory, and lets no larger batch fit."""
    wrong = []
    for deployment, found in sized:
        longer = _ask(deployment, tokens=2 * deployment["tokens"])
        if longer.memory.total < found.memory.total or longer.capacity.max_batch > found.capacity.max_batch:
            wrong.append(found.question)
    assert [] == wrong


def test_the_least_utilization_holds_the_load(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """The least utilization, rounded up to a thousandth, is one at which vLLM holds the load."""
    wrong = []
    for deployment, found in sized:
        share = found.capacity.min_utilization
        if share and share <= 0.999 and deployment["engine"] == "vllm":
            rounded = int(share * 1000 + 1) / 1000
            if not _ask(deployment, engine=f"vllm utilization {rounded}").fits:
                wrong.append((found.question, rounded))
    assert [] == wrong


def test_no_more_gpus_are_called_the_fewest_than_hold_the_load(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """Where the asked GPUs hold the load, the fewest are no more than these; slices are not counted up."""
    whole = [(deployment, found) for deployment, found in sized if not is_slice(load().gpus[found.understood.gpu])]
    fewest = [(deployment["cards"], found.capacity.min_gpu_count) for deployment, found in whole if found.fits]
    assert [] == [pair for pair in fewest if pair[1] is None or pair[1] > pair[0]]


def test_changes_do_what_they_promise(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """The question of every change, asked back, gives the fit and the largest batch that the change was said to."""
    wrong = []
    for _, found in sized:
        for change in found.alternatives:
            if change.question:
                again = answer(change.question).answer
                if again.error or (again.fits, again.capacity.max_batch) != (change.fits, change.max_batch):
                    wrong.append(change.question)
    assert [] == wrong


def test_commands_do_what_they_promise(sized: list[tuple[dict[str, object], Answer]]) -> None:
    """The command of every change that fits, read back, fits too, on a card and at a length that the engine takes."""
    wrong = []
    for deployment, found in sized:
        runs = engine(deployment["engine"]).supports(load().gpus[deployment["gpu"]])
        if not runs or deployment["tokens"] > (load().models[deployment["model"]].max_length or 0):
            continue
        for change in found.alternatives:
            if change.command and change.question and change.fits:
                cards = re.match(r"\d+x .*?(?= tp\d| pp\d| dp\d| ep| --| vllm|$)", change.question.rsplit(" on ", 1)[1])
                again = answer(f"{change.command} on {cards[0]}").answer
                if again.error or again.verdict == "does_not_fit":
                    wrong.append(f"{change.command} on {cards[0]}")
    assert [] == wrong


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ("llama-3.1-8b q4_k_m on mac studio 192gb", "Apple M2 Ultra 192GB"),
        ("llama-3.1-8b q4_k_m on a mac studio with 512 GB", "Apple M3 Ultra 512GB"),
    ],
)
def test_a_mac_studio_of_a_stated_size_is_its_chip(text: str, gpu: str) -> None:
    """The memory of a Mac Studio says which chip it has, and whose share of unified memory counts."""
    assert gpu == answer(text).answer.understood.gpu


@pytest.mark.parametrize(
    ("cards", "count", "unread"), [("16 h100 over 2 nodes", 16, []), ("8 h100 over 2 nodes", 8, ["2"])]
)
def test_more_cards_than_a_node_holds_are_those_of_all_nodes(cards: str, count: int, unread: list[str]) -> None:
    """Sixteen H100 over two nodes are sixteen; eight may be meant for each, so the nodes are said to be left out."""
    understood = answer(f"deepseek-v3 on {cards}").answer.understood
    assert (count, unread) == (understood.gpu_count, understood.unread)


def test_which_card_of_a_maker_is_of_that_maker() -> None:
    """ "What amd gpu" names AMD cards alone."""
    found = answer("what amd gpu for qwen3-32b fp8 batch 10").answer
    assert {"AMD"} == {load().gpus[choice.gpu].vendor for choice in found.gpus}


def test_an_engine_that_does_not_run_on_a_card_is_said() -> None:
    """vLLM on an Apple chip is sized, with a note that it is not known to run there."""
    notes = answer("vllm qwen3-8b on m3 ultra 512gb").answer.notes
    assert any("not known to run on Apple M3 Ultra 512GB" in note for note in notes)


@pytest.mark.parametrize(
    "text",
    [
        "llama-3.1-8b on 4090, 3 GiB used",
        "llama-3.1-8b on 4090 with 3 GiB already in use",
        "llama-3.1-8b trên 4090, đã dùng 3GiB",
    ],
)
def test_memory_that_others_hold_is_taken_off_the_card(text: str) -> None:
    """What is used already is no size of a card: the rest is free."""
    found = answer(text).answer
    free = load().gpus["GeForce RTX 4090"].visible_bytes - 3 * 2**30
    assert free - found.gpu_memory.visible // 100 <= found.gpu_memory.usable <= free


def test_a_used_card_is_a_card() -> None:
    """ "3090 24gb used" is second-hand, not full."""
    found = answer("llama-3.1-8b fp8 on rtx 3090 24gb used").answer
    assert found.gpu_memory.usable > 0.9 * found.gpu_memory.visible


def test_a_card_without_bfloat16_keeps_its_cache_in_fp16() -> None:
    """The cache is named as the card holds it, whatever the weights are."""
    assert "fp16" == answer("llama-3.1-8b awq on t4").answer.understood.kv_cache


def test_a_size_without_its_version_suggests_models_of_that_size() -> None:
    """ "llama 70b" names no one model: those of 70 billion are suggested before another size."""
    suggestions = answer("llama 70b on h100").answer.error.suggestions
    assert [] == [text for text in suggestions if "70b" not in text.lower()]
