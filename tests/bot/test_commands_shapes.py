"""The shapes in which commands are pasted: programs, specifications, scripts, several machines."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.answer import answer
from bot.commands.launchers import read_launcher
from bot.commands.variables import assignments, value
from bot.messages import messages
from bot.parse import parse
from tests.bot.said import gpu_name, rows, said

NAMED = "vllm serve Qwen/Qwen3-8B -tp 2"


@pytest.mark.parametrize("row", rows("shapes"))
def test_every_shape_is_read(row: dict[str, Any]) -> None:
    """Whatever holds the command, its fields and what the container gives it are read, and nothing else."""
    query = parse(row["text"])
    expected = {slot: value for slot, value in row["expect"].items() if slot != "gpu"}
    assert expected == {slot: said(query, slot) for slot in expected}
    assert row["extra"] == {name: query.extra.get(name) for name in row["extra"]}
    assert [] == [part for part in row["expect"].get("gpu", []) if part not in gpu_name(query)]
    assert [] == [problem.words for problem in query.problems if problem.code != "empty"]


@pytest.mark.parametrize(
    ("text", "nodes", "cards"),
    [
        ("accelerators: H100:8\nnum_nodes: 2", 2, 8),
        ("accelerators: {H100:8, H200:8}", 1, 8),
        ("accelerators: {A100:8, L4:4}", 1, None),
        ("type: service\nresources:\n  gpu: 24GB", 1, 1),
        ("type: service\nresources:\n  gpu: A100:80GB:2", 1, 2),
        ("#SBATCH -N 4\n#SBATCH --gres=gpu:a100:8", 4, 8),
        ("srun -N 3 --gpus-per-node=4 vllm serve x", 3, 4),
        ("gpu='L40S:2'", None, 2),
        ("leaderWorkerTemplate:\n  size: 3", 3, None),
        ("vllm serve x on h100", None, None),
    ],
)
def test_launchers_state_nodes_and_cards(text: str, nodes: int | None, cards: int | None) -> None:
    """A count behind a card is one of cards, a size is none, and choices that differ leave it open."""
    launcher = read_launcher(text)
    assert (nodes, cards) == (launcher.nodes, launcher.cards)


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("${A:-9}", "2"),
        ("${B:-9}", "9"),
        ("${A:+--x}", "--x"),
        ("${B:+--x}", ""),
        ("%A%", "2"),
        ("$(A)", "2"),
        ("$(hostname)", "$(hostname)"),
        ("$((A * 1024))", "2048"),
        ("$(($A*$A*8))", "32"),
        ("$((B*2))", "$((B*2))"),
        ("$((A + 6 / 2 - 1))", "4"),
        ("$((1 << A ** 3))", "256"),
        ("$((A / 0))", "$((2 / 0))"),
        ("$((2 ** 900))", "$((2 ** 900))"),
        ("$((999999999 ** 64 ** 64))", "$((999999999 ** 64 ** 64))"),
        ("$((9 ** 60 * 9 ** 60))", "$((9 ** 60 * 9 ** 60))"),
        ("$((1 << A - 5))", "$((1 << 2 - 5))"),
        ("$((2 ** 3 ** A))", "512"),
        ("$((64 - 32 - 16))", "16"),
        ("50%", "50%"),
    ],
)
def test_variables_of_every_shell(word: str, read: str) -> None:
    """What is set is put in its place; what is not stays as it is written."""
    assert read == value(word, assignments("A=2\n"))


@pytest.mark.parametrize("length", ["$((32*1024))", '"$((32 * 1024))"', "$((2 ** 5 * 1024))"])
def test_a_sum_is_read_and_changed_whole(length: str) -> None:
    """The sum in a command is its result, no words of the question, and another value takes the place of all of it."""
    text = f"vllm serve Qwen/Qwen3-8B --max-model-len {length} on l4"
    query = parse(text)
    assert (32768, ()) == (said(query, "sequence_tokens"), query.unread)
    commands = [each.command for each in answer(text).answer.alternatives if each.change.startswith("sequence_tokens=")]
    assert commands
    assert all(re.fullmatch(r"vllm serve Qwen/Qwen3-8B --max-model-len \d+", str(command)) for command in commands)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{NAMED} --nnodes 2 on h100", "warning.nodes"),
        ("vllm serve Qwen/Qwen3-8B -tp 4 --nnodes 3 on h100", "warning.nodes_uneven"),
        (NAMED, "warning.name_card"),
    ],
)
def test_nodes_and_a_missing_card_are_said(text: str, key: str) -> None:
    """GPUs of each node are said, and a command without a card is asked for one."""
    start = messages("en")(
        key, nodes="2" if "2 on" in text else "3", each="1", count="4" if "-tp 4" in text else "2", gpu="|"
    ).split("|")[0]
    assert [] != [note for note in answer(text).notes if note.startswith(start)]


def test_a_stated_layout_is_kept() -> None:
    """A command that says its layout is shown on that many cards of each kind."""
    reply = answer("vllm serve meta-llama/Llama-3.1-70B-Instruct -tp 4 -pp 2 --max-model-len 8192")
    assert " on each of 8 GPUs:" in reply.headline
    assert {"8"} == {row[1].text for row in reply.tables[1].rows}


def test_the_maker_of_a_container_is_kept() -> None:
    """A container that is given NVIDIA's GPUs is shown no others."""
    reply = answer("docker run --gpus all vllm/vllm-openai:v0.19.0 --model meta-llama/Llama-3.1-70B-Instruct -tp 4")
    assert [] == [row[0].text for row in reply.tables[1].rows if row[0].text.startswith("AMD")]


