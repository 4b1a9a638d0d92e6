"""The verdict on a pasted command: whether it starts, what limits it, and each change as the whole command."""

from __future__ import annotations

import pytest

from bot.answer import answer
from bot.commands import find_command
from bot.commands.rewrite import Change, rewritten
from bot.reply import Reply
from bot.surfaces.slack.blocks import card
from tests.slack.check_blocks import check

LINE = "vllm serve Qwen/Qwen3-32B --max-model-len 40000 --port 8001 --max-num-seqs 256"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "vllm serve Qwen/Qwen3-32B --dtype float8 on h100",
            ("`--dtype float8`", "FP8 checkpoint", "`--quantization fp8`"),
        ),
        ("vllm serve Qwen/Qwen3-8B --max-model-len 200000 on h100", ("200,000", "40,960", "rope scaling")),
        ("sglang serve --model-path Qwen/Qwen3-8B --context-length 99999 on h100", ("99,999", "40,960")),
        ("vllm serve Qwen/Qwen3-8B --max-model-len 8192 --quantization fp8 on v100 32gb", ("7.5", "V100")),
        (
            "vllm serve Qwen/Qwen3-8B --gpu-memory-utilization 0.95 --max-model-len 8k on h100, 40 GiB free",
            ("0.95", "79.2 GiB are free"),
        ),
    ],
)
def test_what_the_engine_refuses(text: str, words: tuple[str, ...]) -> None:
    """Dangerous combinations are the headline, whatever the memory says; the first step is the command put right."""
    reply = answer(text)
    assert (False, "does_not_fit") == (reply.answer.fits, reply.answer.verdict)
    assert [] == [word for word in words if word not in reply.headline]
    mended = answer(f"{reply.steps[0].command} {_behind(text)}").answer
    assert mended.fits is True


def _behind(text: str) -> str:
    return text[text.rindex(" on ") :]


@pytest.mark.parametrize(
    "text",
    [
        "vllm serve Qwen/Qwen3-8B --max-model-len 40960 on h100",
        'vllm serve Qwen/Qwen3-8B --max-model-len 100000 --hf-overrides \'{"rope_scaling": {"factor": 4.0}}\' on h100',
        "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 vllm serve Qwen/Qwen3-8B --max-model-len 100000 on h100",
        "vllm serve Qwen/Qwen3-8B --dtype half --max-model-len 8192 on v100 32gb",
    ],
)
def test_what_it_takes(text: str) -> None:
    """The model's own length, rope scaling, the variable that lifts the check and 16 bits start."""
    assert answer(text).answer.fits is True


def changed(reply: Reply) -> dict[str, str]:
    """First changed flag of each step -> its command."""
    return {step.marks[0].partition(" ")[0]: step.command or "" for step in reply.steps if step.marks}


def test_each_change_is_the_whole_command_and_keeps_its_promise() -> None:
    """Length, sequences, cache, share, graphs: the pasted line with that alone changed, which then starts."""
    reply = answer(f"{LINE} on a100 80gb")
    commands = changed(reply)
    assert reply.answer.fits is False
    assert {"--kv-cache-dtype", "--max-num-seqs", "--gpu-memory-utilization", "--enforce-eager"} <= commands.keys()
    assert [] == [
        command for command in commands.values() if not command.startswith("vllm serve Qwen/Qwen3-32B --max-")
    ]
    assert [] == [command for command in commands.values() if "--port 8001" not in command]
    assert [True] * len(commands) == [answer(f"{command} on a100 80gb").answer.fits for command in commands.values()]


def test_a_card_has_every_changed_command_to_copy() -> None:
    """In Slack each is a block of code, its changed flags named before it; in the terminal they are bold."""
    reply = answer(f"{LINE} on a100 80gb")
    drawn = card(reply)
    check(drawn, reply.headline)
    copied = [
        part["elements"][0]["text"]
        for block in drawn
        for part in block.get("elements", [])
        if part["type"] == "rich_text_preformatted"
    ]
    assert list(changed(reply).values()) == copied
    assert [] == [step.text for step in reply.steps for mark in step.marks if f"`{mark}`" not in step.text]


def test_the_limits_are_exact() -> None:
    """One sequence more than the solved number does not fit."""
    command = changed(answer(f"{LINE} on a100 80gb"))["--max-num-seqs"]
    number = int(command.rsplit(" ", 1)[1])
    more = command.replace(f"--max-num-seqs {number}", f"--max-num-seqs {number + 1}")
    assert (True, False) == tuple(answer(f"{line} on a100 80gb").answer.fits for line in (command, more))


def test_what_limits_a_server_that_starts() -> None:
    """Requests of the full and of a usual length, and whether the cache or the sequence limit binds."""
    serve = "vllm serve Qwen/Qwen3-8B --max-model-len 16384 --max-num-seqs"
    cache, sequences = (" ".join(answer(f"{serve} {count} on h100").facts) for count in (512, 4))
    assert "2,048 tokens at once" in cache
    assert ("KV cache is the limit" in cache, "KV cache is the limit" in sequences) == (True, False)
    assert "sequence limit" in sequences


