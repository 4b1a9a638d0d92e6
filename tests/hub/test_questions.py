"""Questions about models of the Hub and of this machine, as the terminal asks them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from bot.answer import answer
from bot.reply import Reply
from tests.hub.configs import AWQ, FP8_BLOCK, LLAMA_1B, LLAMA_1B_PARAMETERS, QWEN3_8B, QWEN3_8B_PARAMETERS
from tests.hub.stand_in import HUGE, Repo, StandIn

GIB = 2**30
MODEL = "acme/fine-8b"
FILES = {
    "fine-8b-Q4_K_M.gguf": 5_027_783_488,
    "fine-8b-Q8_0.gguf": 8_709_518_624,
    "UD/fine-8b-UD-Q2_K_XL-00001-of-00002.gguf": 2_000_000_000,
    "UD/fine-8b-UD-Q2_K_XL-00002-of-00002.gguf": 1_500_000_000,
    "fine-8b-BF16-00001-of-00002.gguf": 10_000_000_000,
    "mmproj-F16.gguf": 800_000_000,
}


@pytest.fixture
def repos(connected: StandIn) -> dict[str, Repo]:
    """A fine-tune, its copies in other formats and its GGUF files."""
    connected.repos[MODEL] = Repo(config=QWEN3_8B, parameters={"BF16": QWEN3_8B_PARAMETERS})
    connected.repos[f"{MODEL}-GGUF"] = Repo(card={"base_model": MODEL}, sizes=FILES)
    return connected.repos


def weights(reply: Reply) -> int:
    assert reply.answer.memory is not None, reply.headline
    return reply.answer.memory.weights


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        (MODEL, f"/api/models/{MODEL}"),
        (f"https://huggingface.co/{MODEL}", f"/api/models/{MODEL}"),
        (f"https://huggingface.co/{MODEL}/tree/v1.0", f"/api/models/{MODEL}/revision/v1.0"),
        (f"https://huggingface.co/{MODEL}/blob/v1.0/config.json", f"/api/models/{MODEL}/revision/v1.0"),
        (f"hf.co/{MODEL}", f"/api/models/{MODEL}"),
        (f"{MODEL}@v1.0", f"/api/models/{MODEL}/revision/v1.0"),
        (f"{MODEL}@refs/pr/1", f"/api/models/{MODEL}/revision/refs/pr/1"),
    ],
)
def test_names_of_a_repository(repos: dict[str, Repo], connected: StandIn, named: str, asked: str) -> None:
    """An id, an address and a revision are looked up where they lead, and sized from the repository's own facts."""
    assert answer(f"{named} fp8 on h100").headline.startswith(f"Fits: {MODEL} fp8")
    assert 1 == connected.asked[asked]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (f"{MODEL}-GGUF q8_0", "q8_0"),
        (f"{MODEL}-GGUF:Q8_0", "q8_0"),
        (f"hf.co/{MODEL}-GGUF:Q8_0", "q8_0"),
        (f"https://huggingface.co/{MODEL}-GGUF/blob/main/fine-8b-Q8_0.gguf", "q8_0"),
        (f"{MODEL}-GGUF", "q4_k_m"),
        (f"{MODEL}-GGUF 4bit", "q4_k_m"),
    ],
)
def test_gguf_files(repos: dict[str, Repo], named: str, expected: str) -> None:
    """The file that is named is sized; where none is named, the one that llama.cpp takes."""
    assert answer(f"{named} on rtx 4090").headline.startswith(f"Fits: {MODEL}-GGUF {expected}")


def test_gguf_files_that_are_not_there(repos: dict[str, Repo]) -> None:
    """A format without a file is refused with the formats that there are; half a split file is none."""
    assert "has no file for “bf16”" in answer(f"{MODEL}-GGUF bf16 on h100").headline
    assert "“q4_k_m”" in answer(f"{MODEL}-GGUF q5_k_m on h100").headline


STORED = [
    ({}, {"BF16": QWEN3_8B_PARAMETERS}, 2 * QWEN3_8B_PARAMETERS),
    ({"torch_dtype": "float32"}, {"F32": QWEN3_8B_PARAMETERS}, 2 * QWEN3_8B_PARAMETERS),
    (
        {"quantization_config": FP8_BLOCK},
        {"F8_E4M3": 6_945_767_424, "BF16": 1_244_967_936, "F32": 423_936},
        9_437_399_040,
    ),
    ({"quantization_config": AWQ}, {"I32": 868_220_928, "F16": 1_353_493_504}, 6_179_870_720),
]  # fmt: skip


@pytest.mark.parametrize(("change", "parameters", "expected"), STORED)
def test_weights_come_from_the_files(
    repos: dict[str, Repo], change: dict[str, Any], parameters: dict[str, int], expected: int
) -> None:
    """In the checkpoint's own format the weights are its bytes, 32-bit ones as 16, beside what the engine allocates."""
    repos["acme/stored"] = Repo(config={**QWEN3_8B, **change}, parameters=parameters)
    assert expected == pytest.approx(weights(answer("acme/stored on h100")), rel=0.006)


