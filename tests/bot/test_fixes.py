"""Fixes of pasted logs: each is the whole command, tried, and starts when it is read and sized again."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from math import floor
from pathlib import Path
from typing import Any

import pytest

from bot.answer import answer
from bot.contract import Answer
from bot.logged_command import logged_command
from bot.logs.observation import Observation
from bot.parse import parse
from bot.resolve import resolve
from formulas.estimate import Estimate, estimate
from formulas.units import GIB, MIB

FAILING = tomllib.loads(Path(__file__).with_name("data").joinpath("failing.toml").read_text(encoding="utf-8"))
CASES = [(engine, log) for engine, rows in FAILING.items() for log in rows["logs"]]
MODELS = ("Qwen/Qwen3-8B", "Qwen/Qwen3-14B", "Qwen/Qwen3-32B", "google/gemma-3-27b-it", "openai/gpt-oss-20b")
CARDS = ("NVIDIA L4", "NVIDIA A100 PCIe 40GB", "NVIDIA L40S", "NVIDIA H100 SXM 80GB")
SEEDS = 16
OTHER_CARDS = re.compile(r"Use (\d+) × (.+?)(?: \(|: )")


def gib(size: float) -> str:
    """As engines print it, never more than there is."""
    return f"{floor(100 * size / GIB) / 100:.2f}"


def flags(dice: random.Random) -> dict[str, Any]:
    return {
        "model": dice.choice(MODELS),
        "tokens": dice.choice([8192, 16384, 32768, 40960]),
        "share": dice.choice([0.7, 0.8, 0.9]),
        "size": dice.choice([1, 1, 2]),
        "sequences": dice.choice([64, 256]),
    }


def printed(command: str, model: str) -> dict[str, Any]:
    """Flags as vLLM prints those that are not by default."""
    paste = parse(command).paste
    stated = paste.flags.items() if paste else ()
    return {"model": model} | {flag[2:].replace("-", "_"): number(value) for flag, (_, value) in stated}


def number(value: str) -> Any:
    return (float(value) if "." in value else int(value)) if re.fullmatch(r"[\d.]+", value) else value


def sizes(result: Estimate, longest: int) -> dict[str, Any]:
    """What its log prints of a deployment."""
    deployment, memory = result.deployment, result.memory
    total, pool = deployment.gpu.visible_bytes, result.plan.pool(sequence_tokens=deployment.load.sequence_tokens)
    return {
        "weights": gib(memory.weights),
        "pool": gib(pool.bytes),
        "cache": gib(memory.kv_cache),
        "cache_mib": f"{memory.kv_cache / MIB:.2f}",
        "longest": longest,
        "total": gib(total),
        "budget": gib(total * result.plan.utilization),
        "half": gib(total / 2),
        "free": gib(total - GIB),
        "left": gib(max(GIB, total - GIB - memory.weights)),
    }


def logs(engine: str, row: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(log with its card, card, release) of random commands that fail so."""
    rows = FAILING[engine]
    for seed in range(SEEDS):
        dice = random.Random(f"{engine} {row['name']} {seed}")
        stated = flags(dice)
        command, card, release = rows["line"].format(**stated), dice.choice(CARDS), dice.choice(rows["releases"])
        where = f"on {card} {release}"
        result = estimate(resolve(parse(f"{command} {where}")).deployment)
        if row.get("when") in (None, "fits" if result.fits else "short"):
            capacity = answer(f"{command} {where}").answer.capacity
            known = {**stated, **sizes(result, capacity.max_sequence_tokens if capacity else 0), "command": command}
            known |= {"printed": printed(command, stated["model"]), "version": release.split()[-1]}
            settings = dice.choice([command, rows["settings"].format(**known)])
            yield f"{row['log'].format(settings=settings, **known)}\n{where}", card, release


def fixed(log: str, card: str, release: str) -> Iterator[tuple[str, Answer]]:
    """Every command that is offered, and what it comes to on the cards that it is offered for."""
    diagnosis = answer(log).answer.diagnosis
    for fix in diagnosis["fixes"] if diagnosis else ():
        if fix["command"]:
            other, said = OTHER_CARDS.search(fix["text"]), parse(fix["command"]).tensor_parallel
            cards = f"{other[1]}x {other[2]}" if other else f"{said.value if said else 1}x {card}"
            yield fix["command"], answer(f"{fix['command']} on {cards} {release}").answer


@pytest.mark.parametrize(("engine", "row"), CASES, ids=[f"{engine} {row['name']}" for engine, row in CASES])
def test_every_offered_command_starts(engine: str, row: dict[str, str]) -> None:
    """Over random logs of each engine and several releases: read again with its cards, every command offered fits."""
    offered = [pair for log in logs(engine, row) for pair in fixed(*log)]
    assert [] == [command for command, again in offered if not again.fits]
    assert offered


@pytest.mark.parametrize("engine", FAILING)
def test_no_fix_loses_a_flag(engine: str) -> None:
    """Every flag of the command that was started stands in each command that is offered, or another value of it."""
    lost = []
    for log, card, release in logs(engine, FAILING[engine]["logs"][0]):
        started = parse(log).paste
        for command, _ in fixed(log, card, release):
            kept = parse(command).paste
            lost += [] if started is None or (kept and started.flags.keys() <= kept.flags.keys()) else [command]
    assert [] == lost