@pytest.mark.parametrize(
    ("flags", "note"),
    [
        ("--foo-bar 3", "vLLM has no flag `--foo-bar`"),
        ("--gpu-memory-utilisation 0.9", "`--gpu-memory-utilisation` is read as `--gpu-memory-utilization`"),
        ("--max-model-len 4096", "`--max-model-len 4096` comes a second time"),
        ("--tp 2", "`--tp` is read as `--tensor-parallel-size`"),
    ],
)
def test_flags_that_are_amiss_are_named(flags: str, note: str) -> None:
    """Unknown, misspelt and repeated flags are named with what they were taken for; others in silence."""
    quiet, noted = (
        " ".join(answer(f"vllm serve Qwen/Qwen3-8B --max-model-len 8192 {more} on 2x h100").notes)
        for more in ("--trust-remote-code --port 1", flags)
    )
    assert (False, True) == ("flag" in quiet, note in noted)


@pytest.mark.parametrize(
    ("image", "flag", "note"),
    [
        ("v0.6.6", "--enable-expert-parallel", "comes with vLLM 0.8.0"),
        ("v0.33.0", "--swap-space 4", "is gone from vLLM"),
    ],
)
def test_flags_of_another_release_are_named(image: str, flag: str, note: str) -> None:
    """A flag that the stated release does not have yet, or no longer has."""
    reply = answer(f"docker run vllm/vllm-openai:{image} --model Qwen/Qwen3-8B --max-model-len 4096 {flag} on h100")
    assert [True] == [note in each for each in reply.notes if flag.split()[0] in each]


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (
            "vllm serve Qwen/Qwen3-32B --port 80 -tp 3 --max-model-len 8192 on 3x l40s",
            "heads_not_divisible",
            "vllm serve Qwen/Qwen3-32B --port 80 -tp 2 --max-model-len 8192",
        ),
        (
            "text-generation-launcher --model-id Qwen/Qwen3-8B --max-input-tokens 8192 --max-total-tokens 8192 on h100",
            "order_strict",
            "text-generation-launcher --model-id Qwen/Qwen3-8B --max-input-tokens 8191 --max-total-tokens 8192",
        ),
        (
            "vllm serve Qwen/Qwen3-8B --max-model-len 8192 --max-num-seqs 512 --max-num-batched-tokens 256 on h100",
            "order",
            "vllm serve Qwen/Qwen3-8B --max-model-len 8192 --max-num-seqs 256 --max-num-batched-tokens 256",
        ),
        (
            "vllm serve Qwen/Qwen3-8B --max-model-len 100000 -tp 3 on 3x h100",
            "heads_not_divisible length",
            "vllm serve Qwen/Qwen3-8B --max-model-len 40960 -tp 2",
        ),
    ],
)
def test_a_refused_command_shows_what_the_command_put_right_comes_to(text: str, reason: str, line: str) -> None:
    """Verdict and reasons of the refusal; figures, in the table as in JSON, of the command put right; it starts."""
    reply = answer(text)
    refused, capacity = reply.answer.refused, reply.answer.capacity
    assert refused is not None
    assert capacity is not None
    assert (reason.split(), line, True) == (refused.reasons, refused.command, refused.fits)
    assert (False, 0, 0) == (reply.answer.fits, capacity.max_batch, capacity.kv_cache_tokens)
    assert (line, True) == (reply.steps[0].command, "put right" in reply.tables[0].caption)
    again = answer(line + text[text.rindex(" on ") :]).answer
    assert (again.fits, again.memory, again.capacity) == (refused.fits, refused.memory, refused.capacity)


def test_what_no_flag_puts_right_shows_no_figures() -> None:
    """SGLang refuses cards before Turing: why and what else to do, and no table of a server that never starts."""
    reply = answer("sglang serve --model-path Qwen/Qwen3-8B --dtype float16 on v100 32gb")
    assert (False, ["card"], (), ()) == (reply.answer.fits, reply.answer.refused.reasons, reply.tables, reply.facts)
    assert "7.5" in reply.steps[0].text