HOSTILE = [
    (Repo(config=b"[" * 100_000), "damaged or too large"),
    (Repo(config=b" " * HUGE), "damaged or too large"),
    (Repo(body=b" " * HUGE), "damaged or too large"),
    (Repo(body=b"[]"), "damaged or too large"),
    (Repo(config=json.dumps(QWEN3_8B).replace("4096", "1e400").encode()), "damaged or too large"),
    (Repo(config={key: str(value) for key, value in QWEN3_8B.items()}), "no usable value"),
    (Repo(config={**QWEN3_8B, "num_hidden_layers": 10**9}), "no usable value"),
    (Repo(config={"model_type": "qwen3"}), "lacks hidden_size"),
    (Repo(), "has no config.json"),
    (Repo(truncated=True), "did not answer"),
    (Repo(config=QWEN3_8B, redirect="https://example.com{path}"), "did not answer"),
    (Repo(status=503), "did not answer"),
    (Repo(status=429), "allows no more requests"),
    (Repo(status=401), "accept its licence"),
    (Repo(status=403, code="GatedRepo"), "accept its licence"),
    (Repo(status=404), "is not on Hugging Face"),
]


@pytest.mark.parametrize(("repo", "said"), HOSTILE)
def test_failures_are_one_sentence(connected: StandIn, repo: Repo, said: str) -> None:
    """Whatever a repository does, one sentence names it and says why it is not sized."""
    connected.repos["acme/bad"] = repo
    headline = answer("acme/bad on h100").headline
    assert said in headline
    assert "acme/bad" in headline
    assert 1 == headline.rstrip(".").count(". ") + 1


@pytest.mark.parametrize("repo", [each for each, said in HOSTILE if said != "is not on Hugging Face"])
def test_the_base_answers_in_its_place(connected: StandIn, repo: Repo) -> None:
    """Where the name says which known model a copy is of, that is sized, and the reply says so twice."""
    connected.repos["acme/Qwen3-8B-AWQ"] = repo
    reply = answer("acme/Qwen3-8B-AWQ on h100")
    assert reply.headline.startswith("Fits: Qwen/Qwen3-8B awq")
    assert any("sized as Qwen/Qwen3-8B" in line for line in reply.assumptions)


def test_a_gated_model_is_sized_as_its_base(connected: StandIn) -> None:
    """Files that are gated leave the base that the card names; the reply tells how to have the files read."""
    connected.repos["acme/secret"] = Repo(file_status=403, code="GatedRepo", card={"base_model": "Qwen/Qwen3-8B"})
    connected.repos["acme/secret"].config = QWEN3_8B
    reply = answer("acme/secret on h100")
    assert reply.headline.startswith("Fits: Qwen/Qwen3-8B")
    assert any("accept its licence" in note for note in reply.notes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder: config.json and one safetensors file, of which only the header is read."""
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_1B))
    header = json.dumps({"w": {"dtype": "BF16", "shape": [LLAMA_1B_PARAMETERS], "data_offsets": [0, 1]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(pack("<Q", len(header)) + header)
    return tmp_path


@pytest.mark.parametrize("name", ["", "/", "/config.json"])
def test_a_folder_of_this_machine(folder: Path, name: str) -> None:
    """The terminal reads a model folder or its config.json, from anywhere, without the Hub."""
    said = terminal(f"{folder}{name} on h100", folder)
    assert said.startswith("Fits: ")
    assert terminal("./config.json on h100", folder).startswith("Fits: config.json bf16")


def terminal(question: str, folder: Path) -> str:
    """What `vram` prints, started in that folder."""
    root = Path(__file__).parents[2]
    settings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "HF_HUB_OFFLINE": "1", "COLUMNS": "300"}
    command = [sys.executable, "-m", "bot.surfaces.cli", question]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True).stdout


def test_no_server_reads_a_folder(folder: Path, hub: StandIn) -> None:
    """Without leave for files, a path names nothing, whether it is there or not."""
    there, absent = (answer(f"{folder}{end} on h100").headline for end in ("", "/nothing"))
    assert (there, absent) == (f"I do not know the model “{folder}”.", f"I do not know the model “{folder}/nothing”.")


def test_scaled_positions_reach_further(repos: dict[str, Repo]) -> None:
    """A fine-tune whose config turns yarn on serves as many tokens as that reaches."""
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    repos["acme/long"] = Repo(config={**QWEN3_8B, "rope_scaling": yarn}, parameters={"BF16": QWEN3_8B_PARAMETERS})
    assert "131,072 tokens" in answer("longest context acme/long on h200").headline
    assert "40,960 tokens" in answer(f"longest context {MODEL} on h200").headline


ALIKE = [(8_030_261_312, "Llama"), (8_030_261_312 + 10**6, None), (8_190_735_360, "Qwen3-8B"), (0, None)]


@pytest.mark.parametrize(("total", "like"), ALIKE)
def test_gguf_files_of_a_known_size(connected: StandIn, total: int, like: str | None) -> None:
    """Files without config and base are of the known design that has exactly as many parameters, or refused."""
    header = {"total": total, "architecture": "llama", "context_length": 8192}
    connected.repos["acme/alone-GGUF"] = Repo(gguf=header, sizes={"alone-Q4_K_M.gguf": 4_920_000_000})
    reply = answer("acme/alone-GGUF q4_k_m on rtx 4090")
    if like is None:
        assert "names no base model" in reply.headline
    else:
        assert reply.headline.startswith("Fits: acme/alone-GGUF q4_k_m")
        assert any(like in line and "parameter total" in line for line in reply.assumptions)
        assert "8,192 tokens" in answer("longest context acme/alone-GGUF q4_k_m on h200").headline