def test_a_model_that_is_a_variable_is_asked_for() -> None:
    """A variable that nothing sets is no name that nobody knows."""
    assert "variable" in answer("vllm serve $MODELPATH --max-model-len 8192 on h100").headline


def test_flags_of_a_wrapper_are_not_unknown() -> None:
    """What benchmarks and KServe's server take besides is no unknown flag of the engine."""
    bench = parse("vllm bench throughput --model Qwen/Qwen3-8B --input-len 128 --num-prompts 4 --enforce-eager")
    assert ("Qwen/Qwen3-8B", True, []) == (
        said(bench, "model"),
        said(bench, "enforce_eager"),
        [remark.words for remark in bench.paste.remarks] if bench.paste else None,
    )


def test_a_manifest_is_no_log() -> None:
    """The limits that a specification asks for are nothing that a server printed."""
    assert parse("image: vllm/vllm-openai:v1\nlimits:\n  memory: 64Gi\nargs: ['--model', 'Qwen/Qwen3-8B']").log is None


def test_a_changed_command_starts_with_its_interpreter() -> None:
    """The interpreter in a folder of its own belongs to the command."""
    query = parse("X=1 /opt/env/bin/python3.11 -m sglang.launch_server --model-path Qwen/Qwen3-8B on l4")
    assert query.paste is not None
    assert "X=1 /opt/env/bin/python3.11 -m" == query.text[query.paste.start :][:30]


def test_all_of_a_card_is_never_free() -> None:
    """vLLM refuses a utilization of 1; the answer shows what a smaller one comes to."""
    text = "vllm serve Qwen/Qwen3-8B --gpu-memory-utilization {} on an L40S"
    assert "a utilization of 1 asks for all" in answer(text.format("1.0")).headline
    assert "utilization of" not in answer(text.format("0.97")).headline
    older = "docker run --gpus all vllm/vllm-openai:v0.6.6 --model Qwen/Qwen3-8B --gpu-memory-utilization 1 # an L40S"
    assert "utilization of" not in answer(older).headline


def test_a_near_format_is_said_to_be_one() -> None:
    """Q4_K_XL has no size of its own: what it is read as stands in the answer."""
    reply = answer("llama-server -m Qwen3-8B-UD-Q4_K_XL.gguf -c 8192 on an L4")
    assert "UD-Q4_K_XL read as q4_k_m" in str(reply)


def test_a_variable_of_a_program_is_asked_for() -> None:
    """A model that a program takes from elsewhere is no name."""
    reply = answer("from vllm import LLM\nllm = LLM(model=args.model, tensor_parallel_size=2)\n")
    assert "args.model" in reply.headline
    assert "which nothing here sets" in reply.headline


