"""The machine-readable answer, over questions of every kind: its numbers agree, and a second question confirms them."""

from __future__ import annotations

import json
from functools import cache

import pytest

from bot.answer import answer
from bot.contract import Alternative, Answer
from bot.parse import parse
from bot.questions import question
from bot.reply import Reply
from bot.resolve import resolve
from bot.steps import SHOWN
from catalog.load import load
from tests.bot.said import DATA

QUESTIONS = (DATA / "answered.txt").read_text("utf-8").splitlines()
FIELDS = {
    "question", "understood", "memory", "gpu_memory", "fits", "headroom", "capacity", "uncertainty", "gpus",
    "alternatives", "diagnosis", "error",
}  # fmt: skip
UNDERSTOOD = {
    "model", "weights", "kv_cache", "batch", "sequence_tokens", "mix", "gpu", "gpu_count", "tensor_parallel",
    "pipeline_parallel", "data_parallel", "engine", "engine_version", "utilization", "max_batched_tokens",
    "max_sequences", "solve_for", "method", "assumed",
}  # fmt: skip
CHOICES_CHECKED = 4
"""GPU choices of one answer that are asked again."""

every_question = pytest.mark.parametrize("text", QUESTIONS)


@cache
def asked(text: str) -> Reply:
    reply = answer(text)
    assert reply.answer.error is None
    return reply


def found(text: str) -> Answer:
    return asked(text).answer


@every_question
def test_every_field_is_there(text: str) -> None:
    """Names of the contract are keys of the JSON object, whether they have a value or not."""
    document = json.loads(found(text).model_dump_json())
    assert document.keys() >= FIELDS
    assert document["understood"].keys() >= UNDERSTOOD
    assert text == document["question"]


@every_question
def test_the_parts_add_up(text: str) -> None:
    """total is the sum of the four parts, all whole numbers of at least 0."""
    memory = found(text).memory
    assert memory is not None
    parts = [memory.weights, memory.kv_cache, memory.activations, memory.overhead]
    assert sum(parts) == memory.total
    assert [part for part in parts if part < 0] == []


@every_question
def test_fits_follows_from_total_and_usable(text: str) -> None:
    """With a GPU: fits is total <= usable and headroom their difference; without one all of it is null."""
    reply = found(text)
    named = reply.understood.gpu is not None
    given = [reply.fits, reply.headroom, reply.gpu_memory, reply.capacity]
    assert [named] * len(given) == [value is not None for value in given]
    if reply.memory and reply.gpu_memory:
        assert reply.gpu_memory.usable - reply.memory.total == reply.headroom
        assert (reply.memory.total <= reply.gpu_memory.usable) is reply.fits
        assert reply.gpu_memory.usable <= reply.gpu_memory.visible


@every_question
def test_null_where_it_is_asked_for(text: str) -> None:
    """batch is null for a command and where it is solved for, the length only where it is solved for."""
    understood = found(text).understood
    is_open = parse(text).command or understood.solve_for == "batch"
    assert (understood.batch is None) is is_open
    assert (understood.sequence_tokens is None) is (understood.solve_for == "sequence")


@every_question
def test_the_layout_uses_every_gpu(text: str) -> None:
    """gpu_count is the product of the parallel sizes."""
    seen = found(text).understood
    sizes = [seen.tensor_parallel or 1, seen.pipeline_parallel or 1, seen.data_parallel or 1]
    assert sizes[0] * sizes[1] * sizes[2] == seen.gpu_count


@every_question
def test_gpus_come_smallest_first_and_hold_it(text: str) -> None:
    """Choices are in the order of memory; each, asked about by itself, fits."""
    reply, cards = found(text), load().gpus
    sizes = [cards[choice.gpu].visible_bytes * choice.gpu_count for choice in reply.gpus]
    assert sorted(sizes) == sizes
    assert [choice for choice in reply.gpus if choice.headroom < 0] == []
    seen = reply.understood
    for choice in reply.gpus[:CHOICES_CHECKED]:
        load_ = f"batch {seen.batch} seq {seen.sequence_tokens} on {choice.gpu_count}x {choice.gpu}"
        again = answer(f"{seen.model} {seen.weights} kv {seen.kv_cache} {load_} {seen.engine} {seen.engine_version}")
        assert again.answer.fits is True


@every_question
def test_alternatives_keep_their_promise(text: str) -> None:
    """The question of an alternative is read whole and answers as the alternative says; -ngl is no question's word."""
    for other in found(text).alternatives:
        if other.change.startswith("gpu_layers="):
            assert other.question is None
            continue
        again = _again(other)
        assert [] == again.understood.unread
        assert (other.fits, other.max_batch) == (again.fits, again.capacity and again.capacity.max_batch)


@every_question
def test_commands_are_read_back(text: str) -> None:
    """A command, pasted back, is the deployment that it came with."""
    reply = asked(text)
    for step in reply.steps:
        if step.command and step.question:
            _check_command(step.command, found(step.question), longest=bool(reply.answer.understood.mix))


@every_question
def test_a_reply_is_short_and_says_what_it_holds_for(text: str) -> None:
    """At most five steps, none of them the question itself; engine and release are named once at the end."""
    reply = asked(text)
    seen = reply.answer.understood
    assert len(reply.steps) <= SHOWN
    assert [step for step in reply.steps if step.question == text] == []
    ends = " ".join((*reply.assumptions, reply.source))
    assert seen.method == "guide" or (seen.engine_version or "") in ends


@every_question
def test_no_step_promises_less_than_what_is_there(text: str) -> None:
    """Where the load does not fit, every solved change that is shown as a step fits."""
    reply = asked(text)
    if reply.answer.fits is False:
        solved = [step.question for step in reply.steps if step.question and step.question.count(" batch ")]
        assert [True] * len(solved) == [found(question).fits for question in solved]


def _again(other: Alternative) -> Answer:
    assert other.question
    return found(other.question)


def _check_command(command: str, meant: Answer, *, longest: bool) -> None:
    want = meant.understood
    card = _spoken_card(want.gpu or "")
    pasted = found(f"{command} on {want.gpu_count}x {card}").understood
    names = ["model", "weights", "kv_cache", "utilization", "tensor_parallel", "pipeline_parallel", "data_parallel"]
    names += [] if longest else ["sequence_tokens"]
    assert [getattr(want, name) for name in names] == [getattr(pasted, name) for name in names]


def _spoken_card(name: str) -> str:
    gpu = load().gpus.get(name)
    return gpu.aliases[0] if gpu and "(" in name else name


def test_questions_written_by_the_bot_keep_every_setting() -> None:
    """Settings, engine and release that are not the default come back from the question as they went in."""
    text = "qwen3-32b fp8 4 users 8k 2x h100 util 0.8 enforce eager max-num-seqs 64 vllm 0.19.0"
    meant = resolve(parse(text)).deployment
    assert meant == resolve(parse(question(meant))).deployment
