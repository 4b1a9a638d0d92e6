"""Secrets in a paste: masked before anything reads them, and in nothing that any surface shows or keeps."""

from __future__ import annotations

import base64
import io
import json
import zlib
from dataclasses import replace

import pytest

from bot.answer import answer
from bot.masking import MASK, masked
from bot.surfaces.slack.controls import controls
from bot.surfaces.slack.message import Message, byline
from bot.surfaces.slack.state import State, pack
from bot.surfaces.terminal import show

SECRET = "Zq9X" + "w7Lk2Vb4Nm6"
HELD = [
    "HF_TOKEN=hf_{}",
    "-e HF_TOKEN={}",
    "HUGGING_FACE_HUB_TOKEN={}",
    "--api-key {}",
    "--api-key={}",
    "--api-key sk-{}",
    "--api-key \\\n  {}",
    "- --api-key\n  - {}",
    '["--api-key", "{}"]',
    "--hf-token {}",
    "--admin-api-key {}",
    "--ssl-keyfile-password {}",
    '-H "Authorization: Bearer {}"',
    "Authorization: Basic {}",
    "-H 'Authorization: {}'",
    "- name: HF_TOKEN\n  value: {}",
    '- name: HF_TOKEN\n  value: "{}"',
    "HF_TOKEN: {}",
    '{{"HF_TOKEN":"{}"}}',
    "api_key='{}'",
    "export OPENAI_API_KEY='{}'",
    "https://user:{}@host/x",
    "redis://:{}@h:6379",
    "curl -u admin:{} http://x",
    "AWS_SECRET_ACCESS_KEY={}",
    "x-api-key: {}",
    "huggingface-cli login --token {}",
    "ENV HF_TOKEN {}",
    "$env:HF_TOKEN = '{}'",
    'os.environ["HF_TOKEN"] = "{}"',
    "--set hfToken={}",
    "apiKey: {}",
    "secretKey: {}",
    "GITHUB_PAT={}",
    "PGPASSWORD={}",
    "password: {}",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize("text", HELD)
def test_masked(text: str) -> None:
    """A secret is replaced where it stands, and masking what is masked changes nothing."""
    found = masked(text.format(SECRET))
    assert (False, True) == (SECRET in found, MASK in found)
    assert found == masked(found)


@pytest.mark.parametrize(
    "text",
    [
        "--max-num-batched-tokens 8192",
        "--tokenizer Qwen/Qwen3-8B",
        "max_tokens=512, eos_token_id=2, tokens_per_block=64",
        "max-total-tokens: 4096",
        "token budget 4000",
        "- --max-num-batched-tokens\n- 4096",
        "MAX_TOTAL_TOKENS=4096",
        "HF_TOKEN=$HF_TOKEN",
        "HF_TOKEN=${HF_TOKEN:-none}",
        "-u 1000:1000 -u `id -u`:`id -g`",
        "basic authentication for qwen3-8b on h100",
        "api key for qwen3-8b on h100",
        "https://huggingface.co:443/Qwen/Qwen3-8B",
        "--api-key --port 8000",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Counts of tokens, variables, users by number and plain words are left alone."""
    assert text == masked(text)


PASTES = [f"{text}\nvllm serve Qwen/Qwen3-8B --max-model-len 8192 on h100" for text in HELD]
PASTES += [f"vllm serve Qwen/Qwen3-8B --api-key {{}} --max-model-len {tokens} on an l4" for tokens in (8192, 131072)]
PASTES += [
    "vllm serve Qwen/Qwen3-8B --api-key {}",
    "docker run -e HF_TOKEN={} vllm/vllm-openai --model nobody/knows-9b",
]


@pytest.mark.parametrize("paste", PASTES)
def test_no_surface_shows_it(paste: str) -> None:
    """Terminal, JSON, native and plain cards, and the state that a card carries."""
    text = paste.format(SECRET)
    reply = answer(text)
    terminal = io.StringIO()
    show(reply, terminal)
    state = State(question=text, asker="U1")
    tail = (byline(state, reply.language), *controls(reply, state, shared=True))
    message = Message(reply, tail)
    told = [
        terminal.getvalue(),
        reply.answer.model_dump_json(),
        json.dumps(message.native()),
        json.dumps(message.plain()),
    ]
    assert [] == [each for each in told if SECRET in each]
    assert SECRET not in _unpacked(pack(state) or "")
    assert SECRET not in _unpacked(pack(replace(state, changer="U2")) or "")


def _unpacked(value: str) -> str:
    """What a card's state says once it is inflated."""
    if value[1:2] != "z":
        return value
    return zlib.decompress(base64.urlsafe_b64decode(value[2:])).decode()
