"""Servers of which nothing is known here but that they are none of the engines: their model and length are read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.commands.command import Command
from bot.commands.heads import first, is_flag, is_value
from bot.commands.paste import Paste
from bot.commands.shell import ENDS, Token
from bot.commands.table import folded
from bot.commands.values import READ

SERVERS: Mapping[str, str] = {
    "candle-vllm": "candle-vllm",
    "docker model run": "Docker Model Runner",
    "fastchat.serve.model_worker": "FastChat",
    "infinity_emb v2": "Infinity",
    "ktransformers": "KTransformers",
    "ktransformers.local_chat": "KTransformers",
    "ktransformers.server.main": "KTransformers",
    "lightllm.server.api_server": "LightLLM",
    "litgpt serve": "LitGPT",
    "lms load": "LM Studio",
    "local-ai run": "LocalAI",
    "max serve": "MAX",
    "mistralrs run": "mistral.rs",
    "mistralrs serve": "mistral.rs",
    "mistralrs-server": "mistral.rs",
    "mlc_llm chat": "MLC LLM",
    "mlc_llm serve": "MLC LLM",
    "mlx_lm.generate": "MLX LM",
    "mlx_lm.server": "MLX LM",
    "mlx_vlm.server": "MLX VLM",
    "petals.cli.run_server": "Petals",
    "ramalama run": "RamaLama",
    "ramalama serve": "RamaLama",
    "swift deploy": "ms-swift",
    "text-embeddings-router": "Text Embeddings Inference",
    "xinference launch": "Xinference",
}
"""Words of a program -> the server's name."""
RUN_ON = dict.fromkeys(("Docker Model Runner", "LM Studio", "RamaLama"), "llama.cpp")
"""Those that start an engine which is known."""
READ_AS = {
    "model": ("text", "--model -m --model-id --model-path --model-dir --checkpoint-dir --model-name"),
    "weights": ("format", "--isq --quantization --quant-method"),
    "sequence_tokens": (
        "whole",
        "--max-seq-len --max-model-len --context-length --ctx-size --max-req-total-len --max-length",
    ),
    "tensor_parallel": ("whole", "--tp --tensor-parallel-size"),
}
"""Field -> how a value is read, and flags that mean the same with all of them."""
_FLAGS = {flag: (slot, kind) for slot, (kind, flags) in READ_AS.items() for flag in flags.split()}
_NAMES = "|".join("[ ]+".join(map(re.escape, head.split())) for head in SERVERS)
_HEAD = re.compile(rf"(?<![\w.-])({_NAMES})(?=[ \t]+(?:-|\S*[/:]|\S+[ \t]+--?[a-z]))")
"""A program's name with a flag, a model, or a model and a flag behind it."""
_PREFIX = re.compile(r"(?i:hf://|huggingface://|ollama://)|ai/(?=[\w.-]+:)")
_NAMED = frozenset("/:.")
"""What a model behind the program's name has, and a word of a question has not."""


def find_other_server(text: str) -> Command | None:
    """The command of a server that is none of the engines; extra names it."""
    named = _HEAD.search(text)
    if named is None:
        return None
    words = Paste(text).words
    at = next((place for place, word in enumerate(words) if word.end > named.start(1)), len(words))
    behind = next((place for place in range(at, len(words)) if words[place].start >= named.end()), len(words))
    return _read(words, at, behind, SERVERS[" ".join(named.group(1).split())]) if behind > at else None


def _read(words: list[Token], at: int, behind: int, name: str) -> Command:
    line_end = next((to for to in range(behind, len(words)) if words[to].text in (*ENDS, "\n")), len(words))
    flags = [place for place in range(behind, line_end) if is_flag(words[place].text)]
    command = Command("", "", words[first(words, at)].start, words[behind - 1].end)
    command.extra["other_server"] = name
    if name in RUN_ON:
        command.set("engine", RUN_ON[name], "text", Token(name, words[at].start, words[behind - 1].end))
    last = max([behind, *(place + _flag(command, words[place:line_end]) for place in flags)])
    free = words[behind : flags[0]] if flags else words[behind : behind + 1]
    named = [word for word in free if len(free) == 1 or _NAMED & set(word.text)]
    if named and not command.states("model"):
        command.set("model", _repository(named[0].text), "text", named[0])
        last = max(last, words.index(named[0]) + 1)
    command.end = max(command.end, words[last - 1].end)
    return command


def _flag(command: Command, words: list[Token]) -> int:
    """Read the flag that these words begin with; how many words it takes."""
    flag, sign, text = words[0].text.partition("=")
    following = words[1] if len(words) > 1 and is_value(words[1]) else None
    if sign:
        _state(command, folded(flag), text, words[0])
    elif following:
        _state(command, folded(flag), following.text, following)
        return 2 if folded(flag) in _FLAGS or following.text[:1].isdigit() else 1
    return 1


def _state(command: Command, flag: str, text: str, word: Token) -> None:
    slot, kind = _FLAGS.get(flag, ("", "text"))
    value = READ[kind](text)
    if slot and value is not None:
        command.set(slot, value, kind, Token(text, word.end - len(text), word.end))


def _repository(text: str) -> str:
    """A model as the Hub or Ollama's library calls it: HF://org/name, Docker's ai/name:tag."""
    return _PREFIX.sub("", text)