def test_flags_of_a_server_around_the_engine_are_not_unknown() -> None:
    """Dynamo takes the flags of vLLM and its own; a mark at the end of the last line is no word."""
    query = parse("python3 -m dynamo.vllm --model Qwen/Qwen3-8B --is-prefill-worker --connector nixl -tp 2 \\")
    assert query.paste is not None
    assert not query.paste.remarks
    assert not query.unread


def test_copies_of_the_attention_share_the_gpus() -> None:
    """SGLang's --dp with --enable-dp-attention asks for no more GPUs than --tp."""
    reply = answer("sglang serve --model-path deepseek-ai/DeepSeek-V3 --tp 8 --dp 8 --enable-dp-attention on 8x H200")
    assert reply.headline.startswith("Starts: ")
    assert "on each of 8 × NVIDIA H200" in reply.headline
    plain = "sglang serve --model-path deepseek-ai/DeepSeek-V3 --tp 8 --dp 8 on 8x H200"
    assert "needs 64 GPUs" in answer(plain).headline


def test_experts_beside_copies_are_written_as_sglang_takes_them() -> None:
    """Without attention in data parallel every copy would hold all experts."""
    text = str(answer("deepseek-v3 on 8x b200 sglang dp8 ep"))
    assert "--tp-size 8 --dp-size 8 --enable-dp-attention --ep-size 8" in text


def test_cards_without_kernels_for_the_weights_are_not_named() -> None:
    """AMD's cards before MI300 run no FP8 checkpoint."""
    reply = answer("vllm serve Qwen/Qwen3-235B-A22B-FP8 -tp 8 --max-model-len 8192")
    assert [] == [row[0].text for row in reply.tables[1].rows if "MI2" in row[0].text]


def test_words_of_a_prompt_and_quotes_are_none_of_the_question() -> None:
    """An environment with a dash in its name, and a model in quotes."""
    query = parse('(my-env) root@a1b2:~# vllm serve "Qwen/Qwen3-8B" -tp 2 on l4')
    assert not query.unread
    assert query.model is not None
    assert query.model.words == "Qwen/Qwen3-8B"


@pytest.mark.parametrize(
    ("second", "remarks"),
    [
        ("vllm serve Qwen/Qwen3-32B -tp 4", ["Qwen/Qwen3-32B"]),
        ("vllm serve Qwen/Qwen3-8B -tp 4", ["Qwen/Qwen3-8B"]),
        (f"{NAMED} --node-rank 1", []),
        ("vllm bench serve --model other --num-prompts 8", []),
    ],
)
def test_a_second_deployment_is_said(second: str, remarks: list[str]) -> None:
    """Another command that serves another model, or the same in another way, is named; a node or a client is none."""
    paste = parse(f"{NAMED}\n{second}\non h100").paste
    assert paste is not None
    assert remarks == [remark.words for remark in paste.remarks if remark.key == "other"]


def test_an_unknown_name_beside_a_known_one_is_unread() -> None:
    """A name in words that no model has forbids no answer for the command's own model, and is listed as not read."""
    query = parse(f"unlike Lama9-70b\n{NAMED} on h100")
    assert ((), True) == (query.problems, "Lama9-70b" in query.unread)


def test_a_folder_that_words_name_is_said() -> None:
    """That a folder was taken for the model named beside it stands among the notes."""
    reply = answer("vllm serve /srv/final -tp 2 --max-model-len 8192\nthe checkpoint is qwen3-32b, on h100")
    said_so = messages("en")("warning.flag_named", words="`/srv/final`", taken="`Qwen/Qwen3-32B`")
    assert said_so in reply.notes


def test_an_unknown_folder_loses_nothing_of_its_command() -> None:
    """What its name may stand for is offered, and every flag that was read is kept and said."""
    reply = answer("vllm serve /data/Qwen3-32B-mine-v2 --tensor-parallel-size 4 --max-model-len 8192 on 4x h100")
    assert reply.answer.error is not None
    read = "`--tensor-parallel-size 4`, `--max-model-len 8192`"
    found = reply.answer.understood
    assert (4, 8192, "unknown_model") == (found.tensor_parallel, found.sequence_tokens, reply.answer.error.code)
    assert (messages("en")("error.read", words=read),) == reply.facts
    assert any("vllm serve Qwen/Qwen3-32B" in suggestion for suggestion in reply.answer.error.suggestions)