def test_a_length_that_the_card_documents_is_offered_with_its_rope_scaling() -> None:
    """Beside the model's own length: the pasted line with YaRN, which starts at the length that was asked for."""
    text = "vllm serve Qwen/Qwen3-8B --max-model-len 100000 --port 1"
    shorter, longer = (step.command for step in answer(f"{text} on h100").steps[:2])
    assert "vllm serve Qwen/Qwen3-8B --max-model-len 40960 --port 1" == shorter
    assert longer.startswith(f"{text} --hf-overrides ")
    assert (True, 100_000) == ((again := answer(f"{longer} on h100").answer).fits, again.understood.sequence_tokens)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vllm serve m/x-7b --max-model-len 9 # c", "vllm serve m/x-7b --max-model-len 5 --enforce-eager"),
        (
            "vllm serve m/x-7b --max_model_len=9 --port 1",
            "vllm serve m/x-7b --max_model_len 5 --port 1 --enforce-eager",
        ),
        (
            "vllm serve m/x-7b \\\n  --max-model-len 9 \\\n  -q awq",
            "vllm serve m/x-7b \\\n  --max-model-len 5 \\\n  -q awq --enforce-eager",
        ),
        ("image: vllm/vllm-openai\nargs: [--model, m/x-7b, --max-model-len, '9']", None),
        ("LLM(model='m/x-7b', max_model_len=9, max_num_seqs=2, gpu_memory_utilization=0.9)", None),
    ],
)
def test_rewriting_keeps_what_was_written(text: str, expected: str | None) -> None:
    """Spelling, order, continued lines and other flags stay; what is no line for a shell is not rewritten."""
    command = find_command(text)
    assert command is not None
    assert expected == rewritten(command, [Change("--max-model-len", "5"), Change("--enforce-eager")])


@pytest.mark.parametrize(
    ("form", "start", "metric"),
    [
        ("as vllm", "vllm serve Qwen/Qwen3-8B", "vllm:num_requests_waiting"),
        ("as sglang", "python3 -m sglang.launch_server --model-path Qwen/Qwen3-8B", "sglang:token_usage"),
        ("as tgi", "text-generation-launcher --model-id Qwen/Qwen3-8B", "tgi_queue_size"),
        ("as trt-llm", "cat > options.yaml", "usedNumBlocks"),
        ("as llama.cpp", "llama-server -m Qwen3-8B-", "llamacpp:requests_deferred"),
        ("as k8s", "apiVersion: apps/v1", "vllm:num_requests_waiting"),
        ("dạng sglang", "python3 -m sglang.launch_server", "sglang:num_queue_reqs"),
    ],
)
@pytest.mark.parametrize(
    "question",
    [
        "qwen3-8b on h100 batch 4 seq 8k",
        "vllm serve Qwen/Qwen3-8B --max-model-len 8192 --gpu-memory-utilization 0.9 on h100",
    ],
)
def test_an_answer_as_a_command(question: str, form: str, start: str, metric: str) -> None:
    """Any answer as the command of an engine or a specification, and the metrics to watch by their names there."""
    steps = answer(f"{question} {form}").steps
    assert (True, True) == ((steps[0].command or "").startswith(start), metric in steps[1].text)


def test_a_form_that_cannot_be_written_says_why() -> None:
    """SGLang makes no 4-bit format by itself."""
    step = answer("qwen3-8b bnb-nf4 on h100 as sglang").steps[0]
    assert (None, True) == (step.command, "checkpoint of its own" in step.text)


def test_flags_that_are_added_are_spelled_as_the_engine_takes_them() -> None:
    """trtllm-serve knows underscores alone, whatever the paste is written with."""
    reply = answer("trtllm-serve Qwen/Qwen3-32B --max_seq_len 8192 --max-sequence-length 4096 on l40s")
    assert any("read as `--max_seq_len`" in note for note in reply.notes)
    found = [(step.marks, step.command) for step in reply.steps if "tensor" in str(step.marks)]
    assert [("--tensor_parallel_size 2",)] == [marks for marks, _ in found]
    assert [True] == [(command or "").endswith("--tensor_parallel_size 2") for _, command in found]


SGLANG = "python -m sglang.launch_server --model-path Qwen/Qwen3-32B --quantization fp8"


def test_an_engine_that_caps_requests_starts_with_what_its_cache_holds() -> None:
    """SGLang refuses longer requests singly, so a command that states no length starts with a shorter one."""
    reply = answer(f"{SGLANG} on l40s")
    capacity = reply.answer.capacity
    assert capacity
    assert ("fits", capacity.max_sequence_tokens) == (reply.verdict, reply.answer.understood.sequence_tokens)
    assert "40,960" in " ".join(reply.answer.assumptions)
    assert reply.headline.startswith("Starts:")


def test_a_length_that_was_asked_for_is_kept_where_the_engine_starts_without_it() -> None:
    """The verdict is on the length of the command, and the sentence says that the server starts."""
    reply = answer(f"{SGLANG} --context-length 32768 on l40s")
    assert ("does_not_fit", 32_768) == (reply.verdict, reply.answer.understood.sequence_tokens)
    assert reply.headline.startswith("Starts:")


def test_a_step_beyond_the_card_leaves_nothing_usable() -> None:
    """A reserve larger than the card is no negative memory."""
    reply = answer("python -m sglang.launch_server --model-path Qwen/Qwen3-8B --chunked-prefill-size 16384 on l4")
    assert reply.answer.gpu_memory
    assert (0, "does_not_fit") == (reply.answer.gpu_memory.usable, reply.verdict)