@pytest.mark.parametrize(
    ("engine", "line", "expected"),
    [
        (
            "vllm",
            "INFO 01-02 [utils.py:9] non-default args: {'model_tag': 'm/x-7b', 'model': 'm/x-7b', 'port': 8001, "
            "'served_model_name': ['chat', 'b c'], 'enable_prefix_caching': False, 'api_key': ['***'], "
            "'compilation_config': {\"level\": 3}, 'trust_remote_code': True}",
            "vllm serve m/x-7b --port 8001 --served-model-name chat 'b c' --no-enable-prefix-caching --api-key '***' "
            "--compilation-config '{\"level\": 3}' --trust-remote-code",
        ),
        (
            "vllm",
            "INFO 01-02 [api_server.py:528] args: Namespace(host=None, port=8000, model='m/x-7b', dtype='auto', "
            "max_model_len=8192, tensor_parallel_size=1, gpu_memory_utilization=0.9, served_model_name=None, "
            "enforce_eager=True, disable_log_stats=False)",
            "vllm serve m/x-7b --max-model-len 8192 --gpu-memory-utilization 0.9 --enforce-eager",
        ),
        (
            "vllm",
            "INFO 01-02 llm_engine.py:98] Initializing an LLM engine (v0.6.3) with config: model='m/x-7b', "
            "speculative_config=None, dtype=torch.float16, max_seq_len=4096, load_format=LoadFormat.AUTO, "
            "tensor_parallel_size=2, quantization=awq, enforce_eager=False, kv_cache_dtype=auto)",
            "vllm serve m/x-7b --dtype float16 --max-model-len 4096 --tensor-parallel-size 2 --quantization awq",
        ),
        (
            "tgi",
            '2026-01-02T03:04:05Z  INFO text_generation_launcher: Args { model_id: "m/x-7b", revision: None, '
            "num_shard: Some(2), max_total_tokens: Some(\n 8192,\n), trust_remote_code: false }",
            "text-generation-launcher --model-id m/x-7b --num-shard 2 --max-total-tokens 8192",
        ),
        ("vllm", "INFO 01-02 [utils.py:9] non-default args: {'port': 8001}", None),
        ("llama.cpp", "llama_context: n_ctx = 8192", None),
    ],
)
def test_the_settings_that_a_log_prints_are_a_command(engine: str, line: str, expected: str | None) -> None:
    """Those that were stated with all their values; of a dump of all settings those that a question has a field for."""
    log = Observation(engine=engine, phase=None, failure=None, stage=None, configs=(line,))
    command = logged_command(log, engine)
    assert expected == (command.text if command else None)


def test_a_busy_card_is_no_reason_for_another() -> None:
    """Where the whole card holds it, what others hold is to be freed, and no other card is named."""
    texts = [step.text for step in answer(f"vllm serve Qwen/Qwen3-8B --max-model-len 8192\n{BUSY}\non h100").steps]
    assert [] == [text for text in texts if "Use 1 ×" in text]


BUSY = (
    "ValueError: Free memory on device (cuda:0) (6.31/79.18 GiB) on startup is less than desired GPU memory "
    "utilization (0.9, 71.26 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes."
)


def test_a_flag_that_is_no_matter_of_memory_is_in_the_command_too() -> None:
    """A card without bfloat16: the pasted line with --dtype half."""
    error = "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 GPU"
    reply = answer(f"{error} has compute capability 7.5.\nvllm serve Qwen/Qwen3-4B --max-model-len 8192 on t4")
    assert "vllm serve Qwen/Qwen3-4B --max-model-len 8192 --dtype half" == reply.steps[0].command


def test_what_is_not_known_is_asked_for_by_name_and_the_command_changed_all_the_same() -> None:
    """Without a GPU nothing is tried: the line with the engine's own number, and the question which GPU."""
    full = "is larger than the maximum number of tokens that can be stored in KV cache (16832)."
    error = f"ValueError: The model's max seq len (32768) {full}"
    reply = answer(f"vllm serve Qwen/Qwen3-8B --max-model-len 32768\n{error}")
    assert "vllm serve Qwen/Qwen3-8B --max-model-len 16832" == reply.steps[0].command
    assert [True] == ["GPU" in ask for ask in reply.answer.diagnosis["asks"]]


def test_an_eight_bit_cache_that_is_still_too_large_is_not_offered() -> None:
    """Half of what one request needs is more than there is: the log says so itself."""
    error = "(3.67 GiB KV cache is needed, which is larger than the available KV cache memory ({} GiB)."
    refusal = f"ValueError: To serve at least one request with the model's max seq len (40960), {error}"
    offered = [answer(refusal.format(size)).answer.diagnosis["fixes"] for size in (1.46, 2.46)]
    assert [False, True] == [any("fp8" in fix["text"] for fix in fixes if fix["flag"]) for fixes in offered]