@pytest.mark.parametrize(
    ("text", "name", "engine"),
    [
        ("mistralrs-server --isq Q4K plain -m Qwen/Qwen3-8B", "mistral.rs", None),
        ("python -m mlx_lm.server --model Qwen/Qwen3-8B --port 9000", "MLX LM", None),
        ("docker model run ai/qwen3:8B-Q4_K_M", "Docker Model Runner", "llama.cpp"),
        ("lms load qwen/qwen3-8b --gpu max", "LM Studio", "llama.cpp"),
        ("lms load qwen3-8b --gpu max", "LM Studio", "llama.cpp"),
    ],
)
def test_a_server_that_is_no_engine_is_named(text: str, name: str, engine: str | None) -> None:
    """Its model is read, its flags are no words of the question, and the reply says whose figures it has."""
    query = parse(f"{text} on rtx 4090")
    read = (query.extra["other_server"], said(query, "model"), said(query, "engine"), query.unread)
    assert (name, "Qwen/Qwen3-8B", engine, ()) == read
    assert [] != [note for note in answer(f"{text} on rtx 4090").notes if name in note]


@pytest.mark.parametrize(
    "text",
    [
        "1 vllm serve Qwen/Qwen3-8B \\\n2   --max-model-len 8192\non l4",
        "1 | services:\n2 |\n3 |   image: vllm/vllm-openai:v0.10.0\n"
        "4 |   command: --model Qwen/Qwen3-8B --max-model-len 8192\non l4",
    ],
)
def test_numbers_of_lines_are_no_values(text: str) -> None:
    """What an editor puts in front of the lines of a command is neither a part of it nor of the question."""
    query = parse(text)
    assert ("Qwen/Qwen3-8B", 8192, ()) == (said(query, "model"), said(query, "sequence_tokens"), query.unread)
    assert "images" not in query.extra


def test_cards_in_a_list_keep_their_numbers() -> None:
    """Lines that count up from 1 in front of a command are no numbers of its lines."""
    problems = parse("1 l4\n2 l40s\nvllm serve Qwen/Qwen3-8B").problems
    assert ("1 l4", "2 l40s") in [problem.words for problem in problems]


def test_a_path_of_the_interface_is_no_model() -> None:
    """A benchmark names the path that it asks beside the model."""
    query = parse("vllm bench serve --model Qwen/Qwen3-8B --endpoint /v1/completions --max-concurrency 12")
    assert ("Qwen/Qwen3-8B", 12, ()) == (said(query, "model"), said(query, "batch"), query.problems)


def test_ollama_without_a_model_takes_that_of_the_words() -> None:
    """Its variables alone say that a model is pulled in 4 bits."""
    assert " q4_k_m " in answer("OLLAMA_NUM_PARALLEL=3 qwen3:8b on 3090").headline


def test_a_variable_with_a_space_is_pointed_out() -> None:
    """cmd.exe takes the space into the name, so the server does not see it."""
    text = "set OLLAMA_NUM_PARALLEL = 4\nollama run qwen3:8b on rtx 4090"
    assert parse(text).max_sequences is None
    assert [] != [note for note in answer(text).notes if "OLLAMA_NUM_PARALLEL = 4" in note]


def test_variables_that_were_read_are_repeated() -> None:
    """A server without a model is asked for one, with the variables that stand for flags."""
    assert "`OLLAMA_NUM_PARALLEL=4`" in "".join(answer("OLLAMA_NUM_PARALLEL=4 ollama serve").facts)


@pytest.mark.parametrize(
    "text",
    [
        "python -m sglang.launch_server --model-path Qwen/Qwen3-8B --kt-num-gpu-experts 2 on rtx 4090",
        "vllm serve Qwen/Qwen3-8B --device cpu on rtx 4090",
    ],
)
def test_weights_beside_the_cards_are_not_counted(text: str) -> None:
    """Experts and models in the memory of the host are said to be left out."""
    start = messages("en")("warning.flag_uncounted", words="").split(" moves ")[1]
    assert [] != [note for note in answer(text).notes if start in note]
