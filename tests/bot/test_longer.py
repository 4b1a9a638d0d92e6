"""Lengths beyond a model's own: what each engine does with them, and commands that start all the same."""

from __future__ import annotations

import random

import pytest

from bot import longer, refusals
from bot.answer import answer
from bot.commands import reader_of
from bot.contract import Answer
from bot.k8s import k8s_deployment
from bot.messages import messages
from bot.parse import parse
from bot.resolve import resolve
from bot.serve_command import Asked
from bot.surfaces.slack.blocks import card, memory_bar
from catalog.kept import toml
from catalog.load import load
from tests.slack.check_blocks import check

ENGINES = ("vllm", "vllm 0.11.0", "sglang", "tgi", "trt-llm", "llama.cpp")
SEED, DEPLOYMENTS = 7, 60


def told(text: str) -> Answer:
    return answer(text).answer


def test_every_row_names_its_source_and_what_there_is() -> None:
    """Rows of both tables: an engine with commands, flags that it has, a place in its code or a model card."""
    rows = [*toml(longer.FILE)["length"], *toml(refusals.FILE)["kernels"], *toml(refusals.FILE)["order"]]
    assert [] == [row for row in rows if reader_of(row["engine"]) is None or len(row["source"]) < 20]
    orders = [
        (reader_of(row["engine"]), row[place]) for row in toml(refusals.FILE)["order"] for place in ("first", "second")
    ]
    assert [] == [name for reader, name in orders if reader and reader.table.flag_of(name) is None]
    assert [] == [row for row in toml(longer.FILE)["family"] if "model card" not in row["source"]]


def test_every_family_has_a_model() -> None:
    """Each documented way is found for a model of the catalog, and reaches further than its config.json."""
    found = {stretch for model in load().models.values() if (stretch := longer.documented(model))}
    assert len(toml(longer.FILE)["family"]) == len({stretch.source for stretch in found})
    within = [
        model.id
        for model in load().models.values()
        if (way := longer.documented(model)) and way.longest <= (model.max_length or 0)
    ]
    assert [] == within


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_of_a_question_starts_whatever_its_length(engine: str) -> None:
    """Over random models and lengths: read again, the command given fits and is not refused; none is called longer."""
    dice, wrong = random.Random(f"{SEED} {engine}"), []
    decoders = [model for model in load().models.values() if model.architecture.role == "decoder" and model.max_length]
    for model in dice.sample(decoders, DEPLOYMENTS // len(ENGINES)):
        tokens = int((model.max_length or 0) * dice.choice([1.01, 2, 3.2, 9]))
        weights = "q4_k_m" if engine == "llama.cpp" else ""
        reply = answer(f"{model.id} {weights} seq {tokens} on 8x h200 {engine}")
        capacity, steps = reply.answer.capacity, [step for step in reply.steps if step.command]
        again = told(f"{steps[0].command} on 8x h200 {engine}") if steps and reply.answer.fits else None
        if (capacity and capacity.max_sequence_tokens > (model.max_length or 0)) or (again and not again.fits):
            wrong.append((model.id, tokens, steps[0].command if steps else ""))
    assert [] == wrong


@pytest.mark.parametrize(
    ("text", "tokens", "words"),
    [
        ("qwen3-8b seq 100k on h100", 102_400, "--hf-overrides"),
        ("qwen3-8b seq 100k on h100 vllm 0.9.2", 102_400, "--rope-scaling"),
        ("qwen3-8b seq 100k on h100 sglang", 102_400, "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN=1 python3"),
        ("qwen3-8b seq 300k on h100", 40_960, "vllm serve"),
        ("llama-3-8b seq 16k on h100", 8192, "vllm serve"),
        ("qwen3-8b q8_0 seq 100k on h100 llama.cpp", 40_960, "llama-server"),
        ("qwen3-8b seq 100k on h100 trt-llm", 40_960, "trtllm-serve"),
        ("llama-3-8b 70% 4k 30% 16k on h100", 8192, "vllm serve"),
    ],
)
def test_a_length_beyond_the_model(text: str, tokens: int, words: str) -> None:
    """The memory verdict stays; the command has the documented rope scaling, or else the model's own length."""
    reply = answer(text)
    command = reply.steps[0].command or ""
    assert (True, True) == (reply.answer.fits, words in command)
    assert tokens == told(f"{command} on h100").understood.sequence_tokens


def test_what_each_engine_does_with_it_is_said() -> None:
    """Refused, cut to the model's own length, or taken."""
    notes = {
        engine: " ".join(answer(f"llama-3-8b seq 16k on h100 {engine}").notes) for engine in ("", "trt-llm", "tgi")
    }
    assert ["refuses", "no more than these 8,192", "takes them"] == [
        next(words for words in ("refuses", "no more than these 8,192", "takes them") if words in note)
        for note in notes.values()
    ]


def test_a_specification_sets_the_variable() -> None:
    """SGLang's check is lifted by a variable, which a pod has to be given too."""
    deployment = resolve(parse("qwen3-8b seq 100k on h100 sglang")).deployment
    spec = k8s_deployment(deployment, Asked()) or ""
    assert 'env:\n            - {name: SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN, value: "1"}' in spec


def test_a_card_of_a_refusal_shows_the_command_put_right() -> None:
    """In Slack the bar and the table are those of the command put right, and both commands can be copied."""
    reply = answer("vllm serve Qwen/Qwen3-8B --max-model-len 100000 --port 1 on h100")
    drawn = card(reply)
    check(drawn, reply.headline)
    right = told("vllm serve Qwen/Qwen3-8B --max-model-len 40960 --port 1 on h100")
    percent = round(100 * right.memory.total / right.gpu_memory.usable) if right.memory and right.gpu_memory else 0
    assert f" {percent} %" in (memory_bar(reply, messages()) or "")
    assert [step.command for step in reply.steps] == [
        part["elements"][0]["text"]
        for block in drawn
        for part in block.get("elements", [])
        if part["type"] == "rich_text_preformatted"
    ]
